package registry

import "github.com/berth-project/berth/compat/pop/internal/field"

// PodConfig is how the pod of an operation is made. Times are in milliseconds,
// quantities as Kubernetes writes them.
type PodConfig struct {
	// NamePrefix begins the pod's name; a UUID follows.
	NamePrefix string            `json:"namePrefix,omitempty"`
	Image      string            `json:"imageName,omitempty"`
	Arguments  []string          `json:"arguments,omitempty"`
	Env        map[string]string `json:"envVars,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	// ServiceAccount is "pop-service" by default.
	ServiceAccount string `json:"serviceAccountName,omitempty"`
	// CPURequest and CPULimit are "1.0" by default.
	CPURequest string `json:"cpuMinRequestCount,omitempty"`
	CPULimit   string `json:"cpuMaxRequestCount,omitempty"`
	// Memory is what is requested; the original sets no limit.
	Memory string `json:"memoryRequestCount,omitempty"`
	// ReapCompleted deletes pods when they are done.
	ReapCompleted bool `json:"reapCompletedPods,omitempty"`
	PullAlways    bool `json:"pullAlways,omitempty"`
	Privileged    bool `json:"dockerPrivileged,omitempty"`
	// EmptyDirLogging mounts an empty directory at DumpsPath.
	EmptyDirLogging bool `json:"defaultEmptyDirLogging,omitempty"`
	// OutputScraping makes ExpectedLine the line that ends the log.
	OutputScraping bool `json:"enableOutputScraping,omitempty"`
	// ScheduledTimeout is how long a pod may take until it runs; 300000 by
	// default.
	ScheduledTimeout int64 `json:"podScheduledTimeoutMs,omitempty"`
	// StdoutTimeout is how long a pod may be silent; 120000 by default.
	StdoutTimeout int64 `json:"podStdoutTimeout,omitempty"`
	// RetryCount is how often creating a pod is tried again; 0 by default.
	RetryCount int `json:"podRetryCount,omitempty"`
	// RetryDelay is the pause before; 3000 by default.
	RetryDelay int64 `json:"retryDelayMilliSecs,omitempty"`
	// UseTainted prefers nodes that are dedicated to TaintedSelector, and
	// tolerates the taint dedicated=TaintedToleration.
	UseTainted        bool   `json:"useTaintedNodes,omitempty"`
	TaintedSelector   string `json:"taintedNodeSelector,omitempty"`
	TaintedToleration string `json:"taintedNodeToleration,omitempty"`
	// EndOfLog is the line that says that the handler is done;
	// "HandlerComplete" by default.
	EndOfLog string `json:"endOfLogIdentifier,omitempty"`
	// ExpectedLine is "HandlerComplete" by default; see OutputScraping.
	ExpectedLine string       `json:"logLineExpectation,omitempty"`
	ConfigMaps   []ConfigMap  `json:"configMapSettings,omitempty"`
	NFS          []NFS        `json:"nfsSettings,omitempty"`
	AliveCheck   *AliveDetail `json:"aliveCheckDetails,omitempty"`
}

// DumpsPath is where [PodConfig].EmptyDirLogging mounts its directory.
const DumpsPath = "/app/dumps"

// ConfigMap mounts files of a config map.
type ConfigMap struct {
	Name      string    `json:"configMapName,omitempty"`
	Volume    string    `json:"volumeName,omitempty"`
	MountPath string    `json:"volumeMountPath,omitempty"`
	Files     []KeyPath `json:"mapKeyPaths,omitempty"`
}

// KeyPath puts the value of a key into a file.
type KeyPath struct {
	Key  string `json:"key,omitempty"`
	Path string `json:"path,omitempty"`
}

// NFS mounts a directory of a file server at some paths.
type NFS struct {
	Server     string   `json:"nfsServer,omitempty"`
	ServerPath string   `json:"nfsServerPath,omitempty"`
	MountPaths []string `json:"nfsMountPaths,omitempty"`
	ReadOnly   bool     `json:"nfsReadOnly,omitempty"`
}

// AliveDetail lets a pod die with the one that started it: with Linking it asks
// whether that one still answers.
type AliveDetail struct {
	Linking bool `json:"aliveCheckLinking,omitempty"`
	// Host is that of the pod which starts this one where it is "".
	Host string `json:"aliveCheckHost,omitempty"`
	Path string `json:"alivePath,omitempty"`
	Port int    `json:"alivePort,omitempty"`
	// Interval is in seconds.
	Interval         int `json:"aliveCheckInterval,omitempty"`
	FailureThreshold int `json:"aliveCheckFailureThreshold,omitempty"`
}

// defaults are the built-in settings.
func defaults() PodConfig {
	return PodConfig{
		ServiceAccount:   "pop-service",
		CPURequest:       "1.0",
		CPULimit:         "1.0",
		ScheduledTimeout: 300_000,
		StdoutTimeout:    120_000,
		RetryDelay:       3000,
		EndOfLog:         "HandlerComplete",
		ExpectedLine:     "HandlerComplete",
		ConfigMaps: []ConfigMap{{
			Volume:    "config-volume",
			MountPath: "/app/config",
			Files: []KeyPath{
				{Key: "external-properties", Path: "external.properties"},
				{Key: "env-properties", Path: "env.properties"},
			},
		}},
	}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *ConfigMap) UnmarshalJSON(data []byte) error { return field.Decode(data, m) }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *KeyPath) UnmarshalJSON(data []byte) error { return field.Decode(data, p) }

// UnmarshalJSON implements [json.Unmarshaler].
func (n *NFS) UnmarshalJSON(data []byte) error { return field.Decode(data, n) }

// UnmarshalJSON implements [json.Unmarshaler]. What is left out of a check takes
// its default: every 2 seconds, 10 failures.
func (a *AliveDetail) UnmarshalJSON(data []byte) error {
	*a = AliveDetail{Interval: 2, FailureThreshold: 10}
	return field.Decode(data, a)
}
