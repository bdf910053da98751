package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// Contract is how handlers are given their work and how they answer. An
// implementation is stateless and safe for concurrent use.
type Contract interface {
	// Give says what the pod of a task gets; saved is what an earlier attempt
	// left. An error is final: no retry can help.
	Give(task work.Task, settings Settings, saved json.RawMessage) (Given, error)
	// Heard reads what the handler has told through the pod's annotations; it
	// is asked whenever they change.
	Heard(annotations map[string]string) Heard
	// Result is asked when the handler has exited with 0, or ended its log.
	// Message is what it wrote to the file of its termination message.
	Result(annotations map[string]string, message string) work.Result
}

// Given is what the pod of a task gets.
type Given struct {
	// Env are variables of its environment.
	Env []Variable
	// File, unless nil, becomes a file in the pod, at PayloadPath.
	File []byte
	// MessagePath is where the handler writes its termination message. Default:
	// Kubernetes'.
	MessagePath string
}

// PayloadPath is where a pod has [Given].File.
const PayloadPath = "/run/berth/payload.json"

// Variable is one of the environment.
type Variable struct {
	Name, Value string
	// Field names a field of the pod that is the value, such as
	// "metadata.name".
	Field string
}

// Heard is what a running handler has told.
type Heard struct {
	// Progress is true where there was word of it.
	Progress bool
	Percent  float64
	Message  string
	// Saved, unless nil, is for the next attempt.
	Saved json.RawMessage
	// Done says that nothing more is to come but the end of the program.
	Done bool
}

const (
	// maxEnvPayload is how much a variable carries; Linux takes 128 KiB as one
	// string, and all of a pod is kept by the cluster as long as the pod.
	maxEnvPayload = 64 << 10
	// maxFilePayload is what a ConfigMap takes.
	maxFilePayload = 1<<20 - 4<<10
	// maxMessage is where Kubernetes cuts a termination message.
	maxMessage = 4096

	messagePath = "/dev/termination-log"
)

// errTooLarge is the cause of kube.payload.
var errTooLarge = errors.New("is larger than a pod can be given")

// berth is Berth's own contract.
type berth struct{}

// Give implements Contract.
func (berth) Give(task work.Task, s Settings, saved json.RawMessage) (Given, error) {
	g := Given{MessagePath: messagePath, Env: []Variable{
		{Name: "BERTH_RUN", Value: task.Run.String()},
		{Name: "BERTH_STEP", Value: task.Step},
		{Name: "BERTH_ATTEMPT", Value: strconv.Itoa(task.Attempt)},
		{Name: "BERTH_FENCE", Value: strconv.FormatUint(uint64(task.Fence), 10)},
		{Name: "BERTH_KEY", Value: task.Key},
		{Name: "BERTH_TENANT", Value: task.Tenant},
		{Name: "BERTH_RESULT_FILE", Value: messagePath},
		{Name: "BERTH_POD", Field: "metadata.name"},
	}}
	if task.Item >= 0 {
		g.Env = append(g.Env, Variable{Name: "BERTH_ITEM", Value: strconv.Itoa(task.Item)})
	}
	if len(saved) > maxEnvPayload {
		return Given{}, fmt.Errorf("the saved state, %d bytes, %w: up to %d are possible", len(saved), errTooLarge, maxEnvPayload)
	}
	if saved != nil {
		g.Env = append(g.Env, Variable{Name: "BERTH_STATE", Value: string(saved)})
	}
	payload := task.With
	if payload == nil {
		payload = json.RawMessage("null")
	}
	if s.Payload == PayloadEnv || s.Payload == PayloadAuto && len(payload) <= maxEnvPayload {
		if len(payload) > maxEnvPayload {
			return Given{}, fmt.Errorf("the payload, %d bytes, %w in a variable: use payload auto or file", len(payload), errTooLarge)
		}
		g.Env = append(g.Env, Variable{Name: "BERTH_PAYLOAD", Value: string(payload)})
		return g, nil
	}
	if len(payload) > maxFilePayload {
		return Given{}, fmt.Errorf("the payload, %d bytes, %w: keep it elsewhere and give the step a reference", len(payload), errTooLarge)
	}
	g.File = payload
	g.Env = append(g.Env, Variable{Name: "BERTH_PAYLOAD_FILE", Value: PayloadPath})
	return g, nil
}

// Heard implements Contract: a handler tells by lines in its output.
func (berth) Heard(map[string]string) Heard { return Heard{} }

// Result implements Contract.
func (berth) Result(_ map[string]string, message string) work.Result {
	switch {
	case message == "":
		return work.Result{}
	case json.Valid([]byte(message)):
		return work.Result{Output: json.RawMessage(message)}
	case len(message) >= maxMessage:
		return work.Result{Failure: &machine.Failure{
			Code: "result", Fatal: true, Message: fmt.Sprintf("the result is longer than the %d bytes a pod can leave in its file: report it to BERTH_REPORT_URL, or keep it elsewhere and leave a reference", maxMessage),
		}}
	}
	return work.Result{Failure: &machine.Failure{Code: "result", Message: "the file BERTH_RESULT_FILE does not hold JSON"}}
}
