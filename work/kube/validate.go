package kube

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxPrefix leaves room for run, step and attempt in a name of 63 characters.
const maxPrefix = 16

// findings gathers what is wrong.
type findings []error

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Validate reports everything that is wrong with complete settings, as
// [Registry.Settings] returns them.
func (s Settings) Validate(contracts ...string) []error {
	var f findings
	if s.Image == "" {
		f.add("image is missing: no pod can be started")
	}
	f.oneOf("as", s.As, AsPod, AsJob)
	f.oneOf("contract", s.Contract, append([]string{ContractBerth}, contracts...)...)
	f.oneOf("payload", s.Payload, PayloadAuto, PayloadEnv, PayloadFile)
	f.oneOf("remove", s.Remove, RemoveNever, RemoveSucceeded, RemoveAlways)
	if s.Pull != "" {
		f.oneOf("pull", s.Pull, string(corev1.PullAlways), string(corev1.PullIfNotPresent), string(corev1.PullNever))
	}
	if len(s.NamePrefix) > maxPrefix || len(validation.IsDNS1123Label(s.NamePrefix)) > 0 {
		f.add("name-prefix %q: up to %d lower-case letters, digits and - are allowed", s.NamePrefix, maxPrefix)
	}
	if s.CreateRetries != nil && (*s.CreateRetries < 0 || *s.CreateRetries > 100) {
		f.add("create-retries is %d: 0 to 100 are allowed", *s.CreateRetries)
	}
	s.checkEnvironment(&f)
	s.checkResources(&f)
	s.checkSecurity(&f)
	s.checkMounts(&f)
	return f
}

func (f *findings) oneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add("%s %q is not known: write %s", name, value, strings.Join(allowed, ", "))
	}
}

// reserved are the names of variables, labels and annotations that Berth sets.
func reserved(name string) bool {
	return strings.HasPrefix(name, "BERTH_") || strings.HasPrefix(name, "berth.dev/")
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func (s Settings) checkEnvironment(f *findings) {
	names := slices.Concat(slices.Sorted(maps.Keys(s.Env)), slices.Sorted(maps.Keys(s.SecretEnv)))
	for i, name := range names {
		if !variableName.MatchString(name) || reserved(name) {
			f.add("env %q: not a name for a variable, or one of Berth's own", name)
		}
		if slices.Contains(names[:i], name) {
			f.add("env %q is in secret-env too", name)
		}
	}
	for _, labels := range []map[string]string{s.Labels, s.NodeSelector} {
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			if len(validation.IsQualifiedName(name)) > 0 || len(validation.IsValidLabelValue(labels[name])) > 0 || reserved(name) {
				f.add("label %q=%q: not allowed in Kubernetes, or one of Berth's own", name, labels[name])
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Annotations)) {
		if len(validation.IsQualifiedName(strings.ToLower(name))) > 0 || reserved(name) {
			f.add("annotation %q: not allowed in Kubernetes, or one of Berth's own", name)
		}
	}
	for _, a := range s.HostAliases {
		if _, err := netip.ParseAddr(a.IP); err != nil || len(a.Names) == 0 {
			f.add("host-aliases: %q %v: an address and at least one name are wanted", a.IP, a.Names)
		}
	}
	if a := s.Alive; a != nil && (a.Host == "" || strings.HasPrefix(a.Host, "-") || a.Port < 1 || a.Port > 65535) {
		f.add("alive: a host and a port from 1 to 65535 are wanted")
	}
}

// LeastMemory is what no program starts in, in bytes: below it a unit was
// forgotten, or "m", a thousandth of a byte, was meant to be mebibytes. Such
// settings are refused.
const LeastMemory = 1 << 20

// Bytes reads a quantity of memory, such as "512Mi", rounded up to whole bytes.
func Bytes(quantity string) (int64, error) {
	q, err := resource.ParseQuantity(quantity)
	if err != nil {
		return 0, fmt.Errorf("memory %q is no quantity: write one such as 512Mi or 2Gi", quantity)
	}
	return q.Value(), nil
}

func (s Settings) checkResources(f *findings) {
	quantities := maps.Clone(s.Resources)
	if quantities == nil {
		quantities = map[string]string{}
	}
	maps.Copy(quantities, map[string]string{"cpu": s.CPU, "cpu-limit": s.CPULimit, "memory": s.Memory})
	if s.MemoryLimit != s.Memory && s.MemoryLimit != NoLimit {
		quantities["memory-limit"] = s.MemoryLimit
	}
	for _, name := range slices.Sorted(maps.Keys(quantities)) {
		text := quantities[name]
		if text == "" {
			continue
		}
		q, err := resource.ParseQuantity(text)
		switch {
		case err != nil || q.Sign() < 0:
			f.add("%s %q is no quantity: write one such as 500m or 2 for cpu, 512Mi or 2Gi for memory", name, text)
		case strings.HasPrefix(name, "memory") && q.Value() < LeastMemory:
			f.add("%s %q is %d bytes: m means a thousandth; write Mi for mebibytes", name, text, q.Value())
		}
	}
	f.atMost("cpu", s.CPU, s.CPULimit)
	f.atMost("memory", s.Memory, s.MemoryLimit)
}

func (f *findings) atMost(name, request, limit string) {
	r, err1 := resource.ParseQuantity(request)
	l, err2 := resource.ParseQuantity(limit)
	if err1 == nil && err2 == nil && r.Cmp(l) > 0 {
		f.add("%s asks for %s, more than its limit of %s", name, request, limit)
	}
}

func (s Settings) checkSecurity(f *findings) {
	if s.User != nil && (*s.User < 0 || *s.User > 1<<31-1) {
		f.add("user %d is not the number of a user", *s.User)
	}
	if s.User != nil && *s.User == 0 && !set(s.Root) {
		f.add("user is 0: set root to allow it")
	}
	if set(s.Report) && s.Contract != ContractBerth {
		f.add("report is for the contract %q only", ContractBerth)
	}
}

func (s Settings) checkMounts(f *findings) {
	var paths []string
	mount := func(kind, p string) {
		switch {
		case !path.IsAbs(p) || path.Clean(p) != p || p == "/" || strings.Contains(p, ":"):
			f.add("%s: %q is no absolute path to mount something at", kind, p)
		case slices.Contains(paths, p):
			f.add("%s: something is mounted at %s already", kind, p)
		}
		paths = append(paths, p)
	}
	for _, c := range s.ConfigMaps {
		mount("config-maps", c.Path)
		if c.Name == "" {
			f.add("config-maps: the name of the one at %s is missing", c.Path)
		}
		for key, file := range c.Files {
			if path.IsAbs(file) || path.Clean(file) != file || strings.HasPrefix(file, "..") {
				f.add("config-maps: the file %q for key %q has to be a path within %s", file, key, c.Path)
			}
		}
	}
	for _, n := range s.NFS {
		if n.Server == "" || !path.IsAbs(n.Path) || len(n.Mounts) == 0 {
			f.add("nfs: a server, an absolute path and at least one mount are wanted")
		}
		for _, p := range n.Mounts {
			mount("nfs", p)
		}
	}
	for _, e := range s.EmptyDirs {
		mount("empty-dirs", e.Path)
		if _, err := resource.ParseQuantity(e.Size); e.Size != "" && err != nil {
			f.add("empty-dirs: the size %q of %s is no quantity", e.Size, e.Path)
		}
	}
}

// set reports whether an option was switched on.
func set(option *bool) bool { return option != nil && *option }
