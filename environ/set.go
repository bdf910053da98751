package environ

import (
	"fmt"
	"slices"

	"github.com/berth-project/berth/secret"
)

// Variable is one variable of an environment, with where it came from.
type Variable struct {
	// Name is the name of the variable.
	Name string
	// Value is its value. No printed form of it tells.
	Value secret.String
	// Source is the name of the source that gave it, with the line where it
	// has lines: ".env:3".
	Source string
	// Sensitive reports that its name or its value look like a credential.
	Sensitive bool
	// Overrides are the sources that gave the variable too and lost, the
	// nearest first.
	Overrides []string
}

// Set is an environment: variables in the order in which their names first
// appeared. It does not change; the nil *Set is empty.
type Set struct {
	variables []Variable
	index     map[string]int
}

// NewSet returns a set of variables. Of several with one name the last wins.
func NewSet(variables ...Variable) *Set {
	s := &Set{index: make(map[string]int, len(variables))}
	for _, v := range variables {
		s.put(v)
	}
	return s
}

// put adds v, or lets it win over the variable of its name.
func (s *Set) put(v Variable) {
	v.Sensitive = v.Sensitive || Sensitive(v.Name, v.Value.Reveal())
	i, ok := s.index[v.Name]
	if !ok {
		s.index[v.Name] = len(s.variables)
		s.variables = append(s.variables, v)
		return
	}
	old := s.variables[i]
	v.Overrides = append([]string{old.Source}, old.Overrides...)
	s.variables[i] = v
}

// Lookup returns the variable of a name.
func (s *Set) Lookup(name string) (Variable, bool) {
	if s == nil {
		return Variable{}, false
	}
	i, ok := s.index[name]
	if !ok {
		return Variable{}, false
	}
	return s.variables[i], true
}

// Variables returns a copy of all variables in order.
func (s *Set) Variables() []Variable {
	if s == nil {
		return nil
	}
	return slices.Clone(s.variables)
}

// Len returns the number of variables.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.variables)
}

// Environ returns the variables as "NAME=value", the form a program is started
// with. It reveals them.
func (s *Set) Environ() []string {
	if s == nil {
		return nil
	}
	env := make([]string, len(s.variables))
	for i, v := range s.variables {
		env[i] = v.Name + "=" + v.Value.Reveal()
	}
	return env
}

// Format implements [fmt.Formatter]: the number of variables. Without it fmt
// would walk the fields, and a method of an unexported field's type is not
// called: it would print the values.
func (s *Set) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "environment of %d variables", s.Len()) }
