package manifest

import (
	"github.com/berth-project/berth/workflow/expression"
)

// Work is background work: the engine that runs workflows for the service.
type Work struct {
	// Store is where runs are kept: postgres://…, which several engines may
	// share, or an SQLite file, relative to the manifest.
	// Default: work.db in the data directory.
	Store Template `yaml:"store" secret:"true"`
	// Listen is the address of the API, /api/v1, for workers and programs
	// elsewhere. Processes of the service find it in BERTH_WORK_URL, with a key
	// in BERTH_WORK_KEY.
	// Default: a free port of the loopback address.
	Listen Template `yaml:"listen" format:"address"`
	// Advertise is the URL under which other engines of the same store reach
	// the API of this one.
	Advertise Template `yaml:"advertise" format:"origin"`
	// Pools are where steps are executed, by name; "default" is where steps go
	// that name none.
	// Default: one pool, "default", with eight slots for each processor.
	Pools map[string]*WorkPool `yaml:"pools" key:"slug"`
	// Steps are the programs of step types, by type: what a document says with
	// "run" is run by the operator's choice of program, not by its author's.
	Steps map[string]*WorkStep `yaml:"steps" key:"slug"`
	// Containers run step types as containers of Docker or Podman.
	Containers *WorkContainers `yaml:"containers"`
	// Kubernetes runs step types as pods of a cluster.
	Kubernetes *WorkKubernetes `yaml:"kubernetes"`
	// Workflows are files with documents, or patterns of such files, relative to
	// the manifest. Each becomes the newest version of its workflow.
	Workflows []string `yaml:"workflows" format:"file" literal:"true"`
	// Schedules are files with schedules as the API takes them, or patterns of
	// such files, relative to the manifest.
	Schedules []string `yaml:"schedules" format:"file" literal:"true"`
	// Shell lets documents bring commands of their own, run as this service's
	// user. Whoever may submit a document may then do what this user may.
	Shell bool `yaml:"shell"`
	// AllowHosts are the hosts that steps and webhooks may call:
	// "api.example.org", "*.example.org", or "*" for all.
	AllowHosts []string `yaml:"allow-hosts" literal:"true"`
	// AllowNetworks are the private networks they may reach.
	AllowNetworks []Template `yaml:"allow-networks" format:"network"`
	// Retention is how long runs are kept once they are final.
	Retention WorkRetention `yaml:"retention"`
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
	PerType map[string]int `yaml:"per-type" key:"slug"`
	// PerKey bounds the steps with the same concurrency key.
	PerKey int `yaml:"per-key" min:"0" max:"1000000"`
	// Lease is how long a worker may be silent before its task is given to
	// another.
	Lease Duration `yaml:"lease" default:"30s" min:"1s" max:"24h"`
}

// WorkStep is the program of a step type.
type WorkStep struct {
	// Command is the program with its arguments.
	Command Command `yaml:"command" short:"true" required:"true"`
	// Directory is where it runs, relative to the manifest.
	// Default: a directory of the attempt's own, which is gone with it.
	Directory Template `yaml:"directory" format:"file"`
	// Environment are its variables, besides those of the attempt. It has no
	// others of the service's.
	Environment map[string]Template `yaml:"environment" key:"variable" secret:"true" also:"number boolean"`
	// Input is how it is given its payload besides in a file.
	Input string `yaml:"input" default:"stdin" enum:"stdin env file"`
	// Result is where its result comes from: JSON on stdout, a text on stdout,
	// JSON in a file, or nowhere.
	Result string `yaml:"result" default:"stdout" enum:"stdout text file none"`
	// Grace is how long it has between SIGTERM and SIGKILL.
	Grace Duration `yaml:"grace" default:"10s" min:"0s" max:"10m"`
}

// WorkKubernetes runs step types as pods.
type WorkKubernetes struct {
	// Registry is the file, JSON, that says which pod executes which step type,
	// relative to the manifest; docs/workflows.md says what is in it.
	Registry string `yaml:"registry" short:"true" required:"true" format:"file" literal:"true"`
	// Namespace is where pods are created.
	Namespace string `yaml:"namespace" default:"default" format:"slug"`
	// Kubeconfig is a file that says which cluster.
	// Default: the cluster Berth itself runs in, or else the user's own file.
	Kubeconfig Template `yaml:"kubeconfig" format:"file"`
	// Context is one of that file's.
	// Default: its current one.
	Context string `yaml:"context"`
}

