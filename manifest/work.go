package manifest

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
	// FirstKey is a new file, relative to the manifest, that only its owner can
	// read: a start writes an administrator's key of the API to it, for
	// operators, when nobody but processes of services has one.
	// Default: no such key is made.
	FirstKey Template `yaml:"first-key" format:"file"`
	// Advertise is the URL under which other engines of the same store, servers
	// that call back and pods reach the API of this one.
	Advertise Template `yaml:"advertise" format:"origin"`
	// Node is the name of this engine among those that share the store.
	// Default: the host's name, with the process's number and a random part.
	Node Template `yaml:"node"`
	// Shards is how many shards the queues are spread over; the same for all
	// engines of a store.
	Shards int `yaml:"shards" default:"1" min:"1" max:"64"`
	// Ownership is how long a shard stays with an engine that falls silent.
	Ownership Duration `yaml:"ownership" default:"10s" min:"1s" max:"10m"`
	// Drain is how long executing steps may take to end when the service stops;
	// after that they are executed again later.
	// Default: gateway.timeouts.drain.
	Drain Duration `yaml:"drain" min:"0s" max:"1h"`
	// Retention is how long runs are kept once they are final.
	Retention WorkRetention `yaml:"retention"`
	// Pools are where steps are executed, by name; "default" is where steps go
	// that name none.
	// Default: one pool, "default", with eight slots for each processor.
	Pools map[string]*WorkPool `yaml:"pools" key:"setting"`
	// Tenants are the shares and limits of tenants, by name. One that is not
	// here has the weight 1 and no limits.
	Tenants map[string]*WorkTenant `yaml:"tenants" key:"setting"`
	// Steps are the programs of step types, by type: what a document says with
	// "run" is run by the operator's choice of program, not by its author's.
	Steps map[string]*WorkStep `yaml:"steps" key:"setting"`
	// User is the user that programs of steps run as, by name or number. Only
	// root can choose one.
	// Default: the user Berth runs as.
	User string `yaml:"user" format:"account" also:"number"`
	// Group is the group they run as, by name or number.
	// Default: the user's own.
	Group string `yaml:"group" format:"account" also:"number"`
	// Containers run step types as containers of Docker or Podman.
	Containers *WorkContainers `yaml:"containers"`
	// Kubernetes runs step types as pods of a cluster.
	Kubernetes *WorkKubernetes `yaml:"kubernetes"`
	// Shell lets documents bring commands of their own.
	// Default: they may not.
	Shell *WorkShell `yaml:"shell"`
	// JQ lets steps of type "transform" use jq, for at most this long each; 0
	// refuses it, and CEL is always there. Nothing bounds the memory a jq program
	// takes until then: whoever may submit a document can end the service.
	JQ Duration `yaml:"jq" default:"0s" min:"0s" max:"1m"`
	// AllowHosts are the hosts that steps and webhooks may call:
	// "api.example.org", "*.example.org", or "*" for all.
	AllowHosts []string `yaml:"allow-hosts" literal:"true"`
	// AllowNetworks are the private networks they may reach.
	AllowNetworks []Template `yaml:"allow-networks" format:"network"`
	// CA is a file of certificates, PEM, that such calls trust besides those of
	// the system.
	CA Template `yaml:"ca" format:"file"`
	// CallTimeout is how long a call of a step may take that names no time, and
	// the most it may ask for.
	CallTimeout Duration `yaml:"call-timeout" default:"30s" min:"1s" max:"1h"`
	// MaxResponse is how large the body of an answer to it may be.
	MaxResponse Size `yaml:"max-response" default:"512KiB" min:"1KiB" max:"1MiB"`
	// AllowTargets are the ARNs of topics and buses and the URLs of queues of
	// AWS that events may be sent to; "*" stands for any part. Berth sends with
	// its own rights.
	AllowTargets []string `yaml:"allow-targets" literal:"true"`
	// AllowQueues are the URLs of queues of SQS that triggers may read; "*"
	// stands for any part.
	AllowQueues []string `yaml:"allow-queues" literal:"true"`
	// Secrets are what documents, subscriptions and triggers may name and never
	// see, by name.
	Secrets map[string]*WorkSecret `yaml:"secrets" key:"setting"`
	// SecretsFile is a file of more of them, JSON, that only its owner may read,
	// relative to the manifest; docs/workflows.md says what is in it.
	SecretsFile Template `yaml:"secrets-file" format:"file"`
	// Workflows are files with documents, or patterns of such files, relative to
	// the manifest. Each becomes the newest version of its workflow.
	Workflows []string `yaml:"workflows" format:"file" literal:"true"`
	// Schedules are files with schedules as the API takes them, or patterns of
	// such files, relative to the manifest.
	Schedules []string `yaml:"schedules" format:"file" literal:"true"`
	// Subscriptions are files with subscriptions as the API takes them, or
	// patterns of such files.
	Subscriptions []string `yaml:"subscriptions" format:"file" literal:"true"`
	// Triggers are files with triggers as the API takes them, or patterns of such
	// files.
	Triggers []string `yaml:"triggers" format:"file" literal:"true"`
	// POP serves the API of Comcast's Priority Operation Processing below /pop/,
	// beside the engine's own.
	// Default: it is not served.
	POP *WorkPOP `yaml:"pop"`
}

