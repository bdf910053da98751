package diagnostic

import "strings"

// Code is the long form of one kind of problem, which `berth explain CODE`
// prints.
type Code struct {
	// Code is "B" and four digits. A code that is no longer in use is not given
	// to anything else.
	Code string `json:"code"`
	// Title is the kind of problem in a few words.
	Title string `json:"title"`
	// Text says what it means, why Berth minds and what to do, in paragraphs of
	// plain text.
	Text string `json:"text"`
}

// Codes returns every code, in order.
func Codes() []Code {
	codes := make([]Code, len(catalogue))
	for i, c := range catalogue {
		codes[i] = Code{Code: c.Code, Title: c.Title, Text: strings.TrimSpace(c.Text)}
	}
	return codes
}

// Explain returns the long form of a code, given in upper or lower case.
func Explain(code string) (Code, bool) {
	for _, c := range Codes() {
		if strings.EqualFold(c.Code, code) {
			return c, true
		}
	}
	return Code{}, false
}
