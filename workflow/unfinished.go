package workflow

import (
	"errors"

	"github.com/berth-project/berth/internal/diagnostic"
)

var errUnfinished = errors.New("workflow: being written")

// Parse reads a document: strict JSON, in which unknown keys, keys given twice
// and values of the wrong type are problems. name is the name of the file in
// messages. The error is a diagnostic.List with up to 20 problems, each with line
// and column; it holds the problems of [Document.Check] too.
func Parse(name string, data []byte) (*Document, error) { return nil, errUnfinished }

// ParseSteps reads an array of steps as strictly as [Parse] does. What needs
// the rest of the document to check it is left to [Plan.Extend].
func ParseSteps(name string, data []byte) ([]Step, error) { return nil, errUnfinished }

// Check returns everything that is wrong with a document and can be known without
// the parameters of a run. Problems have a path, not a line.
func (d *Document) Check() diagnostic.List { return nil }

// Schema returns a JSON Schema (2020-12) of the document, for editors.
func Schema() []byte { return nil }

// Error implements error.
func (e *EvalError) Error() string { return e.Path + ": " + e.Message }
