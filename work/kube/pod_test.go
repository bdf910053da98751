package kube_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
)

var update = flag.Bool("update", false, "write the golden files")

// created returns the pod that a task gets.
func created(t *testing.T, settings kube.Settings, edit func(*kube.Options), change func(*work.Task)) (text string, vars map[string]string) {
	t.Helper()
	tell(t, settings, edit, func(t *testing.T, s *story) {
		given := task(t)
		if change != nil {
			change(&given)
		}
		s.begin(given)
		pod := s.pod()
		vars = env(pod)
		pod.UID, pod.ResourceVersion, pod.CreationTimestamp.Time = "", "", pod.CreationTimestamp.AddDate(-3000, 0, 0)
		pod.CreationTimestamp.Reset()
		enc, err := json.MarshalIndent(pod, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		text = string(enc) + "\n"
		s.cancel(work.ErrCanceled)
		<-s.result
	})
	return text, vars
}

// everything has every setting.
var everything = kube.Settings{
	NamePrefix: "media", Image: "encoder@sha256:00", Command: []string{"/encode"}, Args: []string{"-v"},
	Env: map[string]string{"MODE": "fast", "ALSO": "$(MODE)"}, SecretEnv: map[string]kube.SecretKey{"DB": {Name: "db", Key: "url"}},
	Labels: map[string]string{"team": "media"}, Annotations: map[string]string{"example.com/note": "x"},
	Pull: "Always", PullSecrets: []string{"registry"}, CPU: "500m", CPULimit: "2", Memory: "1Gi", MemoryLimit: "2Gi",
	Resources: map[string]string{"nvidia.com/gpu": "1"}, ServiceAccount: "encoder", Token: new(true), User: new(int64(1000)),
	ReadOnly: new(true), Deadline: workflow.Duration(3600e9), Grace: workflow.Duration(90e9),
	NodeSelector: map[string]string{"disk": "fast"}, Dedicated: &kube.Dedicated{Prefer: "media", Tolerate: "media"},
	PriorityClass: "batch", RuntimeClass: "gvisor", Scheduler: "volcano",
	ConfigMaps:  []kube.ConfigMap{{Name: "conf", Volume: "v", Path: "/app/config", Files: map[string]string{"a": "b.properties"}}, {Name: "more", Path: "/more"}},
	NFS:         []kube.NFS{{Server: "nas", Path: "/export", Mounts: []string{"/mnt/a", "/mnt/b"}, ReadOnly: true}},
	EmptyDirs:   []kube.EmptyDir{{Path: "/tmp", Size: "1Gi"}, {Path: "/dev/shm", Memory: true}},
	HostAliases: []kube.HostAlias{{IP: "10.0.0.1", Names: []string{"old.example.com"}}},
	Alive:       &kube.Alive{Host: "parent", Path: "/health", Port: 8080},
}

func TestPods(t *testing.T) {
	t.Parallel()
	owner := func(o *kube.Options) {
		o.Owner = &kube.Owner{APIVersion: "apps/v1", Kind: "Deployment", Name: "berth", UID: "1"}
		o.Instance = "media-service"
	}
	tests := []struct {
		name     string
		settings kube.Settings
		edit     func(*kube.Options)
		task     func(*work.Task)
	}{
		{"defaults", kube.Settings{}, nil, nil},
		{"everything", everything, owner, func(t *work.Task) { t.Item, t.Timeout = 3, 0 }},
		{"privileged", kube.Settings{Privileged: new(true), Root: new(true)}, nil, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, _ := created(t, tc.settings, tc.edit, tc.task)
			file := "testdata/" + tc.name + ".pod.json"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("pod (-want +got):\n%s", diff)
			}
		})
	}
}

// A tenant's payload must not be able to name the handler's secrets.
func TestPayloadIsNoReference(t *testing.T) {
	t.Parallel()
	const with = `{"a":"$(DB)","b":"$$(DB)","c":"$"}`
	settings := kube.Settings{SecretEnv: map[string]kube.SecretKey{"DB": {Name: "db", Key: "url"}}}
	text, vars := created(t, settings, nil, func(t *work.Task) { t.With = json.RawMessage(with) })
	if vars["BERTH_PAYLOAD"] != with {
		t.Errorf("payload = %s, want %s", vars["BERTH_PAYLOAD"], with)
	}
	if !strings.Contains(text, `$$(DB)`) || strings.Contains(strings.ReplaceAll(text, "$$", ""), "$(DB)") {
		t.Errorf("the pod has a reference that Kubernetes would replace:\n%s", text)
	}
}

func TestNamesAndLabelsAreValid(t *testing.T) {
	t.Parallel()
	steps := []string{"a", "encode.1", "_x", "Encode", strings.Repeat("long-name-", 20), "x-", strings.Repeat("A", 63), strings.Repeat("_", 30)}
	seen := map[string]string{}
	for _, step := range steps {
		for _, prefix := range []string{"b", strings.Repeat("p", 16)} {
			tell(t, kube.Settings{NamePrefix: prefix}, nil, func(t *testing.T, s *story) {
				given := task(t)
				given.Step, given.Tenant, given.Item, given.Attempt, given.RunAttempt = step, "Tenant of "+step+"/é", 123456, 1000, 1000
				s.begin(given)
				pod := s.pod()
				if errs := validation.IsDNS1123Label(pod.Name); len(errs) > 0 {
					t.Errorf("name %q: %v", pod.Name, errs)
				}
				for name, value := range pod.Labels {
					if errs := validation.IsValidLabelValue(value); len(errs) > 0 {
						t.Errorf("label %s=%q: %v", name, value, errs)
					}
				}
				if other, ok := seen[pod.Name]; ok {
					t.Errorf("steps %q and %q have the same pod %s", step, other, pod.Name)
				}
				seen[pod.Name] = step
				s.cancel(work.ErrCanceled)
				<-s.result
			})
		}
	}
}
