// Package input checks the parameters of runs against the JSON Schema of a
// workflow. Schemas are a stranger's: they load nothing from anywhere, and the
// work of a check is bounded.
package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/berth-project/berth/internal/jsonsource"
)

// The bounds of a schema and of a check.
const (
	maxSchema = 256 << 10
	// maxErrors is how many mistakes are told, maxMessage how long each is.
	maxErrors  = 10
	maxMessage = 300
	maxBytes   = 4 << 20
	maxValues  = 400_000
)

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct {
	compiled *jsonschema.Schema
	mu       sync.Mutex // guards work, which belongs to the check that holds it
	work     work
}

// Compile compiles a schema of the drafts 2020-12 or 2019-09. The error is an
// [Errors] with the place in the schema.
func Compile(raw json.RawMessage) (*Schema, error) {
	if len(raw) > maxSchema {
		return nil, Errors{{Message: fmt.Sprintf("schema is larger than %d bytes", maxSchema)}}
	}
	value, err := decode(raw)
	if err != nil {
		return nil, Errors{{Message: err.Error()}}
	}
	if n := regexes(value); n > maxRegexes {
		return nil, Errors{{Message: fmt.Sprintf("the regular expressions have %d steps together, more than the %d allowed: repeat less often, as in a{1000}", n, maxRegexes)}}
	}
	s := &Schema{work: newWork(value)}
	if err := instrument(value, nil, inSchema); err != nil {
		return nil, Errors{err}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nowhere{})
	c.RegisterFormat(&jsonschema.Format{Name: readableRegex, Validate: readable})
	c.RegisterFormat(&jsonschema.Format{Name: counting, Validate: s.work.follow})
	if err := c.AddResource(location, value); err != nil {
		return nil, compileErrors(err)
	}
	if s.compiled, err = c.Compile(location); err != nil {
		return nil, compileErrors(err)
	}
	return s, nil
}

// location is the address a schema has while it is compiled.
const location = "berth:input"

// nowhere loads nothing: a schema holds all it refers to.
type nowhere struct{}

// Load implements [jsonschema.URLLoader].
func (nowhere) Load(string) (any, error) {
	return nil, errors.New("a schema holds all it refers to: write it under $defs")
}

// Check checks a value. The error is an [Errors].
func (s *Schema) Check(raw json.RawMessage) (err error) {
	value, err := decode(raw)
	if err != nil {
		return Errors{{Message: err.Error()}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		switch stopped := recover().(type) {
		case nil:
		case tooMuch:
			err = Errors{{Message: "checking takes too much work: the value is large for the schema, or the schema refers to itself in too many ways"}}
		default:
			panic(stopped)
		}
	}()
	s.work.left = maxWork
	s.work.charge(value)
	return checkErrors(s.compiled.Validate(value))
}

// Error is one mistake.
type Error struct {
	// Path leads to the value, or the part of the schema, that is wrong.
	Path []string
	// Message says what is wrong.
	Message string
}

// Field names the value as messages do: "files[0].name", "" for the whole.
func (e *Error) Field() string {
	var b strings.Builder
	for _, part := range e.Path {
		if _, err := strconv.Atoi(part); err == nil {
			b.WriteString("[" + part + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// Error implements error.
func (e *Error) Error() string {
	if field := e.Field(); field != "" {
		return field + ": " + e.Message
	}
	return e.Message
}

// Errors is what is wrong, up to ten mistakes.
type Errors []*Error

// Error implements error.
func (es Errors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

func checkErrors(err error) error {
	if err == nil {
		return nil
	}
	bad, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return Errors{{Message: err.Error()}}
	}
	var out Errors
	collect(bad, &out)
	return out
}

// collect lists the mistakes at the leaves. Alternatives of which none fits are
// one mistake.
func collect(e *jsonschema.ValidationError, out *Errors) {
	if len(*out) == maxErrors {
		return
	}
	p := message.NewPrinter(language.English)
	switch e.ErrorKind.(type) {
	case *kind.AnyOf:
		*out = append(*out, newError(e.InstanceLocation, "fits none of the alternatives: "+alternatives(e)))
		return
	case *kind.OneOf, *kind.Not:
		*out = append(*out, newError(e.InstanceLocation, e.ErrorKind.LocalizedString(p)))
		return
	}
	if len(e.Causes) == 0 {
		*out = append(*out, newError(e.InstanceLocation, e.ErrorKind.LocalizedString(p)))
		return
	}
	for _, cause := range e.Causes {
		collect(cause, out)
	}
}

func newError(path []string, message string) *Error {
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return &Error{Path: slices.Clone(path), Message: message}
}

// maxAlternatives is how many alternatives are explained.
const maxAlternatives = 4

// alternatives says what is wrong with each of them.
func alternatives(e *jsonschema.ValidationError) string {
	var texts []string
	for _, cause := range e.Causes {
		if len(texts) == maxAlternatives {
			texts = append(texts, "…")
			break
		}
		var leaves Errors
		collect(cause, &leaves)
		if len(leaves) > 0 {
			texts = append(texts, leaves[0].Message)
		}
	}
	return strings.Join(texts, "; or ")
}

func compileErrors(err error) error {
	if bad, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		return checkErrors(bad.Err)
	}
	return Errors{{Message: strings.ReplaceAll(err.Error(), location, "the schema")}}
}

// decode reads JSON as the library wants it.
func decode(raw json.RawMessage) (any, error) {
	doc, err := jsonsource.Parse(raw, jsonsource.Limits{Bytes: maxBytes, Values: maxValues})
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return plain(doc.Root)
}

func plain(n *jsonsource.Node) (any, error) {
	switch n.Kind {
	case jsonsource.Bool:
		return n.Text == "true", nil
	case jsonsource.Number:
		return number(n.Text)
	case jsonsource.String:
		return n.Text, nil
	case jsonsource.Array:
		list := make([]any, len(n.Items))
		for i := range n.Items {
			v, err := plain(&n.Items[i])
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case jsonsource.Object:
		return object(n)
	}
	return nil, nil
}

func object(n *jsonsource.Node) (any, error) {
	m := make(map[string]any, len(n.Members))
	for i := range n.Members {
		name := n.Members[i].Name
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("key %.80q is there twice", name)
		}
		v, err := plain(&n.Members[i].Value)
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	return m, nil
}

// maxDigits bounds the digits of a number, and its exponent: the library calculates
// with fractions of any size, and 1e1000000000 is a large one.
const maxDigits = 400

func number(text string) (any, error) {
	exponent := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[i+1:]); err != nil {
			exponent = maxDigits + 1
		}
	}
	if len(text) > maxDigits || exponent > maxDigits || exponent < -maxDigits {
		return nil, fmt.Errorf("number %.40s is too large or too exact", text)
	}
	return json.Number(text), nil
}

// Properties returns the names of the members that a schema allows an object to
// have, where it lists them all: false when others are allowed too.
func Properties(raw json.RawMessage) (names []string, all bool) {
	var s struct {
		Properties           map[string]json.RawMessage `json:"properties"`
		PatternProperties    json.RawMessage            `json:"patternProperties"`
		AdditionalProperties json.RawMessage            `json:"additionalProperties"`
	}
	if json.Unmarshal(raw, &s) != nil || string(s.AdditionalProperties) != "false" || s.PatternProperties != nil {
		return nil, false
	}
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, true
}
