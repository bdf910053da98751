package input

import (
	"encoding/json"
	"fmt"
	"regexp/syntax"
)

// width is how many parts of a schema are tried on one value: at most on any value,
// by how deep it lies within that on which the schema is tried.
type width []int

// add lets o be tried besides.
func (w *width) add(o width) {
	for len(*w) < len(o) {
		*w = append(*w, 0)
	}
	for i, n := range o {
		(*w)[i] += n
	}
}

// or lets one of the two be tried, whichever is more.
func (w *width) or(o width) {
	for len(*w) < len(o) {
		*w = append(*w, 0)
	}
	for i, n := range o {
		(*w)[i] = max((*w)[i], n)
	}
}

// within is w for the values within a value.
func within(w width) width { return append(width{0}, w...) }

// most is the largest number.
func (w width) most() int {
	n := 1
	for _, v := range w {
		n = max(n, v)
	}
	return n
}

// widthOf measures a schema. What a reference leads to is measured where it
// stands.
func widthOf(schema any) width {
	obj, ok := schema.(map[string]any)
	if !ok {
		return width{1}
	}
	w := width{1 + len(obj)}
	for key, value := range obj {
		switch key {
		case "allOf", "anyOf", "oneOf":
			for _, one := range list(value) {
				w.add(widthOf(one))
			}
		case "not", "if", "then", "else":
			w.add(widthOf(value))
		case "dependentSchemas":
			for _, one := range members(value) {
				w.add(widthOf(one))
			}
		case "properties":
			w.add(within(widest(members(value))))
		case "patternProperties":
			for _, one := range members(value) {
				w.add(within(widthOf(one)))
			}
		case "prefixItems":
			var first width
			for _, one := range list(value) {
				first.or(widthOf(one))
			}
			w.add(within(first))
		case "items", "additionalItems", "contains", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties":
			w.add(within(widthOf(value)))
		case "const", "enum", "required", "dependentRequired":
			w.add(width{partsOf(value)})
		}
	}
	return w
}

func widest(schemas map[string]any) width {
	var w width
	for _, one := range schemas {
		w.or(widthOf(one))
	}
	return w
}

func list(v any) []any { l, _ := v.([]any); return l }

func members(v any) map[string]any { m, _ := v.(map[string]any); return m }

// partsOf counts the values within JSON, long texts more than once.
func partsOf(v any) int {
	n := 1
	switch v := v.(type) {
	case string:
		n += len(v) / 64
	case json.Number:
		n += len(v) / 16
	case []any:
		for _, one := range v {
			n += partsOf(one)
		}
	case map[string]any:
		for _, one := range v {
			n += partsOf(one)
		}
	}
	return n
}

// widestAnywhere is the most that is tried on one value by any part of a schema
// that something may refer to.
func widestAnywhere(v any) int {
	most := 1
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			most = max(most, widestAnywhere(one))
		}
	case map[string]any:
		most = widthOf(v).most()
		for _, key := range []string{"$defs", "definitions"} {
			for _, one := range members(v[key]) {
				most = max(most, widestAnywhere(one))
			}
		}
	}
	return most
}

// maxRegexes bounds the regular expressions of a schema together, in steps of the
// programs that they become: "(a{1000})" takes nine bytes and a thousand steps.
const maxRegexes = 50_000

// regexes adds up the steps of a schema's regular expressions.
func regexes(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			n += regexes(one)
		}
	case map[string]any:
		for key, one := range v {
			n += regexes(one)
			if text, ok := one.(string); ok && key == "pattern" {
				n += steps(text)
			}
			if key == "patternProperties" {
				for pattern := range members(one) {
					n += steps(pattern)
				}
			}
		}
	}
	return n
}

// steps is about how many steps the program of a regular expression has; one that
// is none has none, as its schema will be told.
func steps(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return stepsOf(re)
}

func stepsOf(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += stepsOf(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, 1<<30)
}

// readableRegex is what stands in the place of the format "regex", which the
// library compiles: that would take a thousand times as long.
const readableRegex = "regular expression"

// readable is the format of that name.
func readable(v any) error {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	if _, err := syntax.Parse(text, syntax.Perl); err != nil {
		return fmt.Errorf("%w", err)
	}
	return nil
}
