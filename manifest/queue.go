package manifest

import (
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/workflow/expression"
)

// Queue is where runs of workflows wait.
type Queue struct {
	// Name is what submissions and people call it.
	Name string `yaml:"name" required:"true" format:"setting"`
	// Match is a CEL expression over run, params and steps: the first queue
	// whose expression holds takes a run that names none. Without one it takes
	// only runs that name it.
	Match string `yaml:"match" literal:"true"`
	// Fallback takes the runs that no other queue does.
	Fallback bool `yaml:"fallback"`
	// Order decides which of two queues is asked first, for a match and for the
	// next run to start: the lower, and of equals the first by name.
	Order int `yaml:"order" default:"0" min:"-1000000" max:"1000000"`
	// Policy is the order in which runs start.
	Policy string `yaml:"policy" default:"fair" enum:"fair fifo round-robin priority deadline"`
	// Concurrency bounds the runs that run at once.
	Concurrency QueueConcurrency `yaml:"concurrency"`
	// Pool is where steps are executed that name none.
	Pool string `yaml:"pool" default:"default" format:"setting"`
	// Delegated hands out whole runs to workers that decide by themselves which
	// step runs when; Berth dispatches none of their steps.
	Delegated bool `yaml:"delegated"`
	// Priority is that of runs that bring none: 0 is the most urgent.
	Priority int `yaml:"priority" default:"5" min:"0" max:"9"`
	// Ageing lifts a run by one class each time it has waited this long.
	Ageing Duration `yaml:"ageing" default:"1m" min:"1s" max:"24h"`
	// Floor is the share of starts that each class is promised that has a run to
	// start.
	Floor float64 `yaml:"floor" default:"0.02" min:"0" max:"0.1"`
	// Tenants may use the queue.
	// Default: all.
	Tenants []string `yaml:"tenants" literal:"true"`
	// Paused starts nothing.
	// Default: as it was left.
	Paused *bool `yaml:"paused"`
	// Draining takes nothing new, and runs what waits.
	// Default: as it was left.
	Draining *bool `yaml:"draining"`
}

// QueueConcurrency bounds the runs of a queue that run at once.
type QueueConcurrency struct {
	// Runs is for all runs of the queue.
	Runs int `yaml:"runs" short:"true" default:"1000" min:"1" max:"1000000"`
	// PerTenant is for the runs of one tenant; 0 does not bound them.
	PerTenant int `yaml:"per-tenant" min:"0" max:"1000000"`
	// PerKey is for the runs with the same concurrency key; 0 does not bound
	// them.
	PerKey int `yaml:"per-key" min:"0" max:"1000000"`
}

// WorkPool is a pool: the slots this service has for it, and what holds for
// all workers of it.
type WorkPool struct {
	// Slots is how many steps this service executes at once in it; 0 leaves the
	// pool to workers elsewhere.
	Slots int `yaml:"slots" short:"true" default:"0" min:"0" max:"10000"`
	// Limit bounds the slots in use at once over all workers; 0 does not.
	Limit int `yaml:"limit" min:"0" max:"1000000"`
	// PerType bounds the steps of a type that run at once.
	PerType map[string]int `yaml:"per-type" key:"setting" min:"0" max:"1000000"`
	// PerKey bounds the steps with the same concurrency key.
	PerKey int `yaml:"per-key" min:"0" max:"1000000"`
	// Lease is how long a worker may be silent before its task is given to
	// another.
	Lease Duration `yaml:"lease" default:"30s" min:"1s" max:"24h"`
	// Paused hands out nothing.
	// Default: as it was left.
	Paused *bool `yaml:"paused"`
	// Draining begins no run for it; steps of runs that have begun are still
	// handed out.
	// Default: as it was left.
	Draining *bool `yaml:"draining"`
}

// WorkTenant is the share of a tenant beside others, and its limits.
type WorkTenant struct {
	// Weight is its share beside that of others.
	Weight float64 `yaml:"weight" short:"true" default:"1" min:"0.001" max:"10000"`
	// Running bounds its runs that run at once over all queues of a shard; 0 does
	// not.
	Running int `yaml:"running" min:"0" max:"1000000"`
	// Queued bounds its runs that wait; 0 does not.
	Queued int `yaml:"queued" min:"0" max:"100000000"`
	// Payload bounds the parameters and the document of a run of its; 0 leaves
	// them the engine's bounds.
	Payload Size `yaml:"payload" max:"8MiB"`
	// Rate bounds the runs it submits a second, on average; 0 does not.
	Rate float64 `yaml:"rate" min:"0" max:"1000000"`
	// Burst is how many of them it may submit at once.
	// Default: those of a second.
	Burst int `yaml:"burst" min:"0" max:"1000000"`
	// Suspended starts none of its runs.
	// Default: as it was left.
	Suspended *bool `yaml:"suspended"`
}

