package lint

// lintCodes are about the judging itself.
var lintCodes = []Code{
	{"LINT_SUPPRESSION_EXPIRED", Warning, Low, "a suppression has expired", `
A finding was suppressed until a date, with a reason, and the date has passed. The finding is reported again beside this one. Mend the policy, or
look at the reason again and give the suppression a new date.
`},
	{"LINT_INCOMPLETE", Warning, Low, "the document is too large to judge whole", `
Some rules compare each element of a document with each other one, or with every action there is. In a document far larger than any the vendor
accepts that work is cut, so that judging a hostile file takes bounded time. What was found is right; there may be more.
`},
	{"TOO_MANY_PROBLEMS", Error, High, "more problems than are told", `
The reader stops telling after a number of problems that no document with a chance of repair has. Mend the first ones; most of the others follow from them.
`},
}
