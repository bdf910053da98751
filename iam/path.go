package iam

import "strconv"

// Paths name elements of a document as findings do: "Statement[0].Action[1]",
// "Statement[0].Condition.StringEquals.aws:SourceIp". A list index is there
// only where the document has a list; Statement has one even where the document
// has a single object. The document itself is "$".

// DocumentPath names the document as a whole.
const DocumentPath = "$"

// StatementPath names a statement.
func StatementPath(i int) string { return "Statement[" + strconv.Itoa(i) + "]" }

// ActionPath names a pattern of Action or NotAction of statement i, or with j
// below zero the whole element.
func (p *Policy) ActionPath(i, j int) string {
	return elementPath(i, "Action", p.Statements[i].Actions, j)
}

// ResourcePath names a pattern of Resource or NotResource of statement i, or
// with j below zero the whole element.
func (p *Policy) ResourcePath(i, j int) string {
	return elementPath(i, "Resource", p.Statements[i].Resources, j)
}

func elementPath(i int, name string, e Elements, j int) string {
	if e.Not {
		name = "Not" + name
	}
	return StatementPath(i) + "." + name + index(j, e.Scalar)
}

// PrincipalPath names a value of Principal or NotPrincipal of statement i: entry
// is the place in Entries. With j below zero it names the entry, with entry
// below zero the whole element.
func (p *Policy) PrincipalPath(i, entry, j int) string {
	s := StatementPath(i) + "."
	who := p.Statements[i].Principals
	if who != nil && who.Not {
		s += "Not"
	}
	s += "Principal"
	if who == nil || entry < 0 {
		return s
	}
	return s + "." + who.Entries[entry].Key + index(j, who.Entries[entry].Scalar)
}

// ConditionPath names a value of condition c of statement i. With j below zero
// it names the operator and key, with c below zero the whole element.
func (p *Policy) ConditionPath(i, c, j int) string {
	s := StatementPath(i) + ".Condition"
	if c < 0 {
		return s
	}
	cond := &p.Statements[i].Conditions[c]
	return s + "." + cond.Written + "." + cond.Key + index(j, cond.Scalar)
}

func index(j int, scalar bool) string {
	if j < 0 || scalar {
		return ""
	}
	return "[" + strconv.Itoa(j) + "]"
}
