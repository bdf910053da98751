package manifest

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// hidingName is a key under which people keep variables or keys, wherever they
// put it.
var hidingName = regexp.MustCompile(`(?i)^(env|environ|environment|vars|variables|values|keys?)$`)

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
