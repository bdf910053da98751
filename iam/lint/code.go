package lint

import "strings"

// Code describes one rule.
type Code struct {
	// Name is the stable code.
	Name     string   `json:"code"`
	Severity Severity `json:"severity"`
	Level    Level    `json:"level"`
	// Title is the rule in a few words.
	Title string `json:"title"`
	// Text explains what it means, why it matters and what to do.
	Text string `json:"text"`
}

// Codes returns every code there is.
func Codes() []Code {
	all := allCodes()
	for i := range all {
		all[i].Text = strings.TrimSpace(all[i].Text)
	}
	return all
}

// Explain returns the code of a name, given in upper or lower case.
func Explain(name string) (Code, bool) {
	for _, c := range Codes() {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Code{}, false
}

// codeNamed returns the code of a name. Of a code without an entry it is known
// that the document cannot be used.
func codeNamed(name string) Code {
	for _, table := range codeTables {
		for i := range table {
			if table[i].Name == name {
				return table[i]
			}
		}
	}
	return Code{Name: name, Severity: Error, Level: High}
}
