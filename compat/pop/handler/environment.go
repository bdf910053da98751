package handler

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
)

// maxLastProgress is how long LAST_PROGRESS may be; it is never compressed.
const maxLastProgress = 64 << 10

// Environment returns the environment of the handler of a task. o is the operation
// as the agenda has it; nil where that is not known, and then the name is the
// step's and there is no id. saved is what the earlier attempt left, as
// [Progress.Saved] had it.
func Environment(task work.Task, o *object.Operation, saved json.RawMessage) ([]Variable, error) {
	vars, err := pack(task.With)
	if err != nil {
		return nil, err
	}
	if o == nil {
		o = &object.Operation{Name: task.Step}
	}
	vars = append(vars,
		Variable{Name: "AGENDA_ID", Value: task.Labels[translate.LabelAgenda]},
		Variable{Name: "OPERATION_NAME", Value: o.Name},
		Variable{Name: "OPERATION_ID", Value: o.ID},
		Variable{Name: "CID", Value: task.Labels[translate.LabelCID]},
		Variable{Name: "CUSTOMER_ID", Value: task.Tenant},
		Variable{Name: "LOG_LEVEL", Value: "INFO"},
		Variable{Name: "MY_POD_NAME", Field: "metadata.name"})
	if len(saved) == 0 {
		return vars, nil
	}
	last, err := lastProgress(o.Name, saved)
	if err != nil {
		return nil, err
	}
	return append(vars, Variable{Name: "LAST_PROGRESS", Value: last}), nil
}

// lastProgress is the progress of the earlier attempt, as far as it is known.
func lastProgress(operation string, saved json.RawMessage) (string, error) {
	var params object.Params
	if err := json.Unmarshal(saved, &params); err != nil {
		return "", fmt.Errorf("what the last attempt left is no object: %w", err)
	}
	text, err := json.Marshal(&object.OperationProgress{Operation: operation, State: object.Executing, Params: params})
	if err == nil && len(text) > maxLastProgress {
		err = fmt.Errorf("what the last attempt left has %d bytes, at most %d fit into a variable", len(text), maxLastProgress)
	}
	return string(text), err
}
