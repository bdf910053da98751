package pods_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/handler"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/pods"
	"github.com/berth-project/berth/compat/pop/registry"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
)

func registryOf(t *testing.T, text string) (kube.Registry, []string) {
	t.Helper()
	r, err := registry.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	settings, problems, err := pods.Registry(r)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{}
	for _, p := range problems {
		texts = append(texts, p.String())
	}
	return settings, texts
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	yes, three := true, 3
	got, problems := registryOf(t, `{
		"basePodConfig": {"pullAlways": true, "podRetryCount": 3, "memoryRequestCount": "1Gi"},
		"executor": {"podConfig": {}},
		"my encode": {"configMapName": "settings", "podConfig": {"imageName": "encode:1", "namePrefix": "enc", "arguments": ["-x"], "envVars": {"A": "b"},
			"labels": {"l": "v"}, "reapCompletedPods": true, "dockerPrivileged": true, "useTaintedNodes": true, "taintedNodeSelector": "s", "taintedNodeToleration": "t",
			"nfsSettings": [{"nfsServer": "n", "nfsServerPath": "/p", "nfsMountPaths": ["/m"], "nfsReadOnly": true}],
			"defaultEmptyDirLogging": true, "enableOutputScraping": true, "logLineExpectation": "bye",
			"aliveCheckDetails": {"aliveCheckLinking": true, "aliveCheckHost": "h", "alivePath": "/a", "alivePort": 80}}}}`)
	if len(got.Types) != 1 {
		t.Fatalf("types: %v, want all but the executor", got.Names())
	}
	want := kube.Settings{
		Contract: "pop", NamePrefix: "enc", Image: "encode:1", Args: []string{"-x"}, Env: map[string]string{"A": "b"}, Labels: map[string]string{"l": "v", "app": "enc"},
		Pull: "Always", CPU: "1.0", CPULimit: "1.0", Memory: "1Gi", MemoryLimit: "none", ServiceAccount: "pop-service", Token: &yes, Root: &yes, Privileged: &yes,
		StartTimeout: workflow.Duration(5 * time.Minute), SilenceTimeout: workflow.Duration(2 * time.Minute),
		CreateRetries: &three, CreateDelay: workflow.Duration(3 * time.Second), EndOfLog: "bye", Remove: kube.RemoveAlways,
		Dedicated: &kube.Dedicated{Prefer: "s", Tolerate: "t"},
		ConfigMaps: []kube.ConfigMap{{
			Name: "settings", Volume: "config-volume", Path: "/app/config",
			Files: map[string]string{"external-properties": "external.properties", "env-properties": "env.properties"},
		}},
		NFS:       []kube.NFS{{Server: "n", Path: "/p", Mounts: []string{"/m"}, ReadOnly: true}},
		EmptyDirs: []kube.EmptyDir{{Path: "/app/dumps"}},
		Alive:     &kube.Alive{Host: "h", Path: "/a", Port: 80, Every: workflow.Duration(2 * time.Second), Failures: 10},
	}
	if d := cmp.Diff(want, got.Types[got.Names()[0]]); d != "" {
		t.Errorf("settings (-want +got):\n%s", d)
	}
	if errs := got.Validate(pods.Contract); errs != nil {
		t.Errorf("the executor refuses them: %v", errs)
	}
	if d := cmp.Diff([]string{"my encode: podConfig.dockerPrivileged is set: whoever controls the image controls the node"}, problems); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

// What Berth does otherwise, and what POP ignores, is told; nothing of it keeps the
// pods from being made.
func TestProblems(t *testing.T) {
	t.Parallel()
	got, problems := registryOf(t, `{
		"basePodConfig": {"logback": "x", "memoryLimit": "1Gi"},
		"a": {"imageName": "no", "podConfig": {"imageName": "a", "namePrefix": "POP_Media.Transcoder-", "pullAllways": true, "nfsSettings": [{"nfsServers": "n"}],
			"aliveCheckDetails": {"aliveCheckLinking": true, "host": "h"}, "useTaintedNodes": true}},
		"b": {"podConfig": {"imageName": "b", "namePrefix": "pop-b-", "memoryRequestCount": "1000m", "aliveCheckDetails": {"aliveCheckHost": "h"}}}}`)
	want := []string{
		"basePodConfig.logback is for POP's executor only: it has no effect here",
		"basePodConfig.memoryLimit is not a setting of POP's, which ignores it",
		"a: imageName is not a setting of a type: POP ignores it",
		"a: podConfig.aliveCheckDetails.host is not a setting of POP's, which ignores it",
		"a: podConfig.nfsSettings.nfsServers is not a setting of POP's, which ignores it; did you mean nfsServer?",
		"a: podConfig.pullAllways is not a setting of POP's, which ignores it; did you mean pullAlways?",
		"a: podConfig.useTaintedNodes wants taintedNodeSelector and taintedNodeToleration: POP starts no pod without both",
		`a: podConfig.namePrefix is "POP_Media.Transcoder-", which names of pods here cannot begin with: they begin with "pop-media-transc"`,
		"a: podConfig.aliveCheckDetails.aliveCheckHost is missing: the pod would die with POP's executor; here it outlives the engine, which takes its result when it is back",
		`b: podConfig.memoryRequestCount is "1000m": m means thousandths of a byte; write "1000Mi" for mebibytes`,
		`b: podConfig.memoryRequestCount is "1000m", less than a program can start in: pods here ask for 256Mi`,
	}
	if d := cmp.Diff(want, problems); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	if a, b := got.Types["a"], got.Types["b"]; a.NamePrefix != "pop-media-transc" || b.NamePrefix != "pop-b" || b.Memory != "256Mi" || a.Alive != nil || b.Alive != nil {
		t.Errorf("settings: %+v and %+v", a, b)
	}
}

func TestFileOfTheOriginal(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/pod-registry-base-override.json")
	if err != nil {
		t.Fatal(err)
	}
	got, problems := registryOf(t, string(text))
	if errs := got.Validate(pods.Contract); errs != nil {
		t.Errorf("the executor refuses what POP took: %v", errs)
	}
	if len(problems) != 2 || !strings.Contains(problems[0], "1000Mi") {
		t.Errorf("problems: %q, want two words about the memory of one byte", problems)
	}
	s := got.Types["sample"]
	if s.Image != "your.repo.com/fhsamp:1.0.0" || s.Remove != kube.RemoveAlways || s.ConfigMaps[0].Path != "/configex" || s.StartTimeout.Std() != 10*time.Minute {
		t.Errorf("settings: %+v", s)
	}
}

func TestAPodNeedsAnImage(t *testing.T) {
	t.Parallel()
	r, err := registry.Parse([]byte(`{"encode": {"podConfig": {}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := pods.Registry(r); err == nil || !strings.Contains(err.Error(), "encode: podConfig.imageName") {
		t.Errorf("Registry of a type without image: %v", err)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	h := pods.Handler{Operation: func(work.Task) *object.Operation { return &object.Operation{Name: "my name", ID: "42"} }}
	task := work.Task{Step: "step", Tenant: "acme", With: json.RawMessage(`{"a": 1}`)}
	g, err := h.Give(task, kube.Settings{}, json.RawMessage(`{"job": "j"}`))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, v := range g.Env {
		env[v.Name] = v.Value + v.Field
	}
	for name, want := range map[string]string{"PAYLOAD": `{"a": 1}`, "OPERATION_NAME": "my name", "OPERATION_ID": "42", "CUSTOMER_ID": "acme", "MY_POD_NAME": "metadata.name"} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	if !strings.Contains(env["LAST_PROGRESS"], `"job":"j"`) {
		t.Errorf("LAST_PROGRESS is %s", env["LAST_PROGRESS"])
	}
	if g, err := (pods.Handler{}).Give(task, kube.Settings{}, nil); err != nil || len(g.Env) == 0 {
		t.Errorf("Give without operations: %v, %v", g, err)
	}
	if _, err := h.Give(task, kube.Settings{}, json.RawMessage(`[]`)); err == nil {
		t.Error("Give with a broken state: no error")
	}
	annotations := map[string]string{
		handler.AnnotationProgress: `{"processingState": "COMPLETE", "processingStateMessage": "succeeded", "percentComplete": 100, "params": {"job": "j"}}`,
		handler.AnnotationPayload:  `{"done": true}`,
	}
	want := kube.Heard{Progress: true, Percent: 100, Message: "succeeded", Saved: json.RawMessage(`{"job":"j"}`), Done: true}
	if d := cmp.Diff(want, h.Heard(annotations)); d != "" {
		t.Errorf("Heard (-want +got):\n%s", d)
	}
	if d := cmp.Diff(kube.Heard{}, h.Heard(nil)); d != "" {
		t.Errorf("Heard of nothing (-want +got):\n%s", d)
	}
	if r := h.Result(annotations, "ignored"); r.Failure != nil || string(r.Output) != `{"done": true}` {
		t.Errorf("Result = %s, %v", r.Output, r.Failure)
	}
	if r := h.Result(nil, `{"not": "POP's way"}`); r.Failure == nil {
		t.Errorf("Result without annotations = %s", r.Output)
	}
}

func ExampleRegistry() {
	r, err := registry.Parse([]byte(`{"encode": {"podConfig": {"imageName": "encoder:2"}}}`))
	if err != nil {
		panic(err)
	}
	settings, problems, err := pods.Registry(r)
	if err != nil || len(problems) > 0 {
		panic(fmt.Sprint(err, problems))
	}
	s, _ := settings.Settings("encode")
	fmt.Println(s.Image, s.Contract, s.ServiceAccount)
	// Output: encoder:2 pop pop-service
}
