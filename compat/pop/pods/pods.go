// Package pods executes operations of Comcast's Priority Operation Processing as
// pods, with the images that were made for it: it makes the settings of Berth's
// Kubernetes executor of POP's registry, and speaks POP's contract with handlers.
//
//	r, err := registry.Parse(text)
//	settings, problems, err := pods.Registry(r)
//	kube.Options{
//		Registry:  settings,
//		Contracts: map[string]kube.Contract{pods.Contract: pods.Handler{Operation: pop.Operations(store)}},
//	}
package pods

import (
	"encoding/json"

	"github.com/berth-project/berth/compat/pop/handler"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
)

// Contract is the name of POP's contract in the settings of pods.
const Contract = "pop"

// Handler speaks POP's contract. It implements [kube.Contract].
type Handler struct {
	// Operation finds the operation of a task, for its name and id; nil where it
	// does not know. Without it handlers are told the step's name and no id.
	Operation func(task work.Task) *object.Operation
}

var _ kube.Contract = Handler{}

// Give implements [kube.Contract].
func (h Handler) Give(task work.Task, _ kube.Settings, saved json.RawMessage) (kube.Given, error) {
	var o *object.Operation
	if h.Operation != nil {
		o = h.Operation(task)
	}
	vars, err := handler.Environment(task, o, saved)
	if err != nil {
		return kube.Given{}, err
	}
	var g kube.Given
	for _, v := range vars {
		g.Env = append(g.Env, kube.Variable(v))
	}
	return g, nil
}

// Heard implements [kube.Contract].
func (Handler) Heard(annotations map[string]string) kube.Heard {
	p, ok := handler.Heard(annotations)
	return kube.Heard{Progress: ok, Percent: p.Percent, Message: p.Message, Saved: p.Saved, Done: p.Done}
}

// Result implements [kube.Contract]. What a handler of POP's leaves stands in the
// annotations alone.
func (Handler) Result(annotations map[string]string, _ string) work.Result {
	return handler.Result(annotations)
}
