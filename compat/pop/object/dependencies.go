package object

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/token"
)

const (
	// outSuffix makes the name of an operation's output of its name.
	outSuffix = ".out"
	// enginePrefix begins the names of what the engine gives every operation.
	enginePrefix = "pop."
)

// Dependencies are what an operation waits for, and what it refers to that can
// never come.
type Dependencies struct {
	// Outputs are the operations whose output the payload refers to, each
	// once, in order.
	Outputs []string
	// DependsOn are the operations that the parameter dependsOn names.
	DependsOn []string
	// Unknown are the names of tokens that are neither outputs nor the
	// engine's.
	Unknown []string
}

// All returns Outputs and DependsOn, each name once.
func (d Dependencies) All() []string {
	return once(slices.Concat(d.Outputs, d.DependsOn))
}

// Dependencies returns what the operation waits for. The error says that the
// payload is no JSON.
func (o *Operation) Dependencies(m token.Mode) (Dependencies, error) {
	d := Dependencies{DependsOn: o.dependsOn()}
	if len(o.Payload) == 0 {
		return d, nil
	}
	tokens, err := m.References(o.Payload)
	if err != nil {
		return d, err
	}
	seen := map[string]bool{}
	for _, t := range tokens {
		if seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		name, isOutput := strings.CutSuffix(t.Name, outSuffix)
		switch {
		case strings.HasPrefix(t.Name, enginePrefix):
		case isOutput:
			d.Outputs = append(d.Outputs, name)
		default:
			d.Unknown = append(d.Unknown, t.Name)
		}
	}
	return d, nil
}

// dependsOn reads the parameter of that name: names between commas, with blanks
// around them that do not count.
func (o *Operation) dependsOn() []string {
	return cutNames(o.Params.Text(ParamDependsOn))
}

// dependsOnAsIs is dependsOn as the original reads it when it looks for what to
// reset: blanks count.
func (o *Operation) dependsOnAsIs() []string {
	text := o.Params.Text(ParamDependsOn)
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// cutNames reads names between commas, without the blanks around them and each
// once.
func cutNames(text string) []string {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return once(names)
}

// once keeps the first of equal names.
func once(names []string) []string {
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(names, func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
}