// WorkContainers runs step types as containers.
type WorkContainers struct {
	// Socket is where the engine of Docker or Podman listens.
	Socket string `yaml:"socket" default:"/var/run/docker.sock"`
	// Images are what step types run, by type.
	Images map[string]*WorkImage `yaml:"images" key:"slug" required:"true"`
}

// WorkImage is the image of a step type.
type WorkImage struct {
	// Image is its name, best with a digest.
	Image Template `yaml:"image" short:"true" required:"true"`
	// Command replaces the image's own.
	Command []string `yaml:"command" literal:"true"`
	// Environment are its variables, besides those of the attempt.
	Environment map[string]Template `yaml:"environment" key:"variable" secret:"true" also:"number boolean"`
	// Pull says when the image is pulled.
	Pull string `yaml:"pull" default:"missing" enum:"missing always never"`
	// Network is the network of the engine that it joins.
	// Default: none.
	Network string `yaml:"network"`
	// User is whom it runs as, "1000" or "1000:1000".
	// Default: the image's.
	User string `yaml:"user"`
	// Memory bounds its memory, swap included; 0 does not.
	Memory Size `yaml:"memory" max:"1TiB"`
	// Processors bounds the processors it keeps busy; 0 does not.
	Processors int `yaml:"processors" min:"0" max:"1024"`
	// Result is where its result comes from: JSON in a file, JSON on stdout, a
	// text on stdout, or nowhere.
	Result string `yaml:"result" default:"file" enum:"file stdout text none"`
	// Grace is how long it has between SIGTERM and SIGKILL.
	Grace Duration `yaml:"grace" default:"10s" min:"0s" max:"10m"`
}

// WorkRetention is how long runs are kept once they are final.
type WorkRetention struct {
	// Succeeded is for runs that succeeded; 0 is forever.
	Succeeded Duration `yaml:"succeeded" default:"168h" min:"0s" max:"87600h"`
	// Failed is for all others; 0 is forever.
	Failed Duration `yaml:"failed" default:"720h" min:"0s" max:"87600h"`
}

// Queue is where runs of workflows wait.
type Queue struct {
	// Name is what submissions and people call it.
	Name string `yaml:"name" required:"true" format:"slug"`
	// Match is a CEL expression over run, params and steps: the first queue
	// whose expression holds takes a run that names none. Without one it takes
	// only runs that name it.
	Match string `yaml:"match" literal:"true"`
	// Fallback takes the runs that no other queue does.
	Fallback bool `yaml:"fallback"`
	// Policy is the order in which runs start.
	Policy string `yaml:"policy" default:"fair" enum:"fair fifo round-robin priority deadline"`
	// Concurrency bounds the runs that run at once.
	Concurrency QueueConcurrency `yaml:"concurrency"`
	// Pool is where steps are executed that name none.
	Pool string `yaml:"pool" default:"default" format:"slug"`
	// Ageing lifts a run by one class each time it has waited this long.
	Ageing Duration `yaml:"ageing" default:"1m" min:"1s" max:"24h"`
	// Tenants may use the queue.
	// Default: all.
	Tenants []string `yaml:"tenants" literal:"true"`
}

// QueueConcurrency bounds the runs of a queue that run at once; 0 does not.
type QueueConcurrency struct {
	// Runs is for all runs of the queue.
	// Default: 1000.
	Runs int `yaml:"runs" short:"true" min:"0" max:"1000000"`
	// PerTenant is for the runs of one tenant.
	PerTenant int `yaml:"per-tenant" min:"0" max:"1000000"`
	// PerKey is for the runs with the same concurrency key.
	PerKey int `yaml:"per-key" min:"0" max:"1000000"`
}

// checkWork checks what takes more than one field.
func (m *Manifest) checkWork() {
	if len(m.Queues) > 0 && m.Work == nil {
		m.src.at("queues", codeConflict, "there are queues, and nothing that runs what is in them").Help = "add work: {} to run workflows"
	}
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
