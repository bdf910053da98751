package glob

import "strings"

// Within a pattern these bytes stand for a "*" and a "?" of the text. They occur
// in no UTF-8, so no pattern that was read from a document has them.
const (
	literalStar     = 0xff
	literalQuestion = 0xfe
)

// Quote returns a pattern that matches s and nothing else: what takes the place
// of a policy variable is text, whatever characters it has. A text without
// wildcards is returned as it is.
func Quote(s string) string {
	if Literal(s) {
		return s
	}
	return quoter.Replace(s)
}

var quoter = strings.NewReplacer("*", string([]byte{literalStar}), "?", string([]byte{literalQuestion}))

// Same reports whether the byte p of a pattern, which is no wildcard, stands for
// the byte c of a text.
func Same(p, c byte) bool {
	switch p {
	case literalStar:
		return c == '*'
	case literalQuestion:
		return c == '?'
	}
	return p == c
}
