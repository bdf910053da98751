package jsonedit

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// What a fix adds is written in the manner of the text around it.

// between is the blank between two children of a container, taken from before
// its first one.
func (e *Editor) between(c *jsonsource.Node) string {
	starts, _ := children(c)
	blank := e.text[c.Start+1 : starts[0]]
	switch {
	case blank != "":
		return blank
	case len(starts) > 1:
		if e.text[starts[1]-1] == ',' {
			return ""
		}
	case c.Kind == jsonsource.Object:
		_, behind, _ := strings.Cut(e.colon(c), ":")
		return behind
	}
	return " "
}

// colon is what stands between a name and its value in an object.
func (e *Editor) colon(c *jsonsource.Node) string {
	if len(c.Members) == 0 {
		return ": "
	}
	m := &c.Members[0]
	return e.text[m.NameEnd:m.Value.Start]
}

// render writes a value as it looks well at a place: on lines of its own where
// its surroundings are.
func (e *Editor) render(value any, at int, container *jsonsource.Node) (string, error) {
	raw, err := encode(value)
	if err != nil {
		return "", err
	}
	if container == nil {
		container = e.doc.Root
	}
	line := e.text[strings.LastIndexByte(e.text[:at], '\n')+1 : at]
	margin := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if !strings.ContainsRune(e.text[container.Start:container.End], '\n') || raw[0] != '{' && raw[0] != '[' {
		return spaced(raw), nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, margin, e.unit()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// unit is one step of indentation of the text.
func (e *Editor) unit() string {
	starts, _ := children(e.doc.Root)
	if len(starts) == 0 {
		return "  "
	}
	line := e.text[strings.LastIndexByte(e.text[:starts[0]], '\n')+1 : starts[0]]
	if line == "" || strings.Trim(line, " \t") != "" {
		return "  "
	}
	return line
}

// encode writes JSON without escaping what only HTML minds.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// spaced puts a blank behind each colon and comma of compact JSON.
func spaced(raw []byte) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(raw); i++ {
		b.WriteByte(raw[i])
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
			b.WriteByte(raw[i])
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ':' || c == ','):
			b.WriteByte(' ')
		}
	}
	return b.String()
}
