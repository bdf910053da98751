package workflows_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// namespace is where the pods of these tests are.
const namespace = "jobs"

// cluster is an engine whose steps of type "encode" are pods that report, and
// client-go's fake API. The test plays kubelet and handlers.
type cluster struct {
	*workflows.Workflows
	t      *testing.T
	client *fake.Clientset
	dir    string
	server *http.Server
}

// newCluster has pods that report.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	return newClusterOf(t, `{"image": "encoder:2", "report": true}`)
}

func newClusterOf(t *testing.T, settings string) *cluster {
	t.Helper()
	c := &cluster{t: t, client: fake.NewClientset(), dir: t.TempDir()}
	if err := os.WriteFile(c.path("pods.json"), []byte(`{"types": {"encode": `+settings+`}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	c.start("127.0.0.1:0")
	t.Cleanup(c.stop)
	return c
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// start starts the engine, stop stops it: pods go on.
func (c *cluster) start(address string) {
	c.t.Helper()
	ln := listen(c.t, address)
	w, err := workflows.Open(c.t.Context(), workflows.Options{
		Store: c.path("work.db"), Node: "n", Addr: "http://" + ln.Addr().String(), Local: map[string]int{"default": 4},
		Kubernetes: &workflows.Kubernetes{Registry: c.path("pods.json"), Namespace: namespace, Client: c.client},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Workflows, c.server = w, &http.Server{Addr: ln.Addr().String(), Handler: w.API, ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(ln) }(c.server)
	if err := c.Engine.Ready(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) stop() {
	c.t.Helper()
	_ = c.server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	stop, cancel := context.WithCancel(ctx)
	cancel() // pods that nobody ends go on
	_ = c.Engine.Drain(stop)
	if err := c.Close(ctx); err != nil {
		c.t.Error(err)
	}
}

// restart starts the engine again, where it was.
func (c *cluster) restart() {
	c.t.Helper()
	c.stop()
	c.start(c.server.Addr)
}

// submit submits a run of one step that is tried twice.
func (c *cluster) submit() workflow.RunID {
	c.t.Helper()
	document := json.RawMessage(`{"name":"media","output":"${steps.a.output.size}","steps":[{"name":"a","run":"encode","retry":{"max":2,"backoff":"1ms"}}]}`)
	receipts, err := c.Engine.Submit(c.t.Context(), []work.Submission{{Tenant: "acme", Document: document}})
	if err != nil || receipts[0].Error != nil {
		c.t.Fatal(err, receipts)
	}
	return receipts[0].ID
}

// handler is a pod as its program sees it.
type handler struct {
	c     *cluster
	pod   string
	fence string
	url   string
	token string
}

// handler waits for the pod of an attempt and starts it.
func (c *cluster) handler(run workflow.RunID, attempt string) handler {
	c.t.Helper()
	return c.handlerAfter(handler{}, run, attempt)
}

// handlerAfter waits for the pod with another fence than one before.
func (c *cluster) handlerAfter(before handler, run workflow.RunID, attempt string) handler {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		list, err := c.client.CoreV1().Pods(namespace).List(c.t.Context(), metav1.ListOptions{LabelSelector: "berth.dev/run=" + run.String() + ",berth.dev/attempt=" + attempt})
		if err != nil {
			c.t.Fatal(err)
		}
		if len(list.Items) == 0 || list.Items[0].Labels["berth.dev/fence"] == before.fence {
			continue
		}
		h := handler{c: c, pod: list.Items[0].Name, fence: list.Items[0].Labels["berth.dev/fence"]}
		for _, v := range list.Items[0].Spec.Containers[0].Env {
			switch v.Name {
			case "BERTH_REPORT_URL":
				h.url = v.Value
			case "BERTH_REPORT_TOKEN":
				h.token = v.Value
			}
		}
		h.becomes(corev1.PodRunning, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
		return h
	}
	c.t.Fatalf("no pod for attempt %s of %v", attempt, run)
	return handler{}
}

// becomes is what the kubelet writes.
func (h handler) becomes(phase corev1.PodPhase, state corev1.ContainerState) {
	h.c.t.Helper()
	pods := h.c.client.CoreV1().Pods(namespace)
	pod, err := pods.Get(h.c.t.Context(), h.pod, metav1.GetOptions{})
	if err != nil {
		h.c.t.Fatal(err)
	}
	pod.Status.Phase = phase
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "handler", State: state}}
	if _, err := pods.UpdateStatus(h.c.t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		h.c.t.Fatal(err)
	}
}

func (h handler) exits(code int32) {
	h.c.t.Helper()
	phase := corev1.PodSucceeded
	if code != 0 {
		phase = corev1.PodFailed
	}
	h.becomes(phase, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, FinishedAt: metav1.Now()}})
}

// report tells the engine something with a token, and returns the status.
func (h handler) report(what, token, body string) int {
	h.c.t.Helper()
	req, err := http.NewRequestWithContext(h.c.t.Context(), http.MethodPost, h.url+"/"+what, strings.NewReader(body))
	if err != nil {
		h.c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	if what == "log" {
		req.Header.Set("Content-Type", "text/plain")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.c.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func (h handler) must(what, body string) {
	h.c.t.Helper()
	if got := h.report(what, h.token, body); got != http.StatusOK {
		h.c.t.Errorf("POST %s %s = %d, want 200", what, body, got)
	}
}

func TestPodReportsProgressAndResult(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	id := c.submit()
	h := c.handler(id, "1")
	h.must("progress", `{"percent": 40, "message": "second pass"}`)
	wait(t, c.Engine, id, func(r engine.Run) bool {
		return r.View.Steps[0].Percent == 40 && r.View.Steps[0].Message == "second pass"
	})
	h.must("log", "frame 1\n")
	h.must("result", `{"output": {"size": 7}}`)
	r := wait(t, c.Engine, id, func(r engine.Run) bool { return r.Status.Final() })
	if r.Status != machine.Succeeded || string(r.View.Output) != "7" {
		t.Errorf("the run is %v with the output %s, want the 7 that was reported", r.Status, r.View.Output)
	}
	// The program goes on for a while; how it ends changes nothing any more.
	h.must("result", `{"output": {"size": 7}}`)
	h.exits(1)
	h.report("result", h.token, `{"output": {"size": 8}}`)
	if r, err := c.Engine.Get(t.Context(), id, nil); err != nil || string(r.View.Output) != "7" {
		t.Errorf("the output is %s now, %v; want 7", r.View.Output, err)
	}
}

func TestReportsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first, second := c.submit(), c.submit()
	h, other := c.handler(first, "1"), c.handler(second, "1")
	elsewhere := newCluster(t)
	foreign := elsewhere.handler(elsewhere.submit(), "1")

	for what, token := range map[string]string{
		"a wrong token": h.token[:len(h.token)-2] + "AA", "none": "", "one of another engine's": foreign.token,
	} {
		for _, kind := range []string{"progress", "result", "log"} {
			if got := h.report(kind, token, `{}`); got != http.StatusUnauthorized {
				t.Errorf("%s with %s is answered %d, want 401", kind, what, got)
			}
		}
	}
	// Another run's token is good for that run only.
	if got := h.report("result", other.token, `{"output": {"size": 2}}`); got != http.StatusOK {
		t.Fatalf("result of the other run = %d", got)
	}
	wait(t, c.Engine, second, func(r engine.Run) bool { return r.Status.Final() })
	if r, err := c.Engine.Get(t.Context(), first, nil); err != nil || r.Status != machine.Running {
		t.Errorf("the run whose token was not shown is %v, %v; want running", r.Status, err)
	}

	// A fence that is stale: the attempt failed and another one began.
	h.must("result", `{"failure": {"code": "broken", "message": "the source ended"}}`)
	next := c.handler(first, "2")
	for kind, body := range map[string]string{"progress": `{"percent": 99}`, "result": `{"output": {"size": 1}}`} {
		if got := h.report(kind, h.token, body); got != http.StatusConflict {
			t.Errorf("%s with a stale fence is answered %d, want 409", kind, got)
		}
	}
	if next.pod == h.pod || next.token == h.token {
		t.Errorf("the second attempt has the pod %s and the first one's token", next.pod)
	}
	next.must("result", `{"output": {"size": 3}}`)
	r := wait(t, c.Engine, first, func(r engine.Run) bool { return r.Status.Final() })
	if string(r.View.Output) != "3" || r.View.Steps[0].Percent == 99 {
		t.Errorf("the output is %s, want the 3 of the second attempt: %+v", r.View.Output, r.View.Steps[0])
	}
}

// asked is how often the cluster was asked to do something with a pod.
func (c *cluster) asked(verb string) (n int) {
	for _, a := range c.client.Actions() {
		if a.Matches(verb, "pods") {
			n++
		}
	}
	return n
}

// The pod of a handler that was made for POP goes on while its engine is started
// again; the engine that comes takes it over and uses its result.
func TestPodOfPOPOutlivesItsEngine(t *testing.T) {
	t.Parallel()
	c := newClusterOf(t, `{"image": "sample:1", "contract": "pop", "token": true}`)
	id := c.submit()
	h := c.handler(id, "1")
	c.restart()
	again := c.handlerAfter(h, id, "1") // an engine that stops gives attempts back: they were none
	if again.pod != h.pod {
		t.Fatalf("the next attempt has the pod %s, want %s", again.pod, h.pod)
	}
	pods := c.client.CoreV1().Pods(namespace)
	pod, err := pods.Get(t.Context(), h.pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Annotations["pop.report.progress"] = `{"processingState": "COMPLETE", "processingStateMessage": "succeeded", "percentComplete": 100}`
	pod.Annotations["pop.report.payload"] = `{"size": 7}`
	if _, err := pods.Update(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	h.exits(0)
	r := wait(t, c.Engine, id, func(r engine.Run) bool { return r.Status.Final() })
	if r.Status != machine.Succeeded || string(r.View.Output) != "7" {
		t.Errorf("the run is %v with the output %s, want the 7 of the pod that went on", r.Status, r.View.Output)
	}
	if created, deleted := c.asked("create"), c.asked("delete"); created != 1 || deleted != 0 {
		t.Errorf("the cluster was asked to create %d pods and to delete %d, want one and none", created, deleted)
	}
}

// A pod that reports has a token with the fence of its attempt, which nobody can
// renew: the engine that comes ends it and begins the attempt again at once.
func TestReportingPodIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	id := c.submit()
	h := c.handler(id, "1")
	c.restart()
	next := c.handlerAfter(h, id, "1")
	if got := h.report("result", h.token, `{"output": {"size": 1}}`); got != http.StatusConflict {
		t.Errorf("a result with the token of the attempt before is answered %d, want 409", got)
	}
	if next.token == h.token {
		t.Error("the next pod has the token of the one before")
	}
	next.must("result", `{"output": {"size": 7}}`)
	r := wait(t, c.Engine, id, func(r engine.Run) bool { return r.Status.Final() })
	if r.Status != machine.Succeeded || string(r.View.Output) != "7" {
		t.Errorf("the run is %v with the output %s, want the 7 of the next pod", r.Status, r.View.Output)
	}
	if created := c.asked("create"); created != 2 {
		t.Errorf("the cluster was asked to create %d pods, want two", created)
	}
}

// Two services may have the same name, or none, and the same namespace: what looks
// after the pods of the one must not take those of the other for its own.
func TestPodsOfTwoStoresAreToldApart(t *testing.T) {
	t.Parallel()
	instance := func(c *cluster) string {
		c.t.Helper()
		h := c.handler(c.submit(), "1")
		pod, err := c.client.CoreV1().Pods(namespace).Get(t.Context(), h.pod, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return pod.Labels["berth.dev/instance"]
	}
	one, other := newCluster(t), newCluster(t)
	first, second := instance(one), instance(other)
	if first == second || !strings.HasPrefix(first, "berth-") {
		t.Errorf("pods of two stores have the instances %q and %q", first, second)
	}
	one.restart()
	if again := instance(one); again != first {
		t.Errorf("the instance is %q after a restart, want %q", again, first)
	}
}
