package main

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/workflow"
)

// workflowFile is a file as a person gives it: a document of a workflow, or an
// agenda of POP's in Berth's words.
type workflowFile struct {
	name   string // of the file
	agenda bool
	text   []byte // the document in JSON
	doc    *workflow.Document
	plan   *workflow.Plan
	// Of an agenda only.
	params json.RawMessage
	labels map[string]string
	hold   bool
}

// readWorkflow reads a file, - for standard input. What is wrong with it is a
// diagnostic.List.
func (c *cli) readWorkflow(path string) (*workflowFile, error) {
	f := &workflowFile{name: path}
	var err error
	if path == "-" {
		f.name = "standard input"
		f.text, err = boundedText(c.stdin, f.name, workflow.MaxBytes)
	} else {
		f.text, err = readBounded(path, workflow.MaxBytes)
	}
	if err != nil {
		return nil, err
	}
	if isAgenda(f.text) {
		return f, f.translate()
	}
	if f.doc, err = workflow.Parse(f.name, f.text); err != nil {
		return f, err
	}
	f.plan, err = workflow.Compile(f.doc)
	return f, err
}

// localTenant is whose the runs are that nobody else owns.
const localTenant = "local"

// isAgenda tells an agenda, which has operations, from a document, which has
// steps.
func isAgenda(text []byte) bool {
	var keys struct {
		Operations json.RawMessage `json:"operations"`
		Steps      json.RawMessage `json:"steps"`
	}
	return json.Unmarshal(text, &keys) == nil && keys.Operations != nil && keys.Steps == nil
}

// translate says an agenda in Berth's words.
func (f *workflowFile) translate() error {
	f.agenda = true
	var a object.Agenda
	if err := json.Unmarshal(f.text, &a); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	a.CustomerID = cmp.Or(a.CustomerID, localTenant) // whose it is, is said when it is submitted
	if err := a.Validate(token.Native); err != nil {
		return fmt.Errorf("%s: agenda: %w", f.name, err)
	}
	w, err := translate.Agenda(&a, object.DefaultMaximumAttempts)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	f.doc, f.params, f.labels, f.hold = w.Document, w.Params, w.Labels, w.Hold
	if f.plan, err = workflow.Compile(f.doc); err != nil {
		return err
	}
	if f.text, err = f.doc.Canonical(); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

// kind is what the file holds, in a word.
func (f *workflowFile) kind() string {
	if f.agenda {
		return "agenda"
	}
	return "workflow"
}
