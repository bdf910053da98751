package dynamodb

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// how an attribute of an object is kept in a table.
type how uint8

const (
	asIs    how = iota
	asText      // JSON in a text
	asFlag      // 0 and 1
	asCount     // a number, -1 for none
)

// kept says how attributes are kept that are not kept as they are told.
func kept(name string) how {
	switch name {
	case "operations", "params", "agenda", "agendaInsight", "diagnosticEvents", "staticParameters", "payload":
		return asText
	case "isGlobal", "isDefaultTemplate":
		return asFlag
	case "addedTime", "updatedTime", "startedTime", "completedTime", "attemptTime", "percentComplete",
		"attemptsCompleted", "maximumAttempts", "attemptCount", "added", "lastExecuted":
		return asCount
	}
	return asIs
}

// plainItem returns an item as the API would tell the object.
func plainItem(item map[string]attribute) ([]byte, error) {
	plain := make(map[string]any, len(item))
	for name, value := range item {
		v, err := value.plain()
		if err == nil {
			v, err = told(name, v)
		}
		if err != nil {
			return nil, &attributeError{name, err}
		}
		if v != nil {
			plain[name] = v
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // payloads stay as they are written
	err := enc.Encode(plain)
	return b.Bytes(), err
}

// told returns an attribute as the API tells it, nil for nothing.
func told(name string, v any) (any, error) {
	switch text, isText := v.(string); kept(name) {
	case asText:
		switch {
		case !isText:
			return v, nil
		case text == "":
			return nil, nil
		case !json.Valid([]byte(text)):
			return nil, fmt.Errorf("text %.40q is no JSON", text)
		}
		return json.RawMessage(text), nil
	case asFlag:
		if n, ok := v.(json.Number); ok {
			return n.String() != "0", nil
		}
	case asCount:
		if n, ok := v.(json.Number); ok && n.String() == "-1" {
			return nil, nil
		}
	}
	return v, nil
}
