package object

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/token"
)

// Rerun is how an agenda is run again.
type Rerun struct {
	// ResetAll runs every operation again.
	ResetAll bool
	// Reset names operations to run again, with all that depend on them.
	Reset []string
	// Continue goes on from the operations that succeeded.
	Continue bool
	// SkipExecution resets without running.
	SkipExecution bool
}

// The words of rerun parameters.
const (
	rerunAll      = "resetAll"
	rerunReset    = "operationsToReset"
	rerunContinue = "continue"
	rerunSkip     = "skipExecution"
)

// ParseRerun reads the parameters of a rerun: words, and names between commas
// behind "operationsToReset=". Where nothing says what to reset it is everything.
// Words it does not know are an error, except for [token.Quirks].
func ParseRerun(m token.Mode, params []string) (Rerun, error) {
	var r Rerun
	for _, param := range params {
		word, value, _ := strings.Cut(param, "=")
		switch strings.TrimSpace(word) {
		case rerunAll:
			r.ResetAll = true
		case rerunContinue:
			r.Continue = true
		case rerunSkip:
			r.SkipExecution = true
		case rerunReset:
			r.Reset = once(append(r.Reset, cutNames(value)...))
		default:
			if m == token.Native {
				return Rerun{}, invalid(fmt.Sprintf("rerun parameter %.40q is none of resetAll, operationsToReset=NAME,NAME, continue and skipExecution", param))
			}
		}
	}
	if !r.ResetAll && !r.Continue && r.Reset == nil {
		r.ResetAll = true
	}
	return r, nil
}

// Closure is what a rerun means for the operations of an agenda, each list in
// their order.
type Closure struct {
	// Reset are run again.
	Reset []string
	// Delete are taken out of the agenda: one that is run again generated
	// them, and will again.
	Delete []string
}

// Closure returns what a rerun means for the operations: those that depend on a
// reset one are reset too, those that a reset one generated are deleted, and so
// on from each of them. It is an error to reset what is not there.
func (a *Agenda) Closure(m token.Mode, r Rerun) (Closure, error) {
	requested := r.Reset
	if r.ResetAll {
		requested = nil
		for i := range a.Operations {
			requested = append(requested, a.Operations[i].Name)
		}
	}
	var unknown []string
	names := a.names()
	for _, name := range requested {
		if !names[name] {
			unknown = append(unknown, name)
		}
	}
	if unknown != nil {
		return Closure{}, invalid("operationsToReset names no operation of the agenda: " + strings.Join(unknown, " "))
	}
	dependents, children, err := a.edges(m)
	if err != nil {
		return Closure{}, err
	}
	return a.spread(requested, dependents, children), nil
}

// edges returns, for each name, what depends on the operation and what it
// generated.
func (a *Agenda) edges(m token.Mode) (dependents, children map[string][]string, err error) {
	dependents, children = map[string][]string{}, map[string][]string{}
	for i := range a.Operations {
		o := &a.Operations[i]
		d, err := o.Dependencies(m)
		if err != nil {
			return nil, nil, invalid(fmt.Sprintf("payload of operation %s: %v", o.Name, err))
		}
		if m == token.Quirks {
			d.DependsOn = o.dependsOnAsIs()
		}
		for _, name := range d.All() {
			dependents[name] = append(dependents[name], o.Name)
		}
		if parent := o.GeneratedBy(); parent != "" {
			children[parent] = append(children[parent], o.Name)
		}
	}
	return dependents, children, nil
}

func (a *Agenda) spread(requested []string, dependents, children map[string][]string) Closure {
	affected, deleted := map[string]bool{}, map[string]bool{}
	todo := slices.Clone(requested)
	for len(todo) > 0 {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if affected[name] {
			continue
		}
		affected[name] = true
		for _, child := range children[name] {
			deleted[child] = true
		}
		todo = append(append(todo, children[name]...), dependents[name]...)
	}
	var c Closure
	for i := range a.Operations {
		switch name := a.Operations[i].Name; {
		case deleted[name]:
			c.Delete = append(c.Delete, name)
		case affected[name]:
			c.Reset = append(c.Reset, name)
		}
	}
	return c
}

// Reset puts an operation back to where it was before it ran.
func (p *OperationProgress) Reset() {
	zero := 0.0
	p.State, p.StateMessage = Waiting, Pending
	p.ResultPayload = "{}"
	p.Diagnostics = nil
	p.PercentComplete = &zero
}
