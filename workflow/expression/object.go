package expression

import (
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

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
