package kube

import (
	"time"

	"github.com/berth-project/berth/workflow"
)

// Settings are those of the pods of a step type. In a [Registry] a type's
// settings replace those of the base field by field; what neither has is
// Defaults'.
type Settings struct {
	// As is "pod", or "job" for a Job around it, for clusters whose quotas and
	// queues work with Jobs. Default pod.
	As string `json:"as,omitempty"`
	// Contract is how handlers are given their work and answer: "berth", or
	// another that the program was built with. Default berth.
	Contract string `json:"contract,omitempty"`

	// NamePrefix begins the names of pods. Default "berth".
	NamePrefix string `json:"name-prefix,omitempty"`
	// Image is what runs. Name it with its digest where you can.
	Image string `json:"image,omitempty"`
	// Command replaces the image's entry point, Args its arguments.
	Command []string `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
	// Env is added to the environment, SecretEnv from Secrets of the namespace.
	Env       map[string]string    `json:"env,omitempty"`
	SecretEnv map[string]SecretKey `json:"secret-env,omitempty"`
	// Labels and Annotations are added to those of Berth.
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`

	// Pull is "Always", "IfNotPresent" or "Never". Default: the cluster's
	// choice, which is Always for the tag latest and IfNotPresent for others.
	Pull string `json:"pull,omitempty"`
	// PullSecrets name Secrets with the credentials of registries.
	PullSecrets []string `json:"pull-secrets,omitempty"`

	// CPU and Memory are what a pod asks for, the limits what it may use:
	// Kubernetes' quantities. Default 100m, no limit for the CPU, and 256Mi;
	// of a memory and its limit the one is the default of the other. A memory
	// limit of "none" is none: the handler may use all that its node has, and
	// takes it from others there.
	CPU         string `json:"cpu,omitempty"`
	CPULimit    string `json:"cpu-limit,omitempty"`
	Memory      string `json:"memory,omitempty"`
	MemoryLimit string `json:"memory-limit,omitempty"`
	// Resources are further limits, which are asked for too, such as
	// "nvidia.com/gpu" or "ephemeral-storage".
	Resources map[string]string `json:"resources,omitempty"`

	// ServiceAccount is the pod's. Default: the namespace's. Token gives the
	// pod that account's credential. Default false.
	ServiceAccount string `json:"service-account,omitempty"`
	Token          *bool  `json:"token,omitempty"`
	// User is the number of the user the handler runs as. Default: the
	// image's, which must not be root unless Root is set.
	User *int64 `json:"user,omitempty"`
	Root *bool  `json:"root,omitempty"`
	// ReadOnly makes the root file system read-only; see EmptyDirs.
	ReadOnly *bool `json:"read-only,omitempty"`
	// Privileged gives the handler the node: with it whoever controls the
	// image controls the cluster.
	Privileged *bool `json:"privileged,omitempty"`

	// StartTimeout is how long a pod may take until it runs. Default 5m.
	StartTimeout workflow.Duration `json:"start-timeout,omitempty"`
	// SilenceTimeout is how long it may write nothing to its log. Default:
	// as long as it likes.
	SilenceTimeout workflow.Duration `json:"silence-timeout,omitempty"`
	// Deadline is how long a pod may live whatever happens to Berth, where
	// the step has no timeout. Default 24h.
	Deadline workflow.Duration `json:"deadline,omitempty"`
	// Grace is how long a handler has to end when it is asked to. Default 30s.
	Grace workflow.Duration `json:"grace,omitempty"`
	// CreateRetries is how often creating a pod is tried again when the
	// cluster does not answer, CreateDelay the pause before. Default 3 and 3s.
	CreateRetries *int              `json:"create-retries,omitempty"`
	CreateDelay   workflow.Duration `json:"create-delay,omitempty"`

	// Payload is how a handler of Berth's contract gets it: "env", "file", or
	// "auto": env up to 64 KiB, file beyond. Default auto.
	Payload string `json:"payload,omitempty"`
	// Report gives it a URL and a token for progress and results, where the
	// service has an address for them. Default false.
	Report *bool `json:"report,omitempty"`
	// EndOfLog is a line that says that the handler is done: the pod then has
	// Grace to end. Default: none.
	EndOfLog string `json:"end-of-log,omitempty"`
	// Remove is which pods the reaper deletes once their result is recorded,
	// not only by age: "never", "succeeded" or "always". Default succeeded.
	Remove string `json:"remove,omitempty"`

	// NodeSelector names labels a node must have.
	NodeSelector map[string]string `json:"node-selector,omitempty"`
	// Dedicated prefers nodes kept for such work.
	Dedicated *Dedicated `json:"dedicated,omitempty"`
	// PriorityClass, RuntimeClass and Scheduler are the cluster's names.
	PriorityClass string `json:"priority-class,omitempty"`
	RuntimeClass  string `json:"runtime-class,omitempty"`
	Scheduler     string `json:"scheduler,omitempty"`

	ConfigMaps  []ConfigMap `json:"config-maps,omitempty"`
	NFS         []NFS       `json:"nfs,omitempty"`
	EmptyDirs   []EmptyDir  `json:"empty-dirs,omitempty"`
	HostAliases []HostAlias `json:"host-aliases,omitempty"`
	// Alive ends the pod when something else does not answer any more.
	Alive *Alive `json:"alive,omitempty"`
}

