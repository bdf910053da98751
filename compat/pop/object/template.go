package object

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/berth-project/berth/compat/pop/internal/field"
	"github.com/berth-project/berth/compat/pop/token"
)

// Template is an agenda with tokens for what it is submitted with.
type Template struct {
	Common
	Sharing
	// StaticParameters are values for tokens.
	StaticParameters Params `json:"staticParameters,omitzero"`
	// Params describe the template.
	Params Params `json:"params,omitzero"`
	// Agenda is the agenda as it is written: any part of it may be a token.
	Agenda json.RawMessage `json:"agenda,omitempty"`
	// IsDefault means nothing to the engine.
	IsDefault bool `json:"isDefaultTemplate"`
}

// The names of what a template is submitted with. The second is an older one for
// the first.
const (
	PayloadToken       = "pop.payload"
	legacyPayloadToken = "pop.transformRequest"
)

// Run returns the agenda of a template that is submitted with a payload, any
// JSON. Tokens that stand for nothing are left in it: those of operations' outputs
// get their values when it runs.
func (t *Template) Run(m token.Mode, payload json.RawMessage) (*Agenda, error) {
	values := maps.Clone(t.StaticParameters)
	if values == nil {
		values = Params{}
	}
	for _, name := range []string{PayloadToken, legacyPayloadToken} {
		if values.Has(name) {
			return nil, invalid(fmt.Sprintf("static parameter %s has the name of the payload", name))
		}
		values[name] = payload
	}
	return t.Expand(m, values)
}

// Expand returns the agenda of a template, tokens replaced by values.
func (t *Template) Expand(m token.Mode, values Params) (*Agenda, error) {
	if len(t.Agenda) == 0 {
		return nil, invalid("template has no agenda")
	}
	ctx, err := token.NewContext(values)
	if err != nil {
		return nil, invalid(err.Error())
	}
	r, err := m.Resolve(t.Agenda, ctx)
	if err != nil {
		return nil, invalid(err.Error())
	}
	var a Agenda
	if err := json.Unmarshal(r.Value, &a); err != nil {
		return nil, invalid("agenda of the template: " + field.Explain("", err).Error())
	}
	return &a, nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Template) UnmarshalJSON(data []byte) error { return field.Decode(data, t) }
