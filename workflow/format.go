package workflow

import "regexp"

// format is a form a text must have.
type format struct {
	pattern *regexp.Regexp
	what    string // completes: "x" is no …
	help    string
}

// formats are the forms, by the name in the tags.
var formats = map[string]format{
	"name": {
		regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`), "name",
		`write letters, digits, "_", "-" and single ".", and begin with no "-"`,
	},
	"type": {
		regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$`), "name of a type or a setting",
		`write letters, digits and _ . : / @ -, and begin with a letter or digit`,
	},
	"pointer": {
		regexp.MustCompile(`^(/([^/~]|~[01])*)*$`), "JSON pointer",
		`write "" for all of it, or "/name/0/name", with ~1 for "/" and ~0 for "~"`,
	},
	"code": {
		regexp.MustCompile(`^[A-Za-z0-9_*?.-]+$`), "pattern of error codes",
		`write a code such as "timeout", "exit.3" or "http.503"; "*" stands for any text`,
	},
	"event": {
		regexp.MustCompile(`^[a-z*?.-]+$`), "pattern of events",
		`write an event such as "run.failed"; "*" stands for any text`,
	},
}
