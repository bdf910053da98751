package handler

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// The annotations that a handler writes to its pod.
const (
	AnnotationProgress = "pop.report.progress"
	AnnotationPayload  = "pop.report.payload"
)

// EndOfLog is the line that ends the log of a handler.
const EndOfLog = "HandlerComplete"

// The codes of failures.
const (
	codeHandler = "handler" // it says that it failed
	codeReport  = "report"  // what it tells cannot be understood, or is missing
)

// Progress is what a handler has told so far.
type Progress struct {
	Percent float64
	Message string
	// Saved is for the next attempt; nil for nothing.
	Saved json.RawMessage
	// Done says that nothing more is to come.
	Done bool
}

// Heard reads what a handler has told by the annotations of its pod. False means
// nothing that can be understood.
func Heard(annotations map[string]string) (Progress, bool) {
	o, err := progress(annotations)
	if o == nil || err != nil {
		return Progress{}, false
	}
	p := Progress{Message: o.StateMessage, Done: o.State == object.Complete}
	if o.PercentComplete != nil {
		p.Percent = min(max(*o.PercentComplete, 0), 100)
	}
	if o.Params != nil {
		if saved, err := json.Marshal(o.Params); err == nil {
			p.Saved = saved
		}
	}
	return p, true
}

// Result is what became of an attempt, by the annotations that its handler left.
// Only a handler that says COMPLETE and "succeeded", in lower case, has succeeded.
func Result(annotations map[string]string) work.Result {
	o, err := progress(annotations)
	switch {
	case err != nil:
		return failed(codeReport, fmt.Sprintf("annotation %s: %v", AnnotationProgress, err), nil)
	case o == nil:
		return failed(codeReport, "the handler ended without telling its progress", nil)
	case o.State != object.Complete:
		return failed(codeReport, fmt.Sprintf("the handler ended and had told %s %s", o.State, o.StateMessage), o.Diagnostics)
	case o.StateMessage != object.Succeeded:
		return failed(codeHandler, fmt.Sprintf("the handler says %q", o.StateMessage), o.Diagnostics)
	}
	payload, ok := annotations[AnnotationPayload]
	if !ok || payload == "" {
		return work.Result{Output: json.RawMessage("{}")}
	}
	if !json.Valid([]byte(payload)) {
		return failed(codeReport, "annotation "+AnnotationPayload+" is no JSON", nil)
	}
	return work.Result{Output: json.RawMessage(payload)}
}

// progress reads the annotation; nil where there is none.
func progress(annotations map[string]string) (*object.OperationProgress, error) {
	text, ok := annotations[AnnotationProgress]
	if !ok || text == "" {
		return nil, nil
	}
	o, err := object.KindOperationProgress.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	return o.(*object.OperationProgress), nil
}

func failed(code, message string, events []object.DiagnosticEvent) work.Result {
	f := &machine.Failure{Code: code, Message: message}
	if len(events) > 0 {
		last := events[len(events)-1]
		if last.Message != "" {
			f.Message = last.Message
		}
		f.Detail = last.Payload
	}
	return work.Result{Failure: f}
}
