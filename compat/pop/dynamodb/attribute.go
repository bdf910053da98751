package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// attribute is a value as DynamoDB writes it: an object with one member, whose name
// is its type.
type attribute struct {
	S    *string              `json:"S"`
	N    *string              `json:"N"`
	Bool *bool                `json:"BOOL"`
	Null *bool                `json:"NULL"`
	M    map[string]attribute `json:"M"`
	L    []attribute          `json:"L"`
	SS   []string             `json:"SS"`
	NS   []string             `json:"NS"`
}

var errAttribute = errors.New("no value of a type that is read: S, N, BOOL, NULL, M, L, SS or NS")

// plain returns the value as plain JSON knows it; nil for null.
func (a attribute) plain() (any, error) {
	switch {
	case a.S != nil:
		return *a.S, nil
	case a.N != nil:
		return number(*a.N)
	case a.Bool != nil:
		return *a.Bool, nil
	case a.Null != nil:
		return nil, nil
	case a.M != nil:
		return a.object()
	case a.L != nil:
		return a.list()
	case a.SS != nil:
		return a.SS, nil
	case a.NS != nil:
		list := make([]any, 0, len(a.NS))
		for _, n := range a.NS {
			v, err := number(n)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return nil, errAttribute
}

func (a attribute) object() (any, error) {
	object := make(map[string]any, len(a.M))
	for name, member := range a.M {
		v, err := member.plain()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		object[name] = v
	}
	return object, nil
}

func (a attribute) list() (any, error) {
	list := make([]any, 0, len(a.L))
	for i, item := range a.L {
		v, err := item.plain()
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		list = append(list, v)
	}
	return list, nil
}

// number keeps a number as it is spelled.
func number(text string) (any, error) {
	if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("%.40q is no number", text)
	}
	return json.Number(text), nil
}
