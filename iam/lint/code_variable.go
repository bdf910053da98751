package lint

// variableCodes are about "${...}".
var variableCodes = []Code{
	{"MISSING_BRACE_IN_VARIABLE", Error, High, "a variable that is not closed", `
A variable is written ${key}; the closing brace is missing.
`},
	{"MISSING_QUOTE_IN_VARIABLE", Error, High, "a default value without its quotes", `
The default of a variable stands in single quotes behind a comma: ${aws:username, 'nobody'}.
`},
	{"UNSUPPORTED_SPACE_IN_VARIABLE", Error, High, "a blank in a variable's name", `
Blanks may only stand between the comma and the default. ${ aws:username } is no variable.
`},
	{"EMPTY_VARIABLE", Error, High, "a variable without a name", `
${} stands for nothing. Name the condition key, or remove it.
`},
	{"VARIABLE_UNSUPPORTED_IN_ELEMENT", Error, High, "a variable where none is replaced", `
Variables are replaced in Resource, NotResource and the values of conditions. In Action, Principal and elsewhere they are plain text that matches nothing.
`},
	{"VARIABLE_UNSUPPORTED_IN_VERSION", Error, High, "a variable in a document of the old version", `
Without "Version": "2012-10-17" the text ${aws:username} stands for itself, so the pattern matches nothing but that text. The fix sets the version; it changes what
the document grants, to what it says.
`},
	{"INVALID_VARIABLE_FOR_OPERATOR", Error, High, "a variable with an operator that replaces none", `
Variables are replaced with String, Arn and Bool operators. With others the value is the text itself, which is no number, date or address.
`},
}
