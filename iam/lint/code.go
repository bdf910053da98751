package lint

import (
	"slices"
	"strings"
)

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

// Codes returns every code, in the order of the families of rules.
func Codes() []Code {
	var all []Code
	for _, f := range families {
		for _, c := range f.codes {
			c.Text = strings.TrimSpace(c.Text)
			all = append(all, c)
		}
	}
	return all
}

// Explain returns the code of a name, given in upper or lower case.
func Explain(name string) (Code, bool) {
	all := Codes()
	i := slices.IndexFunc(all, func(c Code) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return Code{}, false
	}
	return all[i], true
}

// unexplained is what is known of a problem whose code has no entry: that the
// document cannot be used.
func unexplained(name string) Code {
	return Code{Name: name, Severity: Error, Level: High}
}

// codeNamed finds a code without copying the tables.
func codeNamed(name string) Code {
	for _, f := range families {
		for _, c := range f.codes {
			if c.Name == name {
				return c
			}
		}
	}
	return unexplained(name)
}
