package object

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/token"
)

// ValidationError says what is wrong with an object: the response code of it is
// 422.
type ValidationError struct {
	// Issues are at least one.
	Issues []string
}

// MaxIssues is how many issues an error tells of.
const MaxIssues = 10

// Error implements error.
func (e *ValidationError) Error() string {
	if len(e.Issues) <= MaxIssues {
		return strings.Join(e.Issues, ", ")
	}
	return strings.Join(e.Issues[:MaxIssues], ", ") + fmt.Sprintf(", and %d more", len(e.Issues)-MaxIssues)
}

func invalid(issues ...string) error { return &ValidationError{Issues: issues} }

// Limits of an agenda. The original's is the size of a row of its database.
const (
	// MaxOperations is how many operations an agenda may have.
	MaxOperations = 10_000
	// MaxName is how long the name of an operation may be, in bytes.
	MaxName = 512
)

// Validate returns what is wrong with an agenda that is submitted, as a
// [*ValidationError]. [token.Quirks] leaves dependsOn unchecked, as the original
// does: an agenda whose operations wait for each other fails when it runs.
func (a *Agenda) Validate(m token.Mode) error {
	var issues []string
	if a.CustomerID == "" {
		issues = append(issues, "customerId is missing")
	}
	if len(a.Operations) == 0 {
		issues = append(issues, "No operations specified")
	}
	issues = append(issues, a.checkOperations(m)...)
	if len(issues) > 0 {
		return &ValidationError{Issues: issues}
	}
	return nil
}

// checkOperations checks names and what refers to them. Cycles are looked for
// only where all references are good.
func (a *Agenda) checkOperations(m token.Mode) []string {
	if len(a.Operations) > MaxOperations {
		return []string{fmt.Sprintf("there are %d operations, at most %d may be", len(a.Operations), MaxOperations)}
	}
	if issues := a.checkNames(); issues != nil {
		return issues
	}
	var issues []string
	names := a.names()
	needs := make(map[string][]string, len(a.Operations))
	for i := range a.Operations {
		o := &a.Operations[i]
		d, err := o.Dependencies(m)
		if err != nil {
			issues = append(issues, fmt.Sprintf("payload of operation %s: %v", o.Name, err))
			continue
		}
		issues = append(issues, checkReferences(m, o, d, names)...)
		needs[o.Name] = d.Outputs
		if m == token.Native {
			needs[o.Name] = d.All()
		}
	}
	if issues != nil {
		return issues
	}
	if cycle := findCycle(a.Operations, needs); cycle != nil {
		issues = append(issues, "Operations have a circular reference: "+strings.Join(cycle, " → "))
	}
	return issues
}

func (a *Agenda) checkNames() []string {
	var issues []string
	seen := map[string]bool{}
	unnamed := false
	for i := range a.Operations {
		name := a.Operations[i].Name
		key := strings.ToLower(name)
		switch {
		case name == "" && !unnamed:
			unnamed = true
			issues = append(issues, "All operations must have names")
		case name == "":
		case len(name) > MaxName:
			issues = append(issues, fmt.Sprintf("operation name %.40s… is longer than %d bytes", name, MaxName))
		case seen[key]:
			issues = append(issues, fmt.Sprintf("Operation names must be unique, ignoring case: %s is there twice", name))
		}
		seen[key] = true
	}
	return issues
}

// names is the set of the operations' names.
func (a *Agenda) names() map[string]bool {
	names := make(map[string]bool, len(a.Operations))
	for i := range a.Operations {
		names[a.Operations[i].Name] = true
	}
	return names
}

func checkReferences(m token.Mode, o *Operation, d Dependencies, names map[string]bool) []string {
	var unknown, missing []string
	for _, name := range d.Unknown {
		unknown = append(unknown, "@<"+name+">")
	}
	for _, name := range d.Outputs {
		if !names[name] {
			unknown = append(unknown, "@<"+name+outSuffix+">")
		}
	}
	for _, name := range d.DependsOn {
		if m == token.Native && !names[name] {
			missing = append(missing, name)
		}
	}
	var issues []string
	if unknown != nil {
		issues = append(issues, fmt.Sprintf("Invalid references in operation %s: %s", o.Name, strings.Join(unknown, " ")))
	}
	if missing != nil {
		issues = append(issues, fmt.Sprintf("dependsOn of operation %s names no operation: %s", o.Name, strings.Join(missing, " ")))
	}
	return issues
}

// findCycle returns names that need each other in a circle, the first also at the
// end; nil where there is none.
func findCycle(operations []Operation, needs map[string][]string) []string {
	const (
		unseen = iota
		open
		done
	)
	state := map[string]int{}
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		state[name] = open
		path = append(path, name)
		for _, next := range needs[name] {
			switch state[next] {
			case open:
				return append(slices.Clone(path[slices.Index(path, next):]), next)
			case unseen:
				if cycle := visit(next); cycle != nil {
					return cycle
				}
			}
		}
		path = path[:len(path)-1]
		state[name] = done
		return nil
	}
	for i := range operations {
		if state[operations[i].Name] == unseen {
			if cycle := visit(operations[i].Name); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}
