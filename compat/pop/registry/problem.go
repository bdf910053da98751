package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/internal/field"
	"github.com/berth-project/berth/internal/diagnostic"
)

// Problem is a setting that does not do what it seems to.
type Problem struct {
	// Type is the type of operation; "" where it is the base.
	Type string `json:"type,omitempty"`
	// Field is the setting: "podConfig.memoryRequestCount".
	Field   string `json:"field"`
	Message string `json:"message"`
}

// String returns the problem in one line.
func (p Problem) String() string {
	where := p.Field
	if p.Type != "" {
		where = p.Type + ": " + where
	}
	return where + " " + p.Message
}

// Problems lists the settings that POP ignores because it does not know them, and
// those that it knows and nobody needs: about exceptions of its executor and about
// its logs.
func (r *Registry) Problems() []Problem {
	var list []Problem
	add := func(typ, prefix string, members map[string]json.RawMessage) {
		for _, p := range strangers(members, reflect.TypeFor[PodConfig]()) {
			list = append(list, Problem{typ, prefix + p.Field, p.Message})
		}
	}
	add("", baseName+".", r.base.members)
	for _, name := range r.Types() {
		own := r.types[name]
		for _, member := range own.strange {
			list = append(list, Problem{name, member, "is not a setting of a type: POP ignores it" + perhaps(member, []string{"configMapName", "podConfig"})})
		}
		add(name, podPrefix, own.members)
	}
	return list
}

const podPrefix = "podConfig."

// needless reports whether a setting of POP's says how its executor, written in
// Java, deals with exceptions and logs.
func needless(name string) bool {
	return name == "nonRetryableExceptions" || name == "retryableExceptions" || name == "logback"
}

// strangers lists the members of an object, and of those in it, that its type does
// not have.
func strangers(members map[string]json.RawMessage, t reflect.Type) []Problem {
	var list []Problem
	known := field.Names(t)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		i := slices.Index(known, name)
		switch {
		case needless(name):
			list = append(list, Problem{Field: name, Message: "is for POP's executor only: it has no effect here"})
		case i < 0:
			list = append(list, Problem{Field: name, Message: "is not a setting of POP's, which ignores it" + perhaps(name, known)})
		default:
			list = append(list, within(name, members[name], t.Field(i).Type)...)
		}
	}
	return list
}

// within lists the strangers in a setting that is an object, or a list of such.
func within(name string, raw json.RawMessage, t reflect.Type) []Problem {
	var objects []map[string]json.RawMessage
	switch {
	case t.Kind() == reflect.Pointer:
		t, objects = t.Elem(), make([]map[string]json.RawMessage, 1)
		if json.Unmarshal(raw, &objects[0]) != nil {
			return nil
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		if t = t.Elem(); json.Unmarshal(raw, &objects) != nil {
			return nil
		}
	}
	var list []Problem
	for _, o := range objects {
		for _, p := range strangers(o, t) {
			list = append(list, Problem{Field: name + "." + p.Field, Message: p.Message})
		}
	}
	return list
}

func perhaps(name string, known []string) string {
	if near := diagnostic.Nearest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// Advice says what in the settings of a pod is likely a mistake.
func (c PodConfig) Advice() []Problem {
	var list []Problem
	advise := func(name, format string, args ...any) {
		list = append(list, Problem{Field: podPrefix + name, Message: fmt.Sprintf(format, args...)})
	}
	if n, ok := strings.CutSuffix(c.Memory, "m"); ok {
		advise("memoryRequestCount", "is %q: m means thousandths of a byte; write %q for mebibytes", c.Memory, n+"Mi")
	}
	if c.Image == "" {
		advise("imageName", "is missing: no pod can be started")
	}
	if c.Privileged {
		advise("dockerPrivileged", "is set: whoever controls the image controls the node")
	}
	if c.UseTainted && (c.TaintedSelector == "" || c.TaintedToleration == "") {
		advise("useTaintedNodes", "wants taintedNodeSelector and taintedNodeToleration: POP starts no pod without both")
	}
	return list
}
