package shell

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow"
)

// Request is the "with" of a step of type "shell". Unknown keys are refused.
type Request struct {
	// Command is the program and its arguments, or a text that is run with
	// /bin/sh -c.
	Command Argv `json:"command"`
	// Dir is where it works: an absolute path below one of the directories
	// that the operator allows. Default: the attempt's own directory.
	Dir string `json:"dir,omitempty"`
	// Env are variables: a text, or {"secret": "name"} for a secret that the
	// operator knows by that name and hides from logs and failures.
	Env map[string]Value `json:"env,omitempty"`
	// Stdin is the payload: a text is given as it is, everything else as JSON.
	Stdin json.RawMessage `json:"stdin,omitempty"`
	// Input is how the payload is given: "stdin" (default), "env" or "file".
	Input Input `json:"input,omitempty"`
	// Result is where the result comes from: "stdout" (default), "text", "file"
	// or "none".
	Result Result `json:"result,omitempty"`
	// Limits are at most the operator's.
	Limits Limits `json:"limits,omitzero"`
	// Grace is how long it has after SIGTERM; at most the operator's, which is
	// the default.
	Grace workflow.Duration `json:"grace,omitempty"`
}

// Argv is a program and its arguments, or a script for /bin/sh. In JSON it is
// an array of texts, or a text.
type Argv struct {
	Program []string
	Script  string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Argv) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &a.Script); err == nil {
		return nil
	}
	if err := json.Unmarshal(data, &a.Program); err != nil {
		return errors.New("command: want an array of texts, or a text for /bin/sh -c")
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (a Argv) MarshalJSON() ([]byte, error) {
	if a.Script != "" {
		return json.Marshal(a.Script)
	}
	return json.Marshal(a.Program)
}

// Value is the value of a variable: a text, or the name of a secret that is.
type Value = with.Value

// maxVariables bounds what a document may add to an environment.
const maxVariables = 256

// parseRequest reads a "with", and checks what does not depend on the options.
func parseRequest(data json.RawMessage) (Request, error) {
	var r Request
	if err := with.Decode(data, &r); err != nil {
		return Request{}, err
	}
	errs := []error{r.Input.validate(), r.Result.validate()}
	if r.Command.Script == "" && (len(r.Command.Program) == 0 || r.Command.Program[0] == "") {
		errs = append(errs, errors.New("command: missing: want an array of texts, or a text for /bin/sh -c"))
	}
	if len(r.Env) > maxVariables {
		errs = append(errs, fmt.Errorf("env: %d variables are more than the %d allowed", len(r.Env), maxVariables))
	}
	for name := range r.Env {
		if err := validVariable(name); err != nil {
			errs = append(errs, fmt.Errorf("env: %w", err))
		}
	}
	return r, errors.Join(errs...)
}

// payload is what Stdin gives the program.
func (r Request) payload() []byte {
	var text string
	if len(r.Stdin) > 0 && r.Stdin[0] == '"' && json.Unmarshal(r.Stdin, &text) == nil {
		return []byte(text)
	}
	return r.Stdin
}
