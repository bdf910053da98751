package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxJSONDepth bounds nesting; nothing this package reads goes deeper than 4.
const maxJSONDepth = 16

var errJSON = errors.New("not valid JSON")

// decodeStrict decodes a document of which every field is known and in lower
// case: besides what decodeOpen refuses, any other field is an error.
func decodeStrict(data []byte, into any) error { return decodeJSON(data, into, strictFields) }

// decodeOpen decodes a document that may have fields this version does not
// know, as RFC 7517 and RFC 7519 want it. It refuses invalid UTF-8, fields
// given twice and anything after the document, on which readers differ.
func decodeOpen(data []byte, into any) error { return decodeJSON(data, into, openFields) }

type fieldRule int

const (
	openFields fieldRule = iota
	strictFields
)

func decodeJSON(data []byte, into any, rule fieldRule) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	w := jsonWalk{json.NewDecoder(bytes.NewReader(data)), rule}
	if err := w.value(0); err != nil {
		return err
	}
	if _, err := w.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON document")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if rule == strictFields {
		d.DisallowUnknownFields()
	}
	return plainJSONError(d.Decode(into))
}

// jsonWalk goes through a document and refuses repeated field names and names
// that encoding/json would take for another: it matches without regard to case.
type jsonWalk struct {
	*json.Decoder
	rule fieldRule
}

func (w *jsonWalk) value(depth int) error {
	if depth > maxJSONDepth {
		return errors.New("nested too deeply")
	}
	token, err := w.Token()
	if err != nil {
		return plainJSONError(err)
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if delim == '{' {
		err = w.object(depth)
	} else {
		for err == nil && w.More() {
			err = w.value(depth + 1)
		}
	}
	if err != nil {
		return err
	}
	_, err = w.Token() // the closing delimiter
	return plainJSONError(err)
}

func (w *jsonWalk) object(depth int) error {
	seen := map[string]bool{}
	for w.More() {
		token, err := w.Token()
		if err != nil {
			return plainJSONError(err)
		}
		name, ok := token.(string)
		if !ok {
			return errJSON
		}
		folded := strings.ToLower(strings.ToUpper(name)) // also maps ſ to s and the Kelvin sign to k
		if seen[folded] {
			return errors.New("a field is given twice")
		}
		seen[folded] = true
		if w.rule == strictFields && name != folded {
			return errors.New("a field is not in lower case")
		}
		if err := w.value(depth + 1); err != nil {
			return err
		}
	}
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
