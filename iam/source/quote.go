package source

import (
	"encoding/json"
	"unicode/utf8"
)

// quote writes a text as a JSON string. What needs no escape keeps its place; an
// escape stands where the character it is for does. The quotes stand at from.
func quote(b *builder, t text, from int) {
	b.put(`"`, from)
	run := 0
	for i := 0; i < len(t.bytes); {
		r, n := utf8.DecodeRune(t.bytes[i:])
		if r >= ' ' && r != '"' && r != '\\' && (r != utf8.RuneError || n > 1) {
			i += n
			continue
		}
		b.copy(t, run, i)
		escaped, _ := json.Marshal(string(r))
		b.put(string(escaped[1:len(escaped)-1]), t.origin(i))
		i += n
		run = i
	}
	b.copy(t, run, len(t.bytes))
	b.put(`"`, from)
}
