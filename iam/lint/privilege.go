package lint

// privilegeRules find statements that grant more than anyone needs.
var privilegeRules = []rule{placeholders}