// WorkRetention is how long runs are kept once they are final.
type WorkRetention struct {
	// Succeeded is for runs that succeeded; 0 is forever.
	Succeeded Duration `yaml:"succeeded" default:"168h" min:"0s" max:"87600h"`
	// Failed is for all others; 0 is forever.
	Failed Duration `yaml:"failed" default:"720h" min:"0s" max:"87600h"`
}

// WorkShell says which commands documents may bring. They run as the user of
// steps: without a list of programs, whoever may submit a document may do what
// that user may.
type WorkShell struct {
	// Enabled lets them bring any at all.
	Enabled bool `yaml:"enabled" short:"true" default:"true"`
	// Programs are the absolute paths of those they may run; scripts need
	// "/bin/sh" among them.
	// Default: all.
	Programs []string `yaml:"programs" literal:"true"`
	// Directories are where commands may work, and below.
	// Default: in a directory of the attempt's own only.
	Directories []Template `yaml:"directories" format:"file"`
	// Variables are those that documents may set; "*" stands for all.
	Variables []string `yaml:"variables" default:"*" literal:"true"`
}

// WorkSecret is what documents, subscriptions and triggers may name and never
// see: a header's value, a variable's, or a key that signs.
type WorkSecret struct {
	// Values are its values, the newest first: while one is being replaced there
	// are two. Each must be a ${NAME} reference, as secrets have no place in this
	// file; what is empty is left out.
	Values []Template `yaml:"values" secret:"true" required:"true"`
	// Tenants may use it; "*" stands for all. Whoever signs with a key can have
	// anything signed with it. Without tenants it must be the operator's.
	// Default: none.
	Tenants []string `yaml:"tenants" literal:"true"`
	// Operator lets the operator's subscriptions, those to all tenants, sign with
	// it. No tenant can name it for that.
	Operator bool `yaml:"operator"`
	// Hosts are those that steps may send it to in a header, with "*" for any
	// part of a name.
	// Default: none.
	Hosts []string `yaml:"hosts" literal:"true"`
	// Steps are the types of steps whose programs and containers may be given it
	// in a variable.
	// Default: none.
	Steps []string `yaml:"steps" format:"setting"`
}

// WorkPOP is the API of Comcast's Priority Operation Processing.
type WorkPOP struct {
	// Enabled serves it.
	Enabled bool `yaml:"enabled" short:"true" default:"true"`
	// Envelope answers errors as POP does: with status 200 and an envelope.
	Envelope bool `yaml:"envelope"`
	// Quirks reads tokens and queries as POP does, defects included, and lets null
	// in a PUT change nothing: for those who compare the two.
	Quirks bool `yaml:"quirks"`
	// RequireLease refuses reports that do not show the lease getAgenda gave. POP's
	// own executors show none.
	RequireLease bool `yaml:"require-lease"`
	// Lease is how long an executor may be silent before its agenda waits again.
	Lease Duration `yaml:"lease" default:"5m" min:"10s" max:"24h"`
	// Keep is how long agendas are kept, with their progress and their runs, once
	// they are complete; 0 is forever. What work.retention removes before cannot run
	// again.
	Keep Duration `yaml:"keep" default:"72h" min:"0s" max:"87600h"`
	// Attempts is how often an agenda is tried that does not say.
	Attempts int `yaml:"attempts" default:"3" min:"1" max:"20"`
	// Execute are the ids or titles of the insights whose agendas Berth executes
	// itself, operation by operation, in the slots of the pool pop/ID; "*" stands
	// for all.
	// Default: all are left to POP's executors.
	Execute []string `yaml:"execute" literal:"true"`
}
