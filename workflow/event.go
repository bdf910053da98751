package workflow

import (
	"encoding/json"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// Template is JSON whose texts may hold references to an event, as a document's
// hold them to parameters: ${event.body.ref ?? "main"}. It is what a trigger
// makes a run's parameters of. A nil Template renders nothing.
type Template struct{ template *template }

// ParseTemplate compiles a template; nil for no JSON. The error is a list of
// problems with their places, file naming the whole.
func ParseTemplate(file string, raw json.RawMessage) (*Template, error) {
	if len(raw) == 0 {
		return nil, nil //nolint:nilnil // a nil template renders nothing
	}
	doc, _ := jsonsource.Parse(raw, jsonsource.Limits{Bytes: MaxBytes, Depth: MaxDepth, Values: maxValues})
	ps := &problems{file: file, text: doc}
	found := func(ref *reference, t *trail) {
		for i := range ref.terms {
			if term := &ref.terms[i]; term.literal == nil && term.root != rootEvent {
				at := place{trail: t, from: term.from, to: term.to}
				ps.at(codeRefers, at, rootNames[term.root]+" is nothing to refer to here", "there is no run yet: refer to event")
			}
		}
	}
	wrong := func(err *syntaxError, t *trail) {
		ps.at(codeSyntax, place{trail: t, from: err.from, to: err.to}, err.message, strings.Replace(err.help, validRoots(), "a reference begins with event", 1))
	}
	t := newTemplate(raw, nil, found, wrong)
	if len(ps.list) > 0 {
		return nil, ps.list
	}
	return &Template{t}, nil
}

// Render puts the template together with an event, any JSON. The error is an
// [*EvalError].
func (t *Template) Render(event json.RawMessage) (json.RawMessage, error) {
	if t == nil {
		return nil, nil
	}
	return t.template.render(&Scope{event: event})
}

// References reports whether anything in the template depends on the event.
func (t *Template) References() bool { return t != nil && t.template.pieces != nil }
