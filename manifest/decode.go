package manifest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/berth-project/berth/internal/diagnostic"
)

// decoder fills document types from YAML nodes, noting every problem and
// where each field stands.
type decoder struct{ src *source }

// place is where in the document a value stands.
type place struct {
	path string
	// key is the key of the value, no mark for items of lists.
	key mark
	// what the value belongs to, for messages: "route".
	in string
	traits
}

// document decodes the whole file.
func (d *decoder) document(root ast.Node, m *Manifest) {
	v := reflect.ValueOf(m).Elem()
	fillDefaults(v)
	if _, ok := pairs(root); !ok {
		d.src.add(d.src.start(root), codeWrongType, "the manifest is not a mapping").
			Help = `write "key: value" lines, starting with "service: NAME"`
		return
	}
	d.value(root, v, place{in: "the manifest"})
}

// value decodes a node into v.
func (d *decoder) value(n ast.Node, v reflect.Value, at place) {
	if strings.Count(at.path, ".")+strings.Count(at.path, "[") > maxDepth {
		d.add(n, at, codeTooBig, "lists and mappings nest deeper than %d", maxDepth)
		return
	}
	if _, null := n.(*ast.NullNode); null || n == nil {
		d.noValue(at)
		return
	}
	d.remember(n, at)
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillDefaults(v.Elem())
		d.value(n, v.Elem(), at)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, at)
	case v.Kind() == reflect.Slice:
		d.list(n, v, at)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, at)
	default:
		d.scalar(n, v, at)
	}
}

// remember notes where a value stands.
func (d *decoder) remember(n ast.Node, at place) {
	where := d.src.start(n)
	if at.secret {
		d.src.hideNode(n)
	}
	if _, scalar := scalarText(n); !scalar && at.key.line > 0 {
		where = at.key
	}
	if _, ok := d.src.spans[at.path]; !ok && at.path != "" {
		d.src.spans[at.path] = span{key: at.key, at: where}
	}
}

func (d *decoder) noValue(at place) {
	p := d.src.add(at.key, codeNoValue, "%s has no value", nameOf(at))
	p.Path = at.path
	p.Help = "give it one, or remove the line"
}

// add reports a problem with a node.
func (d *decoder) add(n ast.Node, at place, code, format string, args ...any) *diagnostic.Problem {
	p := d.src.add(d.src.start(n), code, format, args...)
	p.Path = at.path
	return p
}

// wrongType reports a node of a kind its field does not take.
func (d *decoder) wrongType(n ast.Node, v reflect.Value, at place) {
	if _, mapping := pairs(n); mapping {
		d.src.hideNode(n) // its keys are anybody's guess
	}
	p := d.add(n, at, codeWrongType, "%s is %s, not %s", nameOf(at), kindOf(n), describe(v.Type()))
	switch _, scalar := scalarText(n); {
	case v.Kind() == reflect.Bool:
		p.Help = "write true or false"
	case v.Kind() == reflect.String && scalar:
		p.Help = "put it in quotes"
	}
}

// structure decodes a mapping with known keys, or its short form.
func (d *decoder) structure(n ast.Node, v reflect.Value, at place) {
	fs := fields(v.Type())
	values, ok := pairs(n)
	if !ok || !keyed(fs) {
		d.shortForm(n, v, fs, at)
		return
	}
	seen := map[string]bool{}
	for _, kv := range values {
		d.entry(kv, v, fs, at, seen)
	}
	d.missing(n, fs, at, seen)
	d.exactlyOne(n, fs, at, seen)
}

// entry decodes one key of a structure.
func (d *decoder) entry(kv *ast.MappingValueNode, v reflect.Value, fs []field, at place, seen map[string]bool) {
	key, ok := d.key(kv, fs, at, seen)
	if !ok {
		return
	}
	if f := fieldOf(fs, key); f != nil {
		inner := place{path: below(at.path, key), key: d.src.mark(kv.Key.GetToken()), in: key, traits: f.traits}
		inner.secret = inner.secret || at.secret
		d.value(kv.Value, v.FieldByIndex(f.index), inner)
		return
	}
	if meant := d.unknownKey(kv, key, fs, at); meant != "" {
		seen[meant] = true
	}
}

