package container

import (
	"maps"
	"slices"
	"strconv"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// The labels of a container.
const (
	labelScope = "berth.scope"
	labelRun   = "berth.run"
	labelStep  = "berth.step"
	labelItem  = "berth.item"
	labelFence = "berth.fence"
)

// spec is what "Create a container" of the Docker Engine API takes, as far as
// it is used.
type spec struct {
	Image      string
	Entrypoint []string `json:",omitempty"`
	Cmd        []string `json:",omitempty"`
	Env        []string
	User       string `json:",omitempty"`
	Labels     map[string]string
	HostConfig hostConfig
}

type hostConfig struct {
	NetworkMode    string
	ReadonlyRootfs bool
	CapDrop        []string
	CapAdd         []string `json:",omitempty"`
	SecurityOpt    []string
	Memory         int64 `json:",omitempty"`
	MemorySwap     int64 `json:",omitempty"`
	NanoCPUs       int64 `json:"NanoCpus,omitempty"`
	PidsLimit      int64
	Ulimits        []ulimit
	Tmpfs          map[string]string `json:",omitempty"`
	Mounts         []mount
	LogConfig      logConfig
	Runtime        string `json:",omitempty"`
}

type ulimit struct {
	Name       string
	Soft, Hard int64
}

type mount struct {
	Type     string
	Source   string `json:",omitempty"`
	Target   string
	ReadOnly bool
}

type logConfig struct {
	Type   string
	Config map[string]string
}

// spec returns the container of a program.
func (e *Executor) spec(task work.Task, p *program) spec {
	box, l := p.Sandbox, p.Limits
	host := hostConfig{
		NetworkMode: box.Network, ReadonlyRootfs: !box.Writable,
		CapDrop: []string{"ALL"}, CapAdd: box.Capabilities, SecurityOpt: []string{"no-new-privileges"},
		Memory: int64(l.Memory), MemorySwap: int64(l.Memory), NanoCPUs: int64(l.CPUs * 1e9), PidsLimit: int64(l.Processes),
		Ulimits: []ulimit{{"nofile", int64(l.Files), int64(l.Files)}, {"core", 0, 0}},
		Mounts:  []mount{{Type: "volume", Target: directory}}, Runtime: box.Runtime,
		// A driver whose log can be read back, whatever the engine's default
		// is, and one that does not fill the disk.
		LogConfig: logConfig{"json-file", map[string]string{"max-size": strconv.FormatInt(int64(l.Log)+logSlack, 10)}},
	}
	if host.NetworkMode == "" {
		host.NetworkMode = "none"
	}
	if !box.Writable {
		host.Tmpfs = map[string]string{"/tmp": "rw,nosuid,nodev,mode=1777"}
	}
	for _, name := range slices.Sorted(maps.Keys(box.Ulimits)) {
		host.Ulimits = append(host.Ulimits, ulimit{name, box.Ulimits[name], box.Ulimits[name]})
	}
	for _, m := range box.Mounts {
		host.Mounts = append(host.Mounts, mount{"bind", m.Source, m.Target, !m.Writable})
	}
	return spec{
		Image: p.Image.Image, Entrypoint: p.Entrypoint, Cmd: p.Command, Env: e.environment(task, p), User: box.User,
		Labels: labels(e.opts.Scope, Ref{task.Run, task.Step, task.Item, task.Fence}), HostConfig: host,
	}
}

// logSlack is how much longer than the log the engine's file may be: it has
// times and names in it.
const logSlack = 16 << 20

// environment returns what the program of a task is given.
func (e *Executor) environment(task work.Task, p *program) []string {
	vars := map[string]string{}
	for _, more := range []map[string]string{e.opts.Environment, p.variables} {
		for name, value := range more {
			vars[name] = value
		}
	}
	vars["BERTH_RUN"], vars["BERTH_STEP"] = task.Run.String(), task.Step
	vars["BERTH_ATTEMPT"] = strconv.Itoa(task.Attempt)
	vars["BERTH_FENCE"] = strconv.FormatUint(uint64(task.Fence), 10)
	vars["BERTH_KEY"], vars["BERTH_TENANT"] = task.Key, task.Tenant
	vars["BERTH_PAYLOAD_FILE"], vars["BERTH_RESULT_FILE"] = payloadFile, resultFile
	if task.Item >= 0 {
		vars["BERTH_ITEM"] = strconv.Itoa(task.Item)
	}
	if task.State != nil {
		vars["BERTH_STATE_FILE"] = stateFile
	}
	if p.Input == InputEnv {
		vars["BERTH_PAYLOAD"] = string(p.payload)
	}
	env := make([]string, 0, len(vars))
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

func labels(scope string, r Ref) map[string]string {
	return map[string]string{
		labelScope: scope, labelRun: r.Run.String(), labelStep: r.Step,
		labelItem: strconv.Itoa(r.Item), labelFence: strconv.FormatUint(uint64(r.Fence), 10),
	}
}

// refOf returns the attempt that the labels of a container name.
func refOf(labels map[string]string) (Ref, error) {
	run, err := workflow.ParseRunID(labels[labelRun])
	if err != nil {
		return Ref{}, err
	}
	item, err := strconv.Atoi(labels[labelItem])
	if err != nil {
		return Ref{}, err
	}
	fence, err := strconv.ParseUint(labels[labelFence], 10, 64)
	return Ref{run, labels[labelStep], item, machine.Fence(fence)}, err
}
