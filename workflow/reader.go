package workflow

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/jsonsource"
)

var (
	typeRaw      = reflect.TypeFor[json.RawMessage]()
	typeDuration = reflect.TypeFor[Duration]()
	typeOnError  = reflect.TypeFor[OnError]()
)

// reader fills the types of a document from a syntax tree. It sees to names and
// types; what a value may be is for checkFields.
type reader struct{ *problems }

// value reads one value.
func (r reader) value(n *jsonsource.Node, into reflect.Value, t *trail) {
	if r.full() {
		return
	}
	switch into.Type() {
	case typeRaw:
		into.SetBytes([]byte(r.text.Text()[n.Start:n.End]))
		r.repeated(n, t)
		return
	case typeDuration:
		r.duration(n, into, t)
		return
	case typeOnError:
		r.onError(n, into, t)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.value(n, into.Elem(), t)
	case reflect.Struct:
		r.structure(n, into, t)
	case reflect.Slice:
		r.slice(n, into, t)
	case reflect.Map:
		r.mapping(n, into, t)
	default:
		r.scalar(n, into, t)
	}
}

// wanted reports whether the value is of the kind, and tells a problem where it
// is not.
func (r reader) wanted(n *jsonsource.Node, kind jsonsource.Kind, t *trail) bool {
	if n.Kind == kind {
		return true
	}
	help := ""
	switch {
	case n.Kind == jsonsource.Null:
		help = "leave the key out for its default"
	case kind == jsonsource.String && (n.Kind == jsonsource.Number || n.Kind == jsonsource.Bool):
		help = "write it in quotes"
	case kind == jsonsource.Array && n.Kind != jsonsource.Object:
		help = "write it in [ ]"
	}
	r.add(codeType, t, fmt.Sprintf("%s stands where %s belongs", n.Kind, kind), help)
	return false
}

func (r reader) structure(n *jsonsource.Node, into reflect.Value, t *trail) {
	if !r.wanted(n, jsonsource.Object, t) {
		return
	}
	fs := fieldsOf(into.Type())
	seen := make([]bool, len(fs))
	for i := range n.Members {
		if r.full() {
			return
		}
		m := &n.Members[i]
		at := t.child(m.Name)
		f := slices.IndexFunc(fs, func(f field) bool { return f.name == m.Name })
		switch {
		case f < 0:
			r.unknown(m, at, into.Type(), fs)
		case seen[f]:
			r.twice(m, at)
		default:
			seen[f] = true
			r.value(&m.Value, into.Field(fs[f].index), at)
		}
	}
	for i, f := range fs {
		if f.required && !seen[i] {
			r.add(codeMissing, t, fmt.Sprintf("%s has no %q", article(into.Type()), f.name), "")
		}
	}
}

func (r reader) unknown(m *jsonsource.Member, at *trail, typ reflect.Type, fs []field) {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.name
	}
	help := "known are " + strings.Join(names, ", ")
	if near := diagnostic.Nearest(m.Name, names); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	r.at(codeUnknown, place{trail: at, member: m}, fmt.Sprintf("unknown key %.80q in %s", m.Name, article(typ)), help)
}

func (r reader) twice(m *jsonsource.Member, at *trail) {
	r.at(codeTwice, place{trail: at, member: m}, fmt.Sprintf("key %.80q is there twice", m.Name), "remove one: programs disagree on which counts")
}

// repeated tells of keys that are there twice in JSON that is kept as it is.
func (r reader) repeated(n *jsonsource.Node, t *trail) {
	for i := range n.Items {
		r.repeated(&n.Items[i], t.item(i))
	}
	if len(n.Members) == 0 {
		return
	}
	seen := make(map[string]bool, len(n.Members))
	for i := range n.Members {
		m := &n.Members[i]
		at := t.child(m.Name)
		if seen[m.Name] {
			r.twice(m, at)
		}
		seen[m.Name] = true
		r.repeated(&m.Value, at)
	}
}

func (r reader) slice(n *jsonsource.Node, into reflect.Value, t *trail) {
	if !r.wanted(n, jsonsource.Array, t) {
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(n.Items), len(n.Items)))
	for i := range n.Items {
		r.value(&n.Items[i], into.Index(i), t.item(i))
	}
}

func (r reader) mapping(n *jsonsource.Node, into reflect.Value, t *trail) {
	if !r.wanted(n, jsonsource.Object, t) {
		return
	}
	into.Set(reflect.MakeMapWithSize(into.Type(), len(n.Members)))
	for i := range n.Members {
		m := &n.Members[i]
		at := t.child(m.Name)
		key := reflect.ValueOf(m.Name)
		if into.MapIndex(key).IsValid() {
			r.twice(m, at)
			continue
		}
		v := reflect.New(into.Type().Elem()).Elem()
		r.value(&m.Value, v, at)
		into.SetMapIndex(key, v)
	}
}

func (r reader) scalar(n *jsonsource.Node, into reflect.Value, t *trail) {
	switch into.Kind() {
	case reflect.String:
		if r.wanted(n, jsonsource.String, t) {
			into.SetString(n.Text)
		}
	case reflect.Int:
		if r.wanted(n, jsonsource.Number, t) {
			r.whole(n, into, t)
		}
	case reflect.Float64:
		if r.wanted(n, jsonsource.Number, t) {
			v, err := strconv.ParseFloat(n.Text, 64)
			if err != nil {
				r.add(codeRange, t, n.Text+" is too large", "")
				return
			}
			into.SetFloat(v)
		}
	}
}

// whole reads an integer, which JSON may spell 1, 1.0 or 1e0.
func (r reader) whole(n *jsonsource.Node, into reflect.Value, t *trail) {
	v, err := strconv.ParseFloat(n.Text, 64)
	switch {
	case err != nil || math.Abs(v) > math.MaxInt32:
		r.add(codeRange, t, fmt.Sprintf("%.40s is too large", n.Text), "")
	case v != math.Trunc(v):
		r.add(codeType, t, fmt.Sprintf("%.40s is not a whole number", n.Text), "")
	default:
		into.SetInt(int64(v))
	}
}

func (r reader) duration(n *jsonsource.Node, into reflect.Value, t *trail) {
	var d Duration
	var err error
	switch n.Kind {
	case jsonsource.String:
		d, err = ParseDuration(n.Text)
	case jsonsource.Number:
		d, err = parseSeconds(n.Text)
	default:
		r.add(codeType, t, n.Kind.String()+" stands where a duration belongs", `write a text such as "1m30s", or a number of seconds`)
		return
	}
	if err != nil {
		r.add(codeForm, t, err.Error(), "")
		return
	}
	into.SetInt(int64(d))
}

func (r reader) onError(n *jsonsource.Node, into reflect.Value, t *trail) {
	long := onErrorObject{}
	switch n.Kind {
	case jsonsource.String:
		long.Then = n.Text
		r.then(n.Text, t)
	case jsonsource.Object:
		r.structure(n, reflect.ValueOf(&long).Elem(), t)
		if m := n.Member("then"); m != nil && m.Value.Kind == jsonsource.String {
			r.then(long.Then, t.child("then"))
		}
	default:
		r.add(codeType, t, n.Kind.String()+" stands where a word or an object belongs", `write "fail", "continue" or {"run": STEP}`)
	}
	into.Set(reflect.ValueOf(OnError{Run: long.Run, Continue: long.Then == wordContinue}))
}

func (r reader) then(word string, t *trail) {
	if word != wordFail && word != wordContinue {
		r.add(codeForm, t, fmt.Sprintf("%.40q is not what may follow a failure", word), `write "fail" or "continue", or {"run": STEP} for a handler`)
	}
}