// key returns the text of a key, reporting one that is no text or is there
// twice. fs are the fields of the mapping, none where keys are free.
func (d *decoder) key(kv *ast.MappingValueNode, fs []field, at place, seen map[string]bool) (string, bool) {
	mark := d.src.mark(kv.Key.GetToken())
	text, ok := scalarText(kv.Key)
	if !ok {
		d.src.add(mark, codeSyntax, "this cannot be a key")
		return "", false
	}
	if seen[text] {
		p := d.src.add(mark, codeDuplicateKey, "key %q is there twice", text)
		p.Path, p.Help = below(at.path, text), "remove one"
		if first, ok := d.src.spans[p.Path]; ok {
			p.Notes = []string{fmt.Sprintf("the first is on line %d", first.key.line)}
		}
		d.conceal(kv, text, fieldOf(fs, text), at)
		return "", false
	}
	seen[text] = true
	return text, true
}

// unknownKey reports a key there is not, and returns the one probably meant.
func (d *decoder) unknownKey(kv *ast.MappingValueNode, key string, fs []field, at place) (meant string) {
	p := d.src.add(d.src.mark(kv.Key.GetToken()), codeUnknownKey, "unknown key %q in %s", key, at.in)
	p.Path = below(at.path, key)
	p.Label = "not a key of " + at.in
	var known []string
	for _, f := range fs {
		if f.name != "" {
			known = append(known, f.name)
		}
	}
	if meant = diagnostic.Nearest(key, known); meant != "" {
		p.Help = fmt.Sprintf("did you mean %q?", meant)
	}
	if at.path == "environment" && environmentName.MatchString(key) {
		p.Help = fmt.Sprintf("variables are given under from: [{values: {%s: …}}]", key)
	}
	p.Notes = []string{"keys here: " + strings.Join(known, ", ")}
	d.conceal(kv, key, fieldOf(fs, meant), at)
	return meant
}

func (d *decoder) missing(n ast.Node, fs []field, at place, seen map[string]bool) {
	for _, f := range fs {
		if f.required && !seen[f.name] {
			p := d.src.add(d.around(n, at), codeMissingKey, "%s has no %q", at.in, f.name)
			p.Path = at.path
			p.Help = fmt.Sprintf("add %q with %s", f.name+":", describe(f.typ))
		}
	}
}

// exactlyOne checks the groups of which exactly one field is given.
func (d *decoder) exactlyOne(n ast.Node, fs []field, at place, seen map[string]bool) {
	groups := map[string][]string{}
	given := map[string]int{}
	var order []string
	for _, f := range fs {
		if f.one == "" {
			continue
		}
		if groups[f.one] == nil {
			order = append(order, f.one)
		}
		groups[f.one] = append(groups[f.one], cmp.Or(f.name, f.word))
		if f.name != "" && seen[f.name] {
			given[f.one]++
		}
	}
	for _, g := range order {
		if given[g] != 1 {
			p := d.src.add(d.around(n, at), codeExactlyOne, "%s needs exactly one of %s, has %d", at.in, strings.Join(groups[g], ", "), given[g])
			p.Path = at.path
		}
	}
}

// around returns where to point for what is not there: the key, else the node.
func (d *decoder) around(n ast.Node, at place) mark {
	if at.key.line > 0 {
		return at.key
	}
	if at.path == "" {
		return mark{}
	}
	return d.src.start(n)
}

// shortForm decodes a scalar or list that stands in place of a mapping.
func (d *decoder) shortForm(n ast.Node, v reflect.Value, fs []field, at place) {
	text, scalar := scalarText(n)
	if scalar {
		if f, ok := wordField(fs, text); ok {
			v.FieldByIndex(f.index).SetBool(true)
			return
		}
	}
	_, mapping := pairs(n)
	f, ok := shortField(fs, !scalar)
	if ok && !mapping {
		inner := at
		inner.traits = f.traits
		inner.secret = inner.secret || at.secret
		d.value(n, v.FieldByIndex(f.index), inner)
		return
	}
	if words := wordsOf(fs); scalar && len(words) > 0 {
		p := d.unknownWord(n, text, words, at)
		p.Message += " and not a mapping"
		return
	}
	d.wrongType(n, v, at)
}

func wordsOf(fs []field) []string {
	var words []string
	for _, f := range fs {
		if f.word != "" {
			words = append(words, f.word)
		}
	}
	return words
}

// list decodes a list, or the single item a StringOrList allows.
func (d *decoder) list(n ast.Node, v reflect.Value, at place) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, scalar := scalarText(n); scalar && v.Type() == typeStringOrList {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			d.scalar(n, v.Index(0), at)
			return
		}
		d.wrongType(n, v, at)
		return
	}
	if len(seq.Values) == 0 && at.required {
		d.add(n, at, codeEmpty, "%s is empty", nameOf(at)).Help = "give it at least one item"
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, one := range seq.Values {
		inner := place{path: item(at.path, i), key: mark{}, in: "an item of " + at.in, traits: at.inherited()}
		if name, ok := itemNames[v.Type().Elem()]; ok {
			inner.in = name
		}
		if _, null := one.(*ast.NullNode); null {
			inner.key = d.src.start(seq)
		}
		fillDefaults(v.Index(i))
		d.value(one, v.Index(i), inner)
	}
}

