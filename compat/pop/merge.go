package pop

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

// merge returns an object with the fields of a body in place of its own. null
// clears a field; with [token.Quirks] it leaves it, as POP does. What the server
// decides stays.
func merge(k object.Kind, stored object.Object, body []byte, m token.Mode) (object.Object, error) {
	var patch map[string]json.RawMessage
	if err := json.Unmarshal(body, &patch); err != nil {
		return nil, refuse(http.StatusBadRequest, "body is no JSON object")
	}
	text, err := encode(stored)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	known := k.Attributes()
	for name, value := range patch {
		switch {
		case !slices.Contains(known, name), servers(name):
		case string(value) != "null":
			fields[name] = value
		case m == token.Native:
			delete(fields, name)
		}
	}
	merged, err := encode(fields)
	if err != nil {
		return nil, err
	}
	o, err := k.Decode(merged)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	return o, nil
}

// servers reports whether an attribute is the server's to decide.
func servers(name string) bool { return name == "id" || name == "addedTime" || name == "updatedTime" }
