package manifest

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// hidingWords are keys under which people keep variables or keys, wherever
// they put them.
const hidingWords = `(env|environ|environment|vars|variables|values|keys?)`

var (
	hidingName = regexp.MustCompile(`(?i)^` + hidingWords + `$`)
	hidingKey  = regexp.MustCompile(`(?i)\b` + hidingWords + `\b["']?\s*:`)
	// blockKey is a key at the start of a line, after what decides its column.
	blockKey = regexp.MustCompile(`^(\s*(?:- +)*)([\w-]*)`)
)

// conceal keeps what may be a secret out of excerpts, of a value that is not
// decoded because of its key. meant is the field the key stands for, nil where
// that is not known.
func (d *decoder) conceal(kv *ast.MappingValueNode, key string, meant *field, at place) {
	switch {
	case at.secret || environmentName.MatchString(key):
		d.src.hideNode(kv.Value)
	case meant != nil:
		d.concealWithin(kv, meant, at)
	case hidingName.MatchString(key) || !plainValue(kv.Value):
		d.src.hideNode(kv.Value)
	}
}

// concealWithin decodes a value as the field it was meant for, only to find out
// where that field keeps secrets.
func (d *decoder) concealWithin(kv *ast.MappingValueNode, meant *field, at place) {
	aside := &decoder{src: &source{lines: d.src.lines, secrets: d.src.secrets, spans: map[string]span{}}}
	inner := place{path: below(at.path, meant.name), key: d.src.mark(kv.Key.GetToken()), in: meant.name, traits: meant.traits}
	aside.value(kv.Value, reflect.New(meant.typ).Elem(), inner)
}

// plainValue reports whether a value is a scalar or a list of scalars, none of
// which sets a variable.
func plainValue(n ast.Node) bool {
	if seq, ok := n.(*ast.SequenceNode); ok {
		for _, one := range seq.Values {
			if text, scalar := scalarText(one); !scalar || strings.Contains(text, "=") {
				return false
			}
		}
		return true
	}
	_, scalar := scalarText(n)
	return scalar
}

// guessSecrets returns the lines that may be within a mapping of variables or
// keys, of a file that is not YAML. Once one has begun, only a key of the
// manifest that stands no deeper ends it: a list or a text may go on anywhere.
// Brackets or quotes that a line in it leaves open hide the rest of the file.
func (s *source) guessSecrets() []bool {
	hidden := make([]bool, len(s.lines))
	known := map[string]bool{}
	documentKeys(reflect.TypeFor[Manifest](), known, map[reflect.Type]bool{})
	within := -1 // the column of the key that began it
	for i, text := range s.lines {
		m := blockKey.FindStringSubmatch(text)
		if column := len(m[1]); column <= within && known[m[2]] && strings.HasPrefix(text[column+len(m[2]):], ":") {
			within = -1
		}
		start := hidingKey.FindStringIndex(text)
		if start == nil && within < 0 || strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		hidden[i] = true
		value := text
		if start != nil {
			value = strings.TrimSpace(text[start[1]:])
		}
		if leftOpen(value) {
			for j := i; j < len(hidden); j++ {
				hidden[j] = true
			}
			return hidden
		}
		whole := strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[")
		if column := len(m[1]); start != nil && !whole && (within < 0 || column < within) {
			within = column
		}
	}
	return hidden
}

// leftOpen reports whether a text ends within brackets or quotes it opened.
func leftOpen(text string) bool {
	depth, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return quote != 0 || depth > 0
}

// documentKeys collects the keys of a document type and of all within it.
func documentKeys(t reflect.Type, keys map[string]bool, done map[reflect.Type]bool) {
	t, _ = element(t)
	if t.Kind() != reflect.Struct || done[t] {
		return
	}
	done[t] = true
	for _, f := range fields(t) {
		if f.name != "" {
			keys[f.name] = true
		}
		documentKeys(f.typ, keys, done)
	}
}
