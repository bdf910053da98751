// Package adfs tests the claim rules of an AD FS relying party that turn the
// groups of a directory into roles of a cloud account, before anybody signs in
// with them.
//
//	rules, err := adfs.Parse(text)
//	report, err := rules.Report(user, adfs.Account{Roles: []string{"PROD-ADMIN"}})
//	for _, g := range report.Groups {
//		fmt.Println(g.Group, g.Values)
//	}
//	for _, f := range report.Findings {
//		fmt.Println(f.Code, f.Message, f.Help)
//	}
//
// [Parse] reads the rules, with line and column for what it cannot read.
// [Rules.Run] runs them for a user and says which rule issued what.
// [Rules.Report] judges the outcome: for each group the role that comes out,
// whether there is such a role, and what in the rules is dangerous. [SaferRules]
// writes rules that have none of these faults.
//
// # The language
//
// It is the one of Microsoft's "The Role of the Claim Rule Language", as far as
// such rules use it: conditions on claims with ==, !=, =~ and !~, several joined
// with &&, EXISTS, NOT EXISTS and COUNT; issue and add with a claim copied,
// with properties given, with text joined by +, with RegExReplace, or from the
// store "Active Directory". Rules run in order; add makes a claim for the rules
// behind, issue one that goes out besides. Comparisons mind the case; key words
// do not. There is no escape in a text, so a backslash is a backslash.
//
// Stores other than the directory and filters of LDAP cannot be run here: a rule
// that uses one issues nothing and the trace says so.
//
// # Regular expressions
//
// AD FS uses those of .NET. What these share with Go's means the same: both
// take the leftmost match, and the first alternative that leads to one. A pattern
// is translated where they differ: \d, \w and \s are all of Unicode's and not
// ASCII's, a group is also (?'name'...). In a replacement $1 ends where the digits
// end, an unknown group stays as it is written, and $&, $`, $', $+, $_ and $$
// work as there. What Go does not have is refused with its place and not run
// otherwise: lookaround, back references, atomic and conditional groups,
// subtraction in classes, the flags n and x. Two differences remain: \b is about
// ASCII letters here, and an empty match right behind another match is not
// replaced. Values with control characters are refused, so that $ has no line
// break to differ about.
package adfs
