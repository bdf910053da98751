package gateway

import (
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// acceptance is how much a client likes the forms an error page comes in, 0 to
// 1000 (RFC 9110 section 12.5.1).
type acceptance struct{ html, json, text int }

// accepts reads Accept. HTML and text have to be named or meant by "text/*";
// JSON is also what "*/*" and no header get, because only programs send those.
func accepts(lines []string) acceptance {
	a := acceptance{}
	any, named := 0, false
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			kind, q := grammar.MediaRange(item)
			named = true
			switch kind {
			case "text/html", "application/xhtml+xml":
				a.html = max(a.html, q)
			case "application/problem+json", "application/json", "application/*":
				a.json = max(a.json, q)
			case "text/plain":
				a.text = max(a.text, q)
			case "text/*":
				a.text, a.html = max(a.text, q), max(a.html, q)
			case "*/*":
				any = q
			}
		}
	}
	if !named {
		any = 1000
	}
	a.json = max(a.json, any)
	return a
}
