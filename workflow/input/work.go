package input

import (
	"fmt"
	"strconv"
	"strings"
)

// maxWork is how much a check may take: values times the parts of a schema that
// are tried on each, which take up to a microsecond, or bytes that are matched with
// a pattern times 1/32.
const maxWork = 2_000_000

// work bounds a check. What a schema without references does to a value is bounded
// by the size of both; with references it may be exponential. The library has no
// way to stop it, so what a check takes is charged to it when it begins and
// whenever it follows a reference.
type work struct {
	width    int // parts of the schema that are tried on one value
	patterns int // regular expressions and formats in the schema
	left     int
}

// tooMuch is what a check that takes too long unwinds with.
type tooMuch struct{}

func newWork(schema any) work {
	return work{width: widestAnywhere(schema), patterns: patterns(schema)}
}

// patterns counts the regular expressions and formats of a schema.
func patterns(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			n += patterns(one)
		}
	case map[string]any:
		for key, one := range v {
			n += patterns(one)
			switch key {
			case "pattern", "format":
				n++
			case "patternProperties":
				n += len(members(one))
			}
		}
	}
	return n
}

// charge takes what trying the schema on a value may cost.
func (w *work) charge(v any) {
	values, bytes := extent(v)
	w.left -= (values+bytes/64)*w.width + bytes*w.patterns/32
	if w.left < 0 {
		panic(tooMuch{})
	}
}

// perReference is what following a reference costs besides.
const perReference = 20

// follow is the format that every reference has.
func (w *work) follow(v any) error {
	w.left -= perReference
	w.charge(v)
	return nil
}

// extent counts the values within a value and the bytes of its texts.
func extent(v any) (values, bytes int) {
	values = 1
	switch v := v.(type) {
	case string:
		return 1, len(v)
	case []any:
		for _, one := range v {
			n, b := extent(one)
			values, bytes = values+n, bytes+b
		}
	case map[string]any:
		for key, one := range v {
			n, b := extent(one)
			values, bytes = values+n, bytes+b+len(key)
		}
	}
	return values, bytes
}

// counting is the name of the format that counts.
const counting = "berth-work"

// instrument gives every object with a reference the format that counts, which is
// looked at before the reference is followed; where it had another format, that
// one moves beside it. It refuses what would escape it: parts of older drafts, in
// which a reference hides what stands beside it, and references within data, which
// must stay as they are and which another reference may lead to.
func instrument(v any, path []string, where position) *Error {
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			if err := instrument(one, append(path, strconv.Itoa(i)), where); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := draft(v, path); err != nil {
			return err
		}
		for key, one := range v {
			if err := instrument(one, append(path, key), where.below(key)); err != nil {
				return err
			}
		}
		if where == inSchema && v["format"] == "regex" {
			v["format"] = readableRegex
		}
		if !refers(v) {
			return nil
		}
		if where == inData {
			return &Error{Path: path, Message: "$ref within const or enum"}
		}
		if old, ok := v["format"]; ok {
			all, _ := v["allOf"].([]any)
			v["allOf"] = append(all, map[string]any{"format": old})
		}
		v["format"] = counting
	}
	return nil
}

// position is what a part of a schema is.
type position uint8

const (
	inSchema position = iota
	inNames           // its keys are names, and schemas are their values
	inData
)

// below returns what the value of a key is.
func (p position) below(key string) position {
	switch {
	case p == inData:
		return inData
	case p == inNames:
		return inSchema
	}
	switch key {
	case "const", "enum":
		return inData
	case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
		return inNames
	}
	return inSchema
}

func refers(obj map[string]any) bool {
	for _, key := range []string{"$ref", "$dynamicRef", "$recursiveRef"} {
		if _, ok := obj[key].(string); ok {
			return true
		}
	}
	return false
}

// draft refuses a part of a schema that names a draft which is not known here.
func draft(obj map[string]any, path []string) *Error {
	uri, named := obj["$schema"].(string)
	switch strings.TrimSuffix(uri, "#") {
	case "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema":
		return nil
	}
	if !named {
		return nil
	}
	return newError(append(path, "$schema"), fmt.Sprintf("%q is not a draft that is known: write https://json-schema.org/draft/2020-12/schema", uri))
}
