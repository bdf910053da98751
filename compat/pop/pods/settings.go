package pods

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/berth-project/berth/compat/pop/registry"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
)

// Registry returns the settings of the pods of each type of operation, but for
// POP's own executor, and what in them is likely a mistake or is done otherwise
// here. The error names a type that has no image.
func Registry(r *registry.Registry) (kube.Registry, []registry.Problem, error) {
	all := kube.Registry{Types: map[string]kube.Settings{}}
	problems := r.Problems()
	for _, name := range r.Types() {
		if name == registry.Executor {
			continue
		}
		c, err := r.Pod(name)
		if err != nil {
			return kube.Registry{}, nil, err
		}
		if c.Image == "" {
			return kube.Registry{}, nil, fmt.Errorf("registry: %s: podConfig.imageName is missing", name)
		}
		s, found := Settings(c)
		for _, p := range append(c.Advice(), found...) {
			p.Type = name
			problems = append(problems, p)
		}
		all.Types[translate.StepType(name)] = s
	}
	return all, problems, nil
}

// Settings says POP's settings of a pod in Berth's words, and what of them is done
// otherwise.
//
// POP's handlers write annotations to their own pod: they keep the credential of
// their service account, which should be allowed that and nothing else. POP's
// images run as any user, and POP limits no memory.
func Settings(c registry.PodConfig) (kube.Settings, []registry.Problem) {
	yes := true
	retries := c.RetryCount
	s := kube.Settings{
		Contract: Contract, NamePrefix: c.NamePrefix, Image: c.Image, Args: c.Arguments, Env: c.Env, Labels: c.Labels,
		CPU: c.CPURequest, CPULimit: c.CPULimit, Memory: c.Memory, MemoryLimit: kube.NoLimit,
		ServiceAccount: c.ServiceAccount, Token: &yes, Root: &yes,
		StartTimeout: millis(c.ScheduledTimeout), SilenceTimeout: millis(c.StdoutTimeout),
		CreateRetries: &retries, CreateDelay: millis(c.RetryDelay), EndOfLog: c.EndOfLog, Remove: kube.RemoveNever,
	}
	if c.OutputScraping {
		s.EndOfLog = c.ExpectedLine
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
	mount(&s, c)
	var p problems
	p.prefix(&s)
	p.memory(&s)
	p.alive(&s, c.AliveCheck)
	return s, p
}

func mount(s *kube.Settings, c registry.PodConfig) {
	for _, m := range c.ConfigMaps {
		if m.Name != "" { // the built-in settings name no config map: a type does
			s.ConfigMaps = append(s.ConfigMaps, configMap(m))
		}
	}
	for _, n := range c.NFS {
		s.NFS = append(s.NFS, kube.NFS{Server: n.Server, Path: n.ServerPath, Mounts: n.MountPaths, ReadOnly: n.ReadOnly})
	}
	if c.EmptyDirLogging {
		s.EmptyDirs = append(s.EmptyDirs, kube.EmptyDir{Path: registry.DumpsPath})
	}
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

// problems gathers what is done otherwise.
type problems []registry.Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, registry.Problem{Field: "podConfig." + field, Message: fmt.Sprintf(format, args...)})
}

// maxPrefix is how long the prefix of a pod's name may be here, where the run and
// the step follow instead of a UUID.
const maxPrefix = 16

// prefix makes a prefix one that a name can begin with. POP's end with a dash as
// they like.
func (p *problems) prefix(s *kube.Settings) {
	var b strings.Builder
	for _, c := range strings.ToLower(s.NamePrefix) {
		if c < 'a' || c > 'z' {
			if c < '0' || c > '9' {
				c = '-'
			}
		}
		b.WriteRune(c)
	}
	own := b.String()
	own = strings.Trim(own[:min(len(own), maxPrefix)], "-")
	if trimmed := strings.TrimSuffix(s.NamePrefix, "-"); own != trimmed {
		p.add("namePrefix", "is %q, which names of pods here cannot begin with: they begin with %q", s.NamePrefix, own)
	}
	s.NamePrefix = own
	if own == "" {
		return
	}
	labels := map[string]string{"app": own} // as POP does
	maps.Copy(labels, s.Labels)
	s.Labels = labels
}

// memory does not ask for a few bytes: whoever wrote "1000m" got a pod that asks
// for nothing.
func (p *problems) memory(s *kube.Settings) {
	n, err := kube.Bytes(s.Memory)
	if s.Memory == "" || err != nil || n >= kube.LeastMemory {
		return // what is no quantity the executor refuses
	}
	p.add("memoryRequestCount", "is %q, less than a program can start in: pods here ask for %s", s.Memory, defaultMemory)
	s.Memory = defaultMemory
}

const defaultMemory = "256Mi"

// alive links a pod to what it is to die with. Without a host POP means its own
// executor; here pods outlive an engine on purpose, and the next one takes over
// their results.
func (p *problems) alive(s *kube.Settings, a *registry.AliveDetail) {
	switch {
	case a == nil || !a.Linking:
	case a.Host == "":
		p.add("aliveCheckDetails.aliveCheckHost", "is missing: the pod would die with POP's executor; here it outlives the engine, which takes its result when it is back")
	default:
		s.Alive = &kube.Alive{
			Host: a.Host, Path: a.Path, Port: a.Port,
			Every: workflow.Duration(time.Duration(a.Interval) * time.Second), Failures: a.FailureThreshold,
		}
	}
}
