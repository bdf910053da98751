package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/berth-project/berth/internal/jsonscan"
)

// adapter makes CEL values of Go values. JSON is read as deep as an expression
// looks. A whole number is an int, any other a double; the two compare as numbers.
type adapter struct{ budget *budget }

// NativeToValue implements [types.Adapter].
func (a adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case json.RawMessage:
		return a.json(v)
	case map[string]any:
		return &object{fields: v, budget: a.budget}
	case map[string]string:
		return types.NewStringStringMap(a, v)
	case []any:
		return types.NewDynamicList(a, v)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// json returns JSON as a value; nothing at all is null.
func (a adapter) json(raw json.RawMessage) ref.Val {
	raw = jsonscan.Trim(raw)
	if len(raw) == 0 {
		return types.NullValue
	}
	switch raw[0] {
	case '{':
		return &object{raw: raw, budget: a.budget}
	case '[':
		return a.list(raw)
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return types.NewErr("value is not JSON: %v", err)
		}
		return types.String(s)
	}
	switch string(raw) {
	case "null":
		return types.NullValue
	case "true":
		return types.True
	case "false":
		return types.False
	}
	return numberValue(string(raw))
}

// list returns an array as a value.
func (a adapter) list(raw json.RawMessage) ref.Val {
	if !a.budget.spend(len(raw), scanned) {
		return types.WrapErr(errCost)
	}
	items := []ref.Val{}
	whole := jsonscan.Elements(raw, func(_ int, v json.RawMessage) bool {
		items = append(items, a.json(v))
		return a.budget.spend(1, item)
	})
	switch {
	case a.budget.over():
		return types.WrapErr(errCost)
	case !whole:
		return types.NewErr("value is not JSON")
	}
	return list{types.NewRefValList(a, items), uint32(min(len(raw), math.MaxInt32)), a.budget}
}

// numberValue returns a number as CEL calculates with it.
func numberValue(text string) ref.Val {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return types.Int(n)
	}
	f, err := strconv.ParseFloat(text, 64)
	switch whole := int64(f); {
	case errors.Is(err, strconv.ErrRange):
		return types.NewErr("number %.40s is too large", text)
	case err != nil:
		return types.NewErr("value is not JSON: %.40s", text)
	case float64(whole) == f && math.Abs(f) < 1<<53:
		return types.Int(whole)
	}
	return types.Double(f)
}

// The bounds of what an expression may yield.
const (
	maxOutput = 4 << 20
	maxNested = 64
)

// writer writes values as JSON.
type writer struct{ out json.RawMessage }

var (
	errLarge = fmt.Errorf("value is larger than %d bytes", maxOutput)
	errDeep  = fmt.Errorf("value nests deeper than %d", maxNested)
	errNaN   = errors.New("value is no number JSON can hold: divided by zero, or too large")
)

func (w *writer) value(v ref.Val, depth int) error {
	switch {
	case len(w.out) > maxOutput:
		return errLarge
	case depth > maxNested:
		return errDeep
	}
	switch v := v.(type) {
	case *types.Err:
		return v
	case types.Null:
		w.out = append(w.out, "null"...)
	case types.Bool:
		w.out = strconv.AppendBool(w.out, bool(v))
	case types.Int:
		w.out = strconv.AppendInt(w.out, int64(v), 10)
	case types.Uint:
		w.out = strconv.AppendUint(w.out, uint64(v), 10)
	case types.Double:
		return w.double(float64(v))
	case types.String:
		return w.text(string(v))
	case types.Bytes:
		return w.marshal([]byte(v))
	case types.Timestamp:
		return w.text(v.UTC().Format(time.RFC3339Nano))
	case types.Duration:
		return w.text(v.Duration.String())
	case *types.Optional:
		if !v.HasValue() {
			w.out = append(w.out, "null"...)
			return nil
		}
		return w.value(v.GetValue(), depth+1)
	case traits.Mapper:
		return w.object(v, depth)
	case traits.Lister:
		return w.array(v, depth)
	default:
		return fmt.Errorf("value of type %s is no JSON", v.Type().TypeName())
	}
	return nil
}

func (w *writer) double(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return errNaN
	}
	return w.marshal(f)
}

func (w *writer) text(s string) error {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return err
	}
	w.out = append(w.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
	return nil
}

func (w *writer) marshal(v any) error {
	text, err := json.Marshal(v)
	w.out = append(w.out, text...)
	return err
}

func (w *writer) array(l traits.Lister, depth int) error {
	w.out = append(w.out, '[')
	for it, first := l.Iterator(), true; it.HasNext() == types.True; first = false {
		if !first {
			w.out = append(w.out, ',')
		}
		if err := w.value(it.Next(), depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
}