// checkWork checks what takes more than one field.
func (m *Manifest) checkWork() {
	if len(m.Queues) > 0 && m.Work == nil {
		m.src.at("queues", codeConflict, "there are queues, and nothing that runs what is in them").Help = "add work: {} to run workflows"
	}
	m.checkQueues()
	if m.Work == nil {
		return
	}
	if strings.HasPrefix(string(m.Work.Listen), "unix:") {
		m.src.at("work.listen", codeConflict, "workers elsewhere cannot reach a socket file").Help = `write an address: "127.0.0.1:7070"`
	}
	m.checkTenants()
	m.checkSecrets()
	m.checkTypes()
	if c := m.Work.Containers; c != nil {
		for host, r := range c.Registries {
			if r != nil {
				m.reference(KeyPath("work.containers.registries", host)+".password", r.Password)
			}
		}
	}
}

func (m *Manifest) checkQueues() {
	names := map[string]int{}
	fallback := -1
	for i := range m.Queues {
		q := &m.Queues[i]
		path := item("queues", i)
		m.unique(names, q.Name, path+".name", i, "queue")
		if _, err := expression.Compile(expression.Match, q.Match); q.Match != "" && err != nil {
			m.src.at(path+".match", codeMatch, "%s", err)
		}
		if !q.Fallback {
			continue
		}
		if fallback >= 0 {
			m.src.at(path+".fallback", codeConflict, "queue %q is the fallback already", m.Queues[fallback].Name).Help = "keep one of them"
		}
		fallback = i
	}
}

// leastRate is the lowest rate there is, in runs a second: eight a day.
const leastRate = 0.0001

func (m *Manifest) checkTenants() {
	for name, t := range m.Work.Tenants {
		if t == nil {
			continue
		}
		path := KeyPath("work.tenants", name)
		if t.Rate > 0 && t.Rate < leastRate {
			m.src.at(path+".rate", codeOutOfRange, "%s.rate: this is out of range", path).Help = "it must be 0, or at least 0.0001"
		}
		if t.Burst > 0 && t.Rate == 0 {
			m.src.at(path+".burst", codeConflict, "a burst without a rate bounds nothing").Help = "add rate: how many runs a second, on average"
		}
	}
}

// checkSecrets checks that no secret stands in the file, and that programs are
// given only what is there for them.
func (m *Manifest) checkSecrets() {
	w := m.Work
	for name, s := range w.Secrets {
		if s == nil {
			continue
		}
		for i, v := range s.Values {
			m.reference(item(KeyPath("work.secrets", name)+".values", i), v)
		}
		if len(s.Tenants) == 0 && !s.Operator {
			m.src.at(KeyPath("work.secrets", name), codeConflict, "nobody may use the secret %q", name).
				Help = `list its tenants, "*" for all, or say operator: true for the operator's subscriptions`
		}
	}
	for typ, st := range w.Steps {
		if st != nil {
			m.checkVariables(KeyPath("work.steps", typ)+".secrets", typ, st.Secrets)
		}
	}
	if w.Containers == nil {
		return
	}
	for typ, im := range w.Containers.Images {
		if im != nil {
			m.checkVariables(KeyPath("work.containers.images", typ)+".secrets", typ, im.Secrets)
		}
	}
}

// checkVariables checks the secrets that a program has as variables. What is
// in a file of secrets is found out when that is read.
func (m *Manifest) checkVariables(path, typ string, variables map[string]string) {
	for variable, name := range variables {
		s := m.Work.Secrets[name]
		switch {
		case s == nil && m.Work.SecretsFile == "":
			p := m.src.at(KeyPath(path, variable), codeConflict, "there is no secret %q", name)
			suggest(p, name, slices.Sorted(maps.Keys(m.Work.Secrets)))
		case s != nil && !slices.Contains(s.Steps, typ):
			m.src.at(KeyPath(path, variable), codeConflict, "steps of type %q may not have the secret %q", typ, name).
				Help = "add " + typ + " to " + KeyPath("work.secrets", name) + ".steps"
		}
	}
}

// checkTypes reports step types that have two programs.
func (m *Manifest) checkTypes() {
	w := m.Work
	if w.Shell != nil && w.Shell.Enabled && w.Steps["shell"] != nil {
		m.src.at("work.steps.shell", codeConflict, `steps of type "shell" bring their own commands`).Help = "give the type another name, or remove work.shell"
	}
	if w.Containers == nil {
		return
	}
	for typ := range w.Containers.Images {
		if _, both := w.Steps[typ]; both {
			m.src.at(KeyPath("work.containers.images", typ), codeConflict, "steps of type %q have a program already", typ).
				Help = "keep one of the two, or name them apart"
		}
	}
}

// reference reports a value that must be a reference and is not.
func (m *Manifest) reference(path string, t Template) {
	names := t.Names()
	if t == "" || len(names) == 1 && (string(t) == "${"+names[0]+"}" || string(t) == "${"+names[0]+":-}") {
		return
	}
	m.src.at(path, codeFormat, "%s is not a reference", path).Help = `write "${NAME}": secrets have no place in this file`
}
