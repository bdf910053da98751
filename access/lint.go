package access

// Finding is something about a list of rules that is allowed and probably not
// meant.
type Finding struct {
	// Rule is the index of the rule, -1 for the list as a whole.
	Rule int `json:"rule"`
	// Code is the stable name of the kind of finding.
	Code string `json:"code"`
	// Message says what was found.
	Message string `json:"message"`
	// Help says what to do about it.
	Help string `json:"help,omitempty"`
}

// Lint returns what is suspicious about the rules, in their order.
func (p *Policy) Lint() []Finding { return nil }
