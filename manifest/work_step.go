package manifest

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
	// Secrets are variables whose values are secrets of work.secrets, by the
	// secrets' names. They are hidden in what it logs.
	Secrets map[string]string `yaml:"secrets" key:"variable" format:"setting"`
	// Input is how it is given its payload besides in a file.
	Input string `yaml:"input" default:"stdin" enum:"stdin env file"`
	// Result is where its result comes from: JSON on stdout, a text on stdout,
	// JSON in a file, or nowhere.
	Result string `yaml:"result" default:"stdout" enum:"stdout text file none"`
	// Grace is how long it has between SIGTERM and SIGKILL.
	Grace Duration `yaml:"grace" default:"10s" min:"0s" max:"10m"`
	// Memory bounds the memory of all its processes; 0 does not.
	Memory Size `yaml:"memory" max:"1TiB"`
	// ProcessorTime bounds the time they keep processors busy; 0 does not.
	ProcessorTime Duration `yaml:"processor-time" min:"0s" max:"720h"`
	// Processes bounds how many there are at once; 0 does not.
	Processes int `yaml:"processes" min:"0" max:"1000000"`
	// Files bounds the files that each has open; 0 does not.
	Files int `yaml:"files" min:"0" max:"1000000"`
}

// WorkContainers runs step types as containers.
type WorkContainers struct {
	// Socket is where the engine of Docker or Podman listens.
	Socket string `yaml:"socket" default:"/var/run/docker.sock"`
	// Images are what step types run, by type.
	Images map[string]*WorkImage `yaml:"images" key:"setting" required:"true"`
	// Registries are the accounts that images are pulled with, by the registry's
	// host.
	Registries map[string]*WorkRegistry `yaml:"registries" key:"host"`
	// PullTimeout is how long the pulling of an image may take.
	PullTimeout Duration `yaml:"pull-timeout" default:"10m" min:"1s" max:"24h"`
}

// WorkRegistry is an account of a registry of images.
type WorkRegistry struct {
	// Username is its name.
	Username Template `yaml:"username" required:"true"`
	// Password is its password or token. It must be a ${NAME} reference.
	Password Template `yaml:"password" secret:"true" required:"true"`
}

// WorkImage is the image of a step type.
type WorkImage struct {
	// Image is its name, best with a digest.
	Image Template `yaml:"image" short:"true" required:"true"`
	// Entrypoint replaces the image's own.
	Entrypoint []string `yaml:"entrypoint" literal:"true"`
	// Command replaces the image's own.
	Command []string `yaml:"command" literal:"true"`
	// Environment are its variables, besides those of the attempt.
	Environment map[string]Template `yaml:"environment" key:"variable" secret:"true" also:"number boolean"`
	// Secrets are variables whose values are secrets of work.secrets, by the
	// secrets' names. They are hidden in what it logs.
	Secrets map[string]string `yaml:"secrets" key:"variable" format:"setting"`
	// Pull says when the image is pulled.
	Pull string `yaml:"pull" default:"missing" enum:"missing always never"`
	// Network is the network of the engine that it joins.
	// Default: none.
	Network string `yaml:"network"`
	// User is whom it runs as, "1000" or "1000:1000".
	// Default: the image's.
	User string `yaml:"user" also:"number"`
	// Writable lets it write to its root file system; /tmp it can write to in any
	// case.
	Writable bool `yaml:"writable"`
	// Capabilities are those it has, such as "CHOWN".
	// Default: none.
	Capabilities []string `yaml:"capabilities"`
	// Mounts are directories of the engine's host that it sees.
	Mounts []WorkMount `yaml:"mounts"`
	// Runtime is the engine's runtime, such as "runsc".
	// Default: the engine's own.
	Runtime string `yaml:"runtime"`
	// Memory bounds its memory, swap included; 0 does not.
	Memory Size `yaml:"memory" max:"1TiB"`
	// Processors bounds the processors it keeps busy; 0 does not.
	Processors float64 `yaml:"processors" min:"0" max:"1024"`
	// Processes bounds the processes, threads included.
	Processes int `yaml:"processes" default:"256" min:"1" max:"1000000"`
	// Files bounds the files that each process has open.
	Files int `yaml:"files" default:"1024" min:"1" max:"1000000"`
	// Ulimits are further limits of each process, by the engine's names, such as
	// "nproc". The kernel counts some of them per user, not per container.
	Ulimits map[string]int `yaml:"ulimits" key:"setting" min:"0" max:"1000000000"`
	// Input is how it is given its payload besides in a file.
	Input string `yaml:"input" default:"file" enum:"file env"`
	// Result is where its result comes from: JSON in a file, JSON on stdout, a
	// text on stdout, or nowhere.
	Result string `yaml:"result" default:"file" enum:"file stdout text none"`
	// Grace is how long it has between SIGTERM and SIGKILL.
	Grace Duration `yaml:"grace" default:"10s" min:"0s" max:"10m"`
}

// WorkMount is a directory of the engine's host in a container.
type WorkMount struct {
	// Source is its absolute path on the host.
	Source Template `yaml:"source" required:"true" format:"path"`
	// Target is its absolute path in the container.
	Target string `yaml:"target" required:"true" format:"path"`
	// Writable lets the container write to it.
	Writable bool `yaml:"writable"`
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
	// Keep is how long pods are kept that have ended, where their type does not say
	// that they go before.
	Keep Duration `yaml:"keep" default:"24h" min:"1m" max:"8760h"`
	// Foreign removes pods of the namespace that Berth did not create, too, once
	// they have ended so long ago.
	Foreign bool `yaml:"foreign"`
}
