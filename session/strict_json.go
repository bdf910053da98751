package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxJSONDepth bounds nesting; nothing this package reads goes deeper than 4.
const maxJSONDepth = 16

// maxJSONNames bounds the fields of one object, which are compared with each
// other.
const maxJSONNames = 64

var errJSON = errors.New("not valid JSON")

// decodeStrict decodes a document of which every field is known and in lower
// case: besides what decodeOpen refuses, any other field is an error.
func decodeStrict(data []byte, into any) error { return decodeJSON(data, into, strictFields) }

// decodeLower decodes a document that may have fields this version does not
// know, all of them in lower case: besides what decodeOpen refuses, any other
// field is an error. Names are case-sensitive (RFC 7519 section 4), and other
// readers would not find what encoding/json finds under another case.
func decodeLower(data []byte, into any) error { return decodeJSON(data, into, lowerFields) }

// decodeOpen decodes a document that may have fields this version does not
// know, in any case, as key sets have (RFC 7517 section 4, "x5t#S256"). It
// refuses invalid UTF-8, fields given twice and anything after the document,
// on which readers differ.
func decodeOpen(data []byte, into any) error { return decodeJSON(data, into, openFields) }

type fieldRule int

const (
	openFields fieldRule = iota
	lowerFields
	strictFields
)

func decodeJSON(data []byte, into any, rule fieldRule) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if rule == strictFields {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return plainJSONError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON document")
	}
	return checkNames(data, rule)
}

// jsonLevel is one open object or array. names holds the names an object had
// so far.
type jsonLevel struct {
	object   bool
	wantName bool
	names    []string
}

// checkNames goes through a valid document and refuses field names given twice
// and those encoding/json would take for another: it matches without regard to
// case, and after undoing escapes.
func checkNames(data []byte, rule fieldRule) error {
	levels := []jsonLevel{{}}
	for i := 0; i < len(data); i++ {
		top := &levels[len(levels)-1]
		switch data[i] {
		case '{', '[':
			if len(levels) > maxJSONDepth {
				return errors.New("nested too deeply")
			}
			object := data[i] == '{'
			levels = append(levels, jsonLevel{object: object, wantName: object})
		case '}', ']':
			levels = levels[:len(levels)-1]
		case ',':
			top.wantName = top.object
		case '"':
			end := i + 1 + textLength(data[i+1:])
			if top.wantName {
				top.wantName = false
				if err := top.add(string(data[i+1:end]), rule); err != nil {
					return err
				}
			}
			i = end
		}
	}
	return nil
}

// textLength returns where the closing quote of a text is that b begins with.
func textLength(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(b)
}

func (l *jsonLevel) add(name string, rule fieldRule) error {
	folded := strings.ToLower(strings.ToUpper(name)) // also maps ſ to s and the Kelvin sign to k
	switch {
	case strings.Contains(name, `\`):
		return errors.New("a field name has an escape")
	case slices.Contains(l.names, folded):
		return errors.New("a field is given twice")
	case rule != openFields && name != folded:
		return errors.New("a field is not in lower case")
	case len(l.names) == maxJSONNames:
		return errors.New("too many fields")
	}
	l.names = append(l.names, folded)
	return nil
}

// plainJSONError drops what encoding/json quotes of the document, which may be
// a secret put in the wrong place.
func plainJSONError(err error) error {
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w at byte %d", errJSON, syntax.Offset)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: wrong type", wrong.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok && len(name) <= 24 {
		return fmt.Errorf("unknown field %s", name)
	} else if ok {
		return errors.New("unknown field")
	}
	return errJSON
}

// decodeBase64 decodes unpadded base64url in its one canonical spelling. The
// standard decoder skips line breaks; this one does not.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line break in base64url")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