// SecretKey is a value in a Secret.
type SecretKey struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Dedicated are nodes with a label "dedicated" and a taint of that name.
type Dedicated struct {
	// Prefer is the label's value: such nodes are preferred.
	Prefer string `json:"prefer,omitempty"`
	// Tolerate is the value of the taint dedicated=…:NoSchedule.
	Tolerate string `json:"tolerate,omitempty"`
}

// ConfigMap is mounted as a directory.
type ConfigMap struct {
	Name string `json:"name"`
	// Volume is the name of the volume. Default: made up.
	Volume string `json:"volume,omitempty"`
	Path   string `json:"path"`
	// Files are the keys that become files, by key. Default: all, named as
	// their keys.
	Files map[string]string `json:"files,omitempty"`
}

// NFS is a directory of a file server.
type NFS struct {
	Server   string   `json:"server"`
	Path     string   `json:"path"`
	Mounts   []string `json:"mounts"`
	ReadOnly bool     `json:"read-only,omitempty"`
}

// EmptyDir is a directory that is the pod's own.
type EmptyDir struct {
	Path string `json:"path"`
	// Size bounds it; a pod over it is evicted. Default: no bound.
	Size string `json:"size,omitempty"`
	// Memory keeps it in memory, which counts against the memory limit.
	Memory bool `json:"memory,omitempty"`
}

// HostAlias is a line of the pod's /etc/hosts.
type HostAlias struct {
	IP    string   `json:"ip"`
	Names []string `json:"names"`
}

// Alive is a liveness probe that asks something else, with curl, which the
// image must have: a handler that works for it dies with it.
type Alive struct {
	Host string `json:"host"`
	Path string `json:"path,omitempty"`
	Port int    `json:"port"`
	// Every is the time between two questions. Default 2s.
	Every workflow.Duration `json:"every,omitempty"`
	// Failures is how many in a row end the pod. Default 10.
	Failures int `json:"failures,omitempty"`
}

// The values of Settings.
const (
	AsPod = "pod"
	AsJob = "job"

	ContractBerth = "berth"

	NoLimit = "none"

	PayloadAuto = "auto"
	PayloadEnv  = "env"
	PayloadFile = "file"

	RemoveNever     = "never"
	RemoveSucceeded = "succeeded"
	RemoveAlways    = "always"
)

// Defaults returns the settings that stand where neither the type nor the base
// has any.
func Defaults() Settings {
	retries := 3
	return Settings{
		As: AsPod, Contract: ContractBerth, NamePrefix: "berth",
		StartTimeout: workflow.Duration(5 * time.Minute), Deadline: workflow.Duration(24 * time.Hour),
		Grace: workflow.Duration(30 * time.Second), CreateRetries: &retries, CreateDelay: workflow.Duration(3 * time.Second),
		Payload: PayloadAuto, Remove: RemoveSucceeded,
	}
}
