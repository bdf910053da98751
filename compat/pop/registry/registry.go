// Package registry reads the registry of Comcast's Priority Operation Processing:
// which image executes which type of operation, and with which settings of its
// pod.
//
//	{
//	  "basePodConfig": {"pullAlways": true},
//	  "encode": {"configMapName": "encode-settings", "podConfig": {"imageName": "encoder:2"}}
//	}
//
// The settings of a type are the built-in ones, over which those of the base are
// laid, over which those of the type are laid. A setting is replaced whole,
// lists and maps as well.
package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

// Executor is the type whose pod executes whole agendas.
const Executor = "executor"

const baseName = "basePodConfig"

// Limits of a registry.
const (
	maxBytes = 4 << 20
	maxTypes = 10_000
)

// ErrUnknownType is what [Registry.Pod] answers for a type that is not there.
var ErrUnknownType = errors.New("registry has no such type of operation")

// Registry holds the settings of each type of operation. It does not change.
type Registry struct {
	base  settings
	types map[string]settings
}

// settings are the members of a podConfig, and the name of the type's config map.
type settings struct {
	configMap string
	members   map[string]json.RawMessage
	strange   []string // members beside them
}

// entry is the member of the file for one type.
type entry struct {
	ConfigMapName string                     `json:"configMapName"`
	PodConfig     map[string]json.RawMessage `json:"podConfig"`
}

// Looks reports whether a JSON text looks like a registry of POP's, and not like one
// of Berth's: it has a base, or a type with settings, of POP's name.
func Looks(data []byte) bool {
	var members map[string]map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return false
	}
	if _, ok := members[baseName]; ok {
		return true
	}
	for _, entry := range members {
		if _, ok := entry["podConfig"]; ok {
			return true
		}
	}
	return false
}

// Parse reads a registry. Each type's settings are checked; the error names the
// type and the setting.
func Parse(data []byte) (*Registry, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("registry has %d bytes, at most %d are read", len(data), maxBytes)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fmt.Errorf("registry: %w", field.ExplainBody(err))
	}
	if len(members) > maxTypes {
		return nil, fmt.Errorf("registry has %d types, at most %d are read", len(members), maxTypes)
	}
	r := &Registry{types: map[string]settings{}}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := r.add(name, members[name]); err != nil {
			return nil, fmt.Errorf("registry: %s: %w", name, err)
		}
	}
	for _, name := range r.Types() {
		if _, err := r.Pod(name); err != nil {
			return nil, fmt.Errorf("registry: %w", err)
		}
	}
	return r, nil
}

func (r *Registry) add(name string, raw json.RawMessage) error {
	if name == baseName {
		if err := json.Unmarshal(raw, &r.base.members); err != nil {
			return field.ExplainBody(err)
		}
		return nil
	}
	var e entry
	if err := field.Decode(raw, &e); err != nil {
		return err
	}
	s := settings{configMap: e.ConfigMapName, members: e.PodConfig}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return field.ExplainBody(err)
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if member != "configMapName" && member != "podConfig" {
			s.strange = append(s.strange, member)
		}
	}
	r.types[name] = s
	return nil
}

// Types lists the types of operations, sorted.
func (r *Registry) Types() []string { return slices.Sorted(maps.Keys(r.types)) }

// Pod returns the settings of the pod for a type of operation, all layers laid
// over each other. The error is [ErrUnknownType] where there is none.
func (r *Registry) Pod(operationType string) (PodConfig, error) {
	own, ok := r.types[operationType]
	if !ok {
		return PodConfig{}, fmt.Errorf("%q: %w", operationType, ErrUnknownType)
	}
	c, err := layered(r.base.members, own.members)
	if err != nil {
		return PodConfig{}, fmt.Errorf("%s: podConfig.%w", operationType, err)
	}
	if own.configMap == "" {
		return c, nil
	}
	if len(c.ConfigMaps) == 0 {
		c.ConfigMaps = defaults().ConfigMaps
	}
	c.ConfigMaps[0].Name = own.configMap
	return c, nil
}

// layered lays settings over the built-in ones.
func layered(layers ...map[string]json.RawMessage) (PodConfig, error) {
	merged := map[string]json.RawMessage{}
	base, err := json.Marshal(defaults())
	if err == nil {
		err = json.Unmarshal(base, &merged)
	}
	if err != nil {
		return PodConfig{}, err
	}
	for _, layer := range layers {
		for name, value := range layer {
			if !field.IsNull(value) {
				merged[name] = value
			}
		}
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return PodConfig{}, err
	}
	var c PodConfig
	return c, field.Decode(text, &c)
}