// mapping decodes a mapping with free keys.
func (d *decoder) mapping(n ast.Node, v reflect.Value, at place) {
	values, ok := pairs(n)
	if !ok {
		d.wrongType(n, v, at)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	seen := map[string]bool{}
	for _, kv := range values {
		key, ok := d.key(kv, nil, at, seen)
		if !ok {
			continue
		}
		inner := place{path: below(at.path, key), key: d.src.mark(kv.Key.GetToken()), in: fmt.Sprintf("%s %q", singular(at.in), key), traits: at.inherited()}
		d.checkKey(key, inner, at)
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(kv.Value, one, inner)
		v.SetMapIndex(reflect.ValueOf(key), one)
	}
}

func (d *decoder) checkKey(key string, inner, at place) {
	if err := checkFormat(at.keys, key); err != nil {
		p := d.src.add(inner.key, err.code, "%q is not %s", key, err.message)
		p.Path, p.Help = inner.path, err.help
	}
}

// scalar decodes a text, number or truth value.
func (d *decoder) scalar(n ast.Node, v reflect.Value, at place) {
	text, ok := scalarText(n)
	if ok && len(at.enum) > 0 && !slices.Contains(at.enum, text) {
		d.unknownWord(n, text, at.enum, at)
		return
	}
	if !ok || !d.fits(n, v, at) {
		d.wrongType(n, v, at)
		return
	}
	err := octal(n, v, text)
	if err == nil {
		err = setScalar(v, text)
	}
	if err == nil {
		err = d.check(v, text, at)
	}
	if err == nil {
		return
	}
	message := nameOf(at) + ": " + err.message
	p := d.add(n, at, err.code, "%s", message)
	p.Help = err.help
}

// octal refuses a number with leading zeros: YAML 1.1 reads 010 as 8, YAML 1.2
// as 10.
func octal(n ast.Node, v reflect.Value, text string) *valueError {
	if _, ok := n.(*ast.IntegerNode); ok && v.Kind() != reflect.String && len(text) > 1 && text[0] == '0' {
		return &valueError{codeWrongType, "this number starts with a zero", "write it in decimal digits, without leading zeros"}
	}
	return nil
}

// check is what is wrong with a value that has the right type.
func (d *decoder) check(v reflect.Value, text string, at place) *valueError {
	if err := inRange(v, at.traits); err != nil {
		return err
	}
	if v.Kind() != reflect.String {
		return nil
	}
	if strings.ContainsRune(text, 0) {
		return &valueError{codeCharacters, "it holds a NUL character", ""}
	}
	if v.Type() == typeTemplate {
		names, err := templateNames(text)
		if err != nil || len(names) > 0 {
			return err
		}
	} else if strings.Contains(text, "${") && !at.literal {
		return &valueError{codeNotTemplate, "variables are not expanded in this field", "write the value itself"}
	}
	if err := checkFormat(at.format, text); err != nil {
		return &valueError{err.code, "this is not " + err.message, err.help}
	}
	return nil
}

func (d *decoder) unknownWord(n ast.Node, text string, words []string, at place) *diagnostic.Problem {
	p := d.add(n, at, codeUnknownWord, "%s is not one of %s", nameOf(at), strings.Join(words, ", "))
	if near := diagnostic.Nearest(text, words); near != "" {
		p.Help = fmt.Sprintf("did you mean %q?", near)
	}
	return p
}

// fits reports whether a field takes a scalar of the kind n has: a bool takes
// true and false, a number digits, a text anything; but a text field takes a
// number only where its tag says so, so that a version "1.10" is never read as
// 1.1 by some other reader.
func (d *decoder) fits(n ast.Node, v reflect.Value, at place) bool {
	also := func(kind string) bool { return v.Kind() == reflect.String && slices.Contains(at.also, kind) }
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return v.Kind() != reflect.Int && v.Kind() != reflect.Float64 && v.Kind() != reflect.Bool
	case *ast.BoolNode:
		return v.Kind() == reflect.Bool || also("boolean")
	case *ast.IntegerNode:
		return v.Kind() == reflect.Int || v.Kind() == reflect.Float64 || v.Type() == typeSize || v.Type() == typeDuration || also("number")
	case *ast.FloatNode:
		return v.Kind() == reflect.Float64 || also("number")
	}
	return also("number")
}
