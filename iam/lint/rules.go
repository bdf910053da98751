package lint

// rule looks for one thing, or a few that are found in one look, in one policy.
type rule func(*pass)

// setRule looks for what only shows in all the policies of a principal
// together. It also runs over a single policy.
type setRule func(*set)

// family is a group of rules with the codes they report. A code belongs to one
// family; the order of the families and of the codes in them is the order of
// [Codes].
type family struct {
	codes    []Code
	rules    []rule
	setRules []setRule
}

// families are all the rules there are.
var families = [...]family{
	{codes: documentCodes},
	{codes: principalCodes},
	{codes: actionCodes},
	{codes: resourceCodes},
	{codes: conditionCodes},
	{codes: variableCodes},
	{codes: lintCodes},
}
