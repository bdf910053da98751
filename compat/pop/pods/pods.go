// Package pods executes operations of Comcast's Priority Operation Processing as
// pods, with the images that were made for it: it makes the settings of Berth's
// Kubernetes executor of POP's registry, and speaks POP's contract with handlers.
//
//	r, err := registry.Parse(text)
//	settings, err := pods.Registry(r)
//	kube.Options{
//		Registry:  settings,
//		Contracts: map[string]kube.Contract{pods.Contract: pods.Handler{Operation: pop.Operations(store)}},
//	}
package pods

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/berth-project/berth/compat/pop/handler"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/registry"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
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

// Registry returns the settings of the pods of each type of operation, but for
// POP's own executor. The error names a type that has no image.
func Registry(r *registry.Registry) (kube.Registry, error) {
	all := kube.Registry{Types: map[string]kube.Settings{}}
	for _, name := range r.Types() {
		if name == registry.Executor {
			continue
		}
		c, err := r.Pod(name)
		if err != nil {
			return kube.Registry{}, err
		}
		if c.Image == "" {
			return kube.Registry{}, fmt.Errorf("registry: %s: podConfig.imageName is missing", name)
		}
		all.Types[translate.StepType(name)] = Settings(c)
	}
	return all, nil
}

// Settings says POP's settings of a pod in Berth's words.
//
// POP's handlers write annotations to their own pod: they keep the credential of
// their service account, which should be allowed that and nothing else. POP's
// images run as any user.
func Settings(c registry.PodConfig) kube.Settings {
	yes := true
	retries := c.RetryCount
	s := kube.Settings{
		Contract: Contract, NamePrefix: c.NamePrefix, Image: c.Image, Args: c.Arguments, Env: c.Env, Labels: c.Labels,
		CPU: c.CPURequest, CPULimit: c.CPULimit, Memory: c.Memory,
		ServiceAccount: c.ServiceAccount, Token: &yes, Root: &yes,
		StartTimeout: millis(c.ScheduledTimeout), SilenceTimeout: millis(c.StdoutTimeout),
		CreateRetries: &retries, CreateDelay: millis(c.RetryDelay), EndOfLog: c.EndOfLog, Remove: kube.RemoveNever,
	}
	if c.PullAlways {
		s.Pull = "Always"
	}
	if c.Privileged {
		s.Privileged = &yes
	}
	if c.ReapCompleted {
		s.Remove = kube.RemoveAlways
	}
	if c.UseTainted {
		s.Dedicated = &kube.Dedicated{Prefer: c.TaintedSelector, Tolerate: c.TaintedToleration}
	}
	for _, m := range c.ConfigMaps {
		if m.Name != "" { // the built-in settings name no config map: a type does
			s.ConfigMaps = append(s.ConfigMaps, configMap(m))
		}
	}
	for _, n := range c.NFS {
		s.NFS = append(s.NFS, kube.NFS{Server: n.Server, Path: n.ServerPath, Mounts: n.MountPaths, ReadOnly: n.ReadOnly})
	}
	if a := c.AliveCheck; a != nil {
		s.Alive = &kube.Alive{
			Host: a.Host, Path: a.Path, Port: a.Port,
			Every: workflow.Duration(time.Duration(a.Interval) * time.Second), Failures: a.FailureThreshold,
		}
	}
	return s
}

func configMap(m registry.ConfigMap) kube.ConfigMap {
	c := kube.ConfigMap{Name: m.Name, Volume: m.Volume, Path: m.MountPath}
	for _, f := range m.Files {
		if c.Files == nil {
			c.Files = map[string]string{}
		}
		c.Files[f.Key] = f.Path
	}
	return c
}

func millis(n int64) workflow.Duration {
	return workflow.Duration(time.Duration(n) * time.Millisecond)
}
