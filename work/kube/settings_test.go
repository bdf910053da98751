package kube_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
)

func TestLayers(t *testing.T) {
	t.Parallel()
	var r kube.Registry
	if err := json.Unmarshal([]byte(`{
		"base": {"image": "base", "labels": {"a": "1"}, "memory": "1Gi", "root": true, "create-retries": 5, "remove": "always"},
		"types": {"plain": {}, "own": {"image": "own", "labels": {"b": "2"}, "root": false, "create-retries": 0, "memory-limit": "2Gi", "start-timeout": "10m"}}
	}`), &r); err != nil {
		t.Fatal(err)
	}
	want := kube.Defaults()
	want.Image, want.Labels, want.Root, want.CreateRetries, want.Remove = "base", map[string]string{"a": "1"}, new(true), new(5), "always"
	want.CPU, want.Memory, want.MemoryLimit = "100m", "1Gi", "1Gi"
	got, _ := r.Settings("plain")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plain (-want +got):\n%s", diff)
	}
	want.Image, want.Labels, want.Root, want.CreateRetries = "own", map[string]string{"b": "2"}, new(false), new(0)
	want.MemoryLimit, want.StartTimeout = "2Gi", workflow.Duration(600e9)
	got, _ = r.Settings("own")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
	if _, ok := r.Settings("none"); ok {
		t.Error("a type that is not there has settings")
	}
	if errs := r.Validate(); len(errs) > 0 {
		t.Errorf("Validate = %v", errs)
	}
}

func TestValidateSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		settings kube.Settings
		want     string
	}{
		{kube.Settings{}, "image is missing"},
		{kube.Settings{As: "deployment"}, `as "deployment" is not known: write pod, job`},
		{kube.Settings{Contract: "pop"}, `contract "pop"`},
		{kube.Settings{Pull: "always"}, "write Always, IfNotPresent, Never"},
		{kube.Settings{NamePrefix: "Upper"}, "name-prefix"},
		{kube.Settings{NamePrefix: strings.Repeat("x", 17)}, "up to 16"},
		{kube.Settings{Memory: "1000m"}, "m means a thousandth"},
		{kube.Settings{CPU: "two"}, "is no quantity"},
		{kube.Settings{CPU: "2", CPULimit: "1"}, "more than its limit"},
		{kube.Settings{User: new(int64(0))}, "set root"},
		{kube.Settings{Env: map[string]string{"BERTH_RUN": "x"}}, "Berth's own"},
		{kube.Settings{Env: map[string]string{"a b": "x"}}, "not a name"},
		{kube.Settings{Env: map[string]string{"A": "x"}, SecretEnv: map[string]kube.SecretKey{"A": {}}}, "secret-env too"},
		{kube.Settings{Labels: map[string]string{"berth.dev/fence": "1"}}, "Berth's own"},
		{kube.Settings{Labels: map[string]string{"a": "not allowed"}}, "not allowed in Kubernetes"},
		{kube.Settings{Annotations: map[string]string{"berth.dev/step": "other"}}, "Berth's own"},
		{kube.Settings{ConfigMaps: []kube.ConfigMap{{Name: "c", Path: "relative"}}}, "no absolute path"},
		{kube.Settings{ConfigMaps: []kube.ConfigMap{{Name: "c", Path: "/a", Files: map[string]string{"k": "../../etc"}}}}, "within /a"},
		{kube.Settings{EmptyDirs: []kube.EmptyDir{{Path: "/a"}, {Path: "/a"}}}, "mounted at /a already"},
		{kube.Settings{NFS: []kube.NFS{{Path: "x"}}}, "nfs"},
		{kube.Settings{HostAliases: []kube.HostAlias{{IP: "localhost"}}}, "host-aliases"},
		{kube.Settings{Alive: &kube.Alive{Host: "-x", Port: 1}}, "alive"},
		{kube.Settings{CreateRetries: new(-1)}, "0 to 100"},
	}
	for _, tc := range tests {
		if tc.want != "image is missing" {
			tc.settings.Image = "i"
		}
		errs := kube.Registry{Types: map[string]kube.Settings{"t": tc.settings}}.Validate()
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), tc.want) {
			t.Errorf("Validate(%+v) = %v, want one error with %q", tc.settings, errs, tc.want)
		}
	}
}

func TestMemoryWithoutLimit(t *testing.T) {
	t.Parallel()
	r := kube.Registry{Types: map[string]kube.Settings{"encode": {Image: "i", MemoryLimit: kube.NoLimit}}}
	if errs := r.Validate(); len(errs) > 0 {
		t.Errorf("Validate = %v", errs)
	}
	tell(t, kube.Settings{Image: "i", MemoryLimit: kube.NoLimit}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		resources := s.pod().Spec.Containers[0].Resources
		if limit, ok := resources.Limits["memory"]; ok || resources.Requests.Memory().String() != "256Mi" {
			t.Errorf("the pod asks for %s and is limited to %s, want 256Mi and no limit", resources.Requests.Memory(), limit.String())
		}
		s.step(func(pod *corev1.Pod) {
			exits(137, "")(pod)
			pod.Status.ContainerStatuses[0].State.Terminated.Reason = "OOMKilled"
		})
		if f := s.failure("kube.oom"); !strings.Contains(f.Message, "node") || strings.Contains(f.Message, "none") {
			t.Errorf("message = %q, want a word about the node", f.Message)
		}
	})
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1000m": 1, "512Mi": 512 << 20, "1G": 1e9} {
		if got, err := kube.Bytes(text); err != nil || got != want {
			t.Errorf("Bytes(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	if got, err := kube.Bytes("much"); err == nil {
		t.Errorf("Bytes(%q) = %d, want an error", "much", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := kube.Registry{Types: map[string]kube.Settings{"t": {Image: "i"}}}
	for want, opts := range map[string]kube.Options{
		"client":     {Registry: good},
		"instance":   {Client: fake.NewClientset(), Registry: good, Instance: "not a label"},
		"image":      {Client: fake.NewClientset(), Registry: kube.Registry{Types: map[string]kube.Settings{"t": {}}}},
		"no address": {Client: fake.NewClientset(), Registry: kube.Registry{Types: map[string]kube.Settings{"t": {Image: "i", Report: new(true)}}}},
	} {
		if _, err := kube.New(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want an error with %q", err, want)
		}
	}
}

func ExampleRegistry_Settings() {
	r := kube.Registry{
		Base:  kube.Settings{ServiceAccount: "workers", Memory: "512Mi"},
		Types: map[string]kube.Settings{"encode": {Image: "encoder:2", Memory: "4Gi"}},
	}
	s, _ := r.Settings("encode")
	fmt.Println(s.Image, s.ServiceAccount, s.Memory, s.MemoryLimit)
	// Output: encoder:2 workers 4Gi 4Gi
}
