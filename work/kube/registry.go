package kube

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Registry says which pods execute which step types.
type Registry struct {
	// Base is what the settings of all types are based on.
	Base Settings `json:"base,omitzero"`
	// Types are the settings by step type.
	Types map[string]Settings `json:"types"`
}

// Names returns the step types, sorted.
func (r Registry) Names() []string { return slices.Sorted(maps.Keys(r.Types)) }

// Settings returns those of a step type, with base and defaults applied.
func (r Registry) Settings(stepType string) (Settings, bool) {
	own, ok := r.Types[stepType]
	if !ok {
		return Settings{}, false
	}
	s := Defaults()
	for _, layer := range []Settings{r.Base, own} {
		s = overlay(s, layer)
	}
	s.CPU = cmp.Or(s.CPU, "100m")
	if s.MemoryLimit != NoLimit {
		s.Memory = cmp.Or(s.Memory, s.MemoryLimit)
	}
	s.Memory = cmp.Or(s.Memory, "256Mi")
	s.MemoryLimit = cmp.Or(s.MemoryLimit, s.Memory)
	return s, true
}

// overlay replaces each field of under that over has. A map or list replaces
// the other as a whole.
func overlay(under, over Settings) Settings {
	to, from := reflect.ValueOf(&under).Elem(), reflect.ValueOf(over)
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return under
}

// Validate reports everything that is wrong with the settings of every type,
// one error for each. Contracts are the names there are besides "berth".
func (r Registry) Validate(contracts ...string) []error {
	var errs []error
	for _, name := range r.Names() {
		s, _ := r.Settings(name)
		for _, err := range s.Validate(contracts...) {
			errs = append(errs, fmt.Errorf("kube: type %q: %w", name, err))
		}
	}
	return errs
}
