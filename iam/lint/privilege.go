package lint

// privilegeRules find statements that grant more than anyone needs,
// privilegeSetRules what several programs share.
var (
	privilegeRules = []rule{
		adminStars, openEnded, actionWildcards, resourceStars, resourceWidths, mixedStars, crossProducts, unusedActions, placeholders, severalJobs, globalServices,
	}
	privilegeSetRules = []setRule{sharedRoles, gaps}
)
