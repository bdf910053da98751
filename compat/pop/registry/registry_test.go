package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/registry"
)

func parse(t *testing.T, text string) *registry.Registry {
	t.Helper()
	r, err := registry.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return r
}

func pod(t *testing.T, r *registry.Registry, operationType string) registry.PodConfig {
	t.Helper()
	c, err := r.Pod(operationType)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// builtIn is what an entry without settings has.
func builtIn() registry.PodConfig {
	return registry.PodConfig{
		ServiceAccount: "pop-service", CPURequest: "1.0", CPULimit: "1.0",
		ScheduledTimeout: 300_000, StdoutTimeout: 120_000, RetryDelay: 3000,
		EndOfLog: "HandlerComplete", ExpectedLine: "HandlerComplete",
		ConfigMaps: []registry.ConfigMap{{
			Volume: "config-volume", MountPath: "/app/config",
			Files: []registry.KeyPath{
				{Key: "external-properties", Path: "external.properties"},
				{Key: "env-properties", Path: "env.properties"},
			},
		}},
	}
}

func TestFileOfTheOriginal(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/pod-registry-base-override.json")
	if err != nil {
		t.Fatal(err)
	}
	want := builtIn()
	want.NamePrefix, want.Image = "pop-samp", "your.repo.com/fhsamp:1.0.0"
	want.Memory, want.CPURequest, want.CPULimit = "1000m", "1000m", "1000m"
	want.ScheduledTimeout = 600_000
	want.ReapCompleted, want.PullAlways = true, true
	want.ConfigMaps = []registry.ConfigMap{{
		Name: "lab-main-t-aor-fhsamp-t01", Volume: "config-volume-ex", MountPath: "/configex",
		Files: []registry.KeyPath{{Key: "X", Path: "Y"}},
	}}
	got := pod(t, parse(t, string(text)), "sample")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Pod (-want +got):\n%s", d)
	}
	if advice := fmt.Sprint(got.Advice()); !strings.Contains(advice, "1000Mi") {
		t.Errorf("Advice = %q, want a word about the memory of one byte", advice)
	}
}

func TestLayers(t *testing.T) {
	t.Parallel()
	r := parse(t, `{
		"basePodConfig": {"imageName": "base", "labels": {"a": "1"}, "pullAlways": true, "podRetryCount": 3, "useTaintedNodes": true,
			"nfsSettings": [{"nfsServer": "s", "nfsMountPaths": ["/a", "/b"], "nfsReadOnly": true}]},
		"plain": {},
		"own": {"configMapName": "map", "podConfig": {"labels": {"b": "2"}, "pullAlways": false, "podRetryCount": 0, "imageName": null,
			"nfsSettings": [{"nfsServer": "t"}], "configMapSettings": [], "aliveCheckDetails": {"aliveCheckHost": "h", "alivePort": 80}}}
	}`)
	want := builtIn()
	want.Image, want.Labels, want.PullAlways, want.RetryCount, want.UseTainted = "base", map[string]string{"a": "1"}, true, 3, true
	want.NFS = []registry.NFS{{Server: "s", MountPaths: []string{"/a", "/b"}, ReadOnly: true}}
	if d := cmp.Diff(want, pod(t, r, "plain")); d != "" {
		t.Errorf("plain (-want +got):\n%s", d)
	}
	want.Labels, want.PullAlways, want.RetryCount = map[string]string{"b": "2"}, false, 0
	want.NFS = []registry.NFS{{Server: "t"}}
	want.ConfigMaps[0].Name = "map"
	want.AliveCheck = &registry.AliveDetail{Host: "h", Port: 80, Interval: 2, FailureThreshold: 10}
	if d := cmp.Diff(want, pod(t, r, "own")); d != "" {
		t.Errorf("own (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"own", "plain"}, r.Types()); d != "" {
		t.Errorf("Types (-want +got):\n%s", d)
	}
	if _, err := r.Pod("none"); !errors.Is(err, registry.ErrUnknownType) {
		t.Errorf("Pod of a type that is not there: %v, want ErrUnknownType", err)
	}
}

func TestOnePodDoesNotChangeAnother(t *testing.T) {
	t.Parallel()
	r := parse(t, `{"basePodConfig": {"configMapSettings": [{"volumeName": "v"}]}, "a": {"configMapName": "for-a"}, "b": {}}`)
	if got := pod(t, r, "a").ConfigMaps[0].Name; got != "for-a" {
		t.Errorf("config map of a is %q", got)
	}
	if got := pod(t, r, "b").ConfigMaps[0].Name; got != "" {
		t.Errorf("config map of b is %q, want none", got)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	r := parse(t, `{"risky": {"podConfig": {"dockerPrivileged": true}}, "fine": {"podConfig": {"imageName": "i", "memoryRequestCount": "1Gi"}}}`)
	if got := pod(t, r, "risky").Advice(); len(got) != 2 {
		t.Errorf("Advice for a privileged pod without image = %q, want two sentences", got)
	}
	if got := pod(t, r, "fine").Advice(); got != nil {
		t.Errorf("Advice for settings without fault = %q", got)
	}
}

func TestLooks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"basePodConfig": {}}`:                         true,
		`{"encode": {"podConfig": {}}}`:                 true,
		`{"types": {"podConfig-like": {"image": "i"}}}`: false,
		`{"base": {"image": "i"}, "types": {"a": {}}}`:  false,
		`[]`: false,
		`{"basePodConfig": 1, "a": {"podConfig": "text"}`: false,
	} {
		if got := registry.Looks([]byte(text)); got != want {
			t.Errorf("Looks(%s) = %v, want %v", text, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`:                     "an object",
		`{"t": 1}`:               "t: ",
		`{"basePodConfig": [1]}`: "basePodConfig",
		`{"basePodConfig": {"pullAlways": "yes"}, "t": {}}`:                "podConfig.pullAlways",
		`{"t": {"podConfig": {"arguments": "x"}}}`:                         "podConfig.arguments is of type string, want an array",
		`{"t": {"podConfig": {"configMapSettings": [{"volumeName": 1}]}}}`: "configMapSettings.volumeName",
		`{`: "registry",
	} {
		if r, err := registry.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) = %v, %v; want an error with %q", text, r, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"basePodConfig": {"labels": {"a": "b"}}, "t": {"configMapName": "m", "podConfig": {"imageName": "i", "aliveCheckDetails": {"alivePort": 1}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := registry.Parse([]byte(text))
		if err != nil {
			return
		}
		for _, name := range r.Types() {
			c, err := r.Pod(name)
			if err != nil {
				t.Errorf("Pod(%q) of a registry that was read: %v", name, err)
			}
			if _, err := json.Marshal(c); err != nil {
				t.Error(err)
			}
			c.Advice()
		}
		r.Problems()
	})
}

func ExampleRegistry_Pod() {
	r, err := registry.Parse([]byte(`{
		"basePodConfig": {"serviceAccountName": "workers", "podStdoutTimeout": 60000},
		"encode": {"configMapName": "encode-settings", "podConfig": {"imageName": "encoder:2", "podStdoutTimeout": 600000}}
	}`))
	if err != nil {
		panic(err)
	}
	pod, err := r.Pod("encode")
	if err != nil {
		panic(err)
	}
	fmt.Println(pod.Image, pod.ServiceAccount, pod.StdoutTimeout, pod.ConfigMaps[0].Name)
	// Output: encoder:2 workers 600000 encode-settings
}
