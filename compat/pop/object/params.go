package object

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

// Params is a free map of names to any JSON.
type Params map[string]json.RawMessage

// Has reports whether there is a value of that name; null is one.
func (p Params) Has(name string) bool {
	_, ok := p[name]
	return ok
}

// Text returns a value as text: a string without its quotes, anything else as it
// is spelled; "" for null and where there is none.
func (p Params) Text(name string) string {
	raw := p[name]
	var s string
	switch {
	case len(raw) == 0 || field.IsNull(raw):
		return ""
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(bytes.TrimSpace(raw))
}

// Int returns a value that is a whole number, or a string that spells one.
func (p Params) Int(name string) (int, bool) {
	f, err := strconv.ParseFloat(p.Text(name), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return 0, false
	}
	return int(f), true
}

// The names in the parameters of an agenda that mean something to the engine.
const (
	// ParamMaximumAttempts is how often the agenda is tried.
	ParamMaximumAttempts = "maximumAttempts"
	// ParamDoNotRun keeps an agenda from being queued, whatever its value.
	ParamDoNotRun = "doNotRun"
	// ParamExternalID is copied to the progress.
	ParamExternalID = "externalId"
	// ParamDefaultInsight is the id or title of the insight to prefer.
	ParamDefaultInsight = "defaultInsight"
	// ParamAdded is when the agenda began to wait: pullers are told so.
	ParamAdded = "added"
)

// The names in the parameters of an operation that mean something to the engine.
const (
	// ParamDependsOn lists operations that must have succeeded first.
	ParamDependsOn = "dependsOn"
	// ParamGeneratedBy names the operation that generated this one.
	ParamGeneratedBy = "generatedOperationParent"
	// ParamGenerator is a [Generator].
	ParamGenerator = "agenda.operation.generator"
)
