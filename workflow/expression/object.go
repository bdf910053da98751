package expression

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/berth-project/berth/internal/jsonscan"
)

// object is a map of names to values: a JSON object, or a map of Go. What was
// found once is kept, as an expression may ask for it for every item of a list.
type object struct {
	raw    json.RawMessage
	fields map[string]any     // nil while only raw is there
	few    []variable         // what was found, while that is little
	many   map[string]ref.Val // and then
	looked int                // how often raw was searched
	budget *budget            // of the evaluation that reads it
}

// maxFew is how many values are found again by looking at each.
const maxFew = 8

// maxSearches is how often an object's text is searched before it is read as a
// whole. Most expressions look at one or two members of each.
const maxSearches = 4

// Find implements [traits.Mapper].
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	for i := range o.few {
		if o.few[i].name == string(name) {
			return o.few[i].value, o.few[i].value != nil
		}
	}
	if v, ok := o.many[string(name)]; ok {
		return v, v != nil
	}
	v := o.search(string(name))
	switch {
	case len(o.few) < maxFew:
		o.few = append(o.few, variable{string(name), v})
	case o.many == nil:
		o.many = make(map[string]ref.Val)
		fallthrough
	default:
		o.many[string(name)] = v
	}
	return v, v != nil
}

// search returns a member's value, nil where there is none.
func (o *object) search(name string) ref.Val {
	if o.fields == nil && o.looked < maxSearches {
		o.looked++
		if !o.budget.spend(len(o.raw), scanned) {
			return types.WrapErr(errCost)
		}
		if raw, found := jsonscan.Member(o.raw, name); found {
			return o.adapter().json(raw)
		}
		return nil
	}
	if v, found := o.whole()[name]; found {
		return o.adapter().NativeToValue(v)
	}
	if o.budget.over() {
		return types.WrapErr(errCost)
	}
	return nil
}

func (o *object) adapter() adapter { return adapter{o.budget} }

// whole reads all members.
func (o *object) whole() map[string]any {
	if o.fields != nil {
		return o.fields
	}
	var members map[string]json.RawMessage
	if !o.budget.spend(len(o.raw), read) {
		return nil // whoever evaluates sees that there is nothing left
	}
	if err := json.Unmarshal(o.raw, &members); err != nil {
		members = nil // whoever asks for a member is told that there is none
	}
	o.fields = make(map[string]any, len(members))
	for name, raw := range members {
		o.fields[name] = raw
	}
	return o.fields
}

// mapper returns the object as CEL's own map.
func (o *object) mapper() traits.Mapper { return types.NewStringInterfaceMap(o.adapter(), o.whole()) }

// Get implements [traits.Indexer].
func (o *object) Get(key ref.Val) ref.Val {
	if v, found := o.Find(key); found {
		return v
	}
	return types.NewErr("no such key: %v", key)
}

// Contains implements [traits.Container].
func (o *object) Contains(key ref.Val) ref.Val {
	_, found := o.Find(key)
	return types.Bool(found)
}

// AggregateSize implements [types.AggregateSizeVisitor]: what comparing or copying
// the object costs, without reading it.
func (o *object) AggregateSize(sizer types.AggregateSizer) uint32 {
	if o.raw != nil {
		return uint32(min(len(o.raw), math.MaxInt32))
	}
	total := 1
	for name, v := range o.fields {
		if raw, ok := v.(json.RawMessage); ok {
			total += len(name) + len(raw)
		} else {
			total += len(name) + int(min(sizer.AggregateSize(o.adapter().NativeToValue(v)), math.MaxInt32))
		}
	}
	return uint32(min(total, math.MaxInt32))
}

// Iterator implements [traits.Iterable].
func (o *object) Iterator() traits.Iterator { return o.mapper().Iterator() }

// Size implements [traits.Sizer].
func (o *object) Size() ref.Val { return types.Int(len(o.whole())) }

// ConvertToNative implements [ref.Val].
func (o *object) ConvertToNative(t reflect.Type) (any, error) { return o.mapper().ConvertToNative(t) }

// ConvertToType implements [ref.Val].
func (o *object) ConvertToType(t ref.Type) ref.Val { return o.mapper().ConvertToType(t) }

// Equal implements [ref.Val].
func (o *object) Equal(other ref.Val) ref.Val {
	if !o.budget.spend(len(o.raw), compared) {
		return types.WrapErr(errCost)
	}
	return o.mapper().Equal(other)
}

// Type implements [ref.Val].
func (o *object) Type() ref.Type { return types.MapType }

// Value implements [ref.Val].
func (o *object) Value() any { return o.whole() }

// list is a JSON array whose items have been found; it knows its size without
// asking them.
type list struct {
	traits.Lister
	size   uint32
	budget *budget
}

// Equal implements [ref.Val].
func (l list) Equal(other ref.Val) ref.Val {
	if !l.budget.spend(int(l.size), compared) {
		return types.WrapErr(errCost)
	}
	return l.Lister.Equal(other)
}

// Contains implements [traits.Container].
func (l list) Contains(value ref.Val) ref.Val {
	if !l.budget.spend(int(l.size), compared) {
		return types.WrapErr(errCost)
	}
	return l.Lister.Contains(value)
}

// AggregateSize implements [types.AggregateSizeVisitor].
func (l list) AggregateSize(types.AggregateSizer) uint32 { return l.size }

// object writes a map whose keys are texts, in the order of the keys, so that the
// same value is always the same JSON.
func (w *writer) object(m traits.Mapper, depth int) error {
	values := map[string]ref.Val{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return fmt.Errorf("key of type %s: the keys of JSON are texts", key.Type().TypeName())
		}
		values[string(name)] = m.Get(key)
	}
	w.out = append(w.out, '{')
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.text(name); err != nil {
			return err
		}
		w.out = append(w.out, ':')
		if err := w.value(values[name], depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}
