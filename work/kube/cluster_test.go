package kube_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const namespace = "jobs"

var podsResource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// cluster is client-go's fake API with what it leaves out: identities,
// versions and preconditions, logs, and the controller of Jobs. The test plays
// the kubelet.
type cluster struct {
	t      *testing.T
	client *fake.Clientset

	mu       sync.Mutex
	versions int
	logs     map[string]string // by pod: lines with their times
	asked    map[string]bool   // "verb resource"
	// linger keeps deleted pods until the test lets go of them.
	linger bool
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, client: fake.NewSimpleClientset(), logs: map[string]string{}, asked: map[string]bool{}} //nolint:staticcheck // the other one has no use for versions either
	for _, r := range []struct {
		verb, resource string
		do             clienttesting.ReactionFunc
	}{
		{"create", "*", c.onCreate}, {"delete", "*", c.onDelete}, {"patch", "*", c.onPatch}, {"get", "pods/log", c.onLog}, {"*", "*", c.note},
	} {
		c.client.PrependReactor(r.verb, r.resource, r.do)
	}
	c.client.PrependWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		_, _, err := c.note(action)
		return false, nil, err
	})
	return c
}

func (c *cluster) note(action clienttesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	resource := action.GetResource().Resource
	if s := action.GetSubresource(); s != "" {
		resource += "/" + s
	}
	c.asked[action.GetVerb()+" "+resource] = true
	return false, nil, nil
}

func (c *cluster) stamp(o metav1.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.versions++
	if o.GetUID() == "" {
		o.SetUID(types.UID(fmt.Sprintf("uid-%d", c.versions)))
		o.SetCreationTimestamp(metav1.Now())
	}
	o.SetResourceVersion(strconv.Itoa(c.versions))
}

func (c *cluster) onCreate(action clienttesting.Action) (bool, runtime.Object, error) {
	object := action.(clienttesting.CreateAction).GetObject()
	c.stamp(object.(metav1.Object))
	job, ok := object.(*batchv1.Job)
	if !ok {
		return false, nil, nil
	}
	pod := &corev1.Pod{ObjectMeta: job.Spec.Template.ObjectMeta, Spec: job.Spec.Template.Spec}
	pod.Name, pod.Namespace = job.Name+"-abcde", job.Namespace
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: job.Name, UID: job.UID, Controller: new(true)}}
	c.stamp(pod)
	if err := c.client.Tracker().Create(podsResource, pod, job.Namespace); err != nil {
		return true, nil, err
	}
	return false, nil, nil
}

func (c *cluster) stored(action clienttesting.Action, name string) (metav1.Object, error) {
	object, err := c.client.Tracker().Get(action.GetResource(), action.GetNamespace(), name)
	if err != nil {
		return nil, err
	}
	return object.(metav1.Object), nil
}

func conflict(name string) error {
	return apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, name, fmt.Errorf("a precondition does not hold"))
}

func (c *cluster) onDelete(action clienttesting.Action) (bool, runtime.Object, error) {
	del := action.(clienttesting.DeleteActionImpl)
	have, err := c.stored(action, del.Name)
	if err != nil {
		return true, nil, err
	}
	if p := del.DeleteOptions.Preconditions; p != nil &&
		(p.UID != nil && *p.UID != have.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != have.GetResourceVersion()) {
		return true, nil, conflict(del.Name)
	}
	if _, ok := have.(*batchv1.Job); ok {
		_ = c.client.Tracker().Delete(podsResource, action.GetNamespace(), del.Name+"-abcde")
	}
	if !c.linger {
		return false, nil, nil
	}
	c.change(del.Name, func(pod *corev1.Pod) { pod.DeletionTimestamp = new(metav1.Now()) })
	return true, nil, nil
}

func (c *cluster) onPatch(action clienttesting.Action) (bool, runtime.Object, error) {
	patch := action.(clienttesting.PatchAction)
	have, err := c.stored(action, patch.GetName())
	if err != nil {
		return true, nil, err
	}
	var want metav1.PartialObjectMetadata
	if err := json.Unmarshal(patch.GetPatch(), &want); err != nil {
		return true, nil, err
	}
	if want.ResourceVersion != have.GetResourceVersion() || want.UID != have.GetUID() {
		return true, nil, conflict(patch.GetName())
	}
	labels := have.GetLabels()
	maps.Copy(labels, want.Labels)
	have.SetLabels(labels)
	c.stamp(have)
	return true, have.(runtime.Object), c.client.Tracker().Update(action.GetResource(), have.(runtime.Object), action.GetNamespace())
}

// onLog answers the lines since the second that is asked for. It does not
// follow: a stream that ends is what a follower has to live with anyway.
func (c *cluster) onLog(action clienttesting.Action) (bool, runtime.Object, error) {
	opts := action.(clienttesting.GenericActionImpl).Value.(*corev1.PodLogOptions)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked["get pods/log"] = true
	var out bytes.Buffer
	// The fake does not say of which pod: tests have one with a log.
	for _, log := range slices.Sorted(maps.Values(c.logs)) {
		for line := range strings.Lines(log) {
			stamp, _, _ := strings.Cut(line, " ")
			at, err := time.Parse(time.RFC3339Nano, stamp)
			if err != nil || opts.SinceTime == nil || !at.Before(opts.SinceTime.Time) {
				out.WriteString(line)
			}
		}
	}
	return true, &runtime.Unknown{Raw: out.Bytes()}, nil
}

// say adds lines to a log, now.
func (c *cluster) say(pod string, lines ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range lines {
		c.logs[pod] += time.Now().UTC().Format(time.RFC3339Nano) + " " + line + "\n"
	}
}

// change edits a pod, as a kubelet does.
func (c *cluster) change(name string, edit func(*corev1.Pod)) {
	c.t.Helper()
	object, err := c.client.Tracker().Get(podsResource, namespace, name)
	if err != nil {
		c.t.Fatal(err)
	}
	pod := object.(*corev1.Pod).DeepCopy()
	edit(pod)
	c.stamp(pod)
	if err := c.client.Tracker().Update(podsResource, pod, namespace); err != nil {
		c.t.Fatal(err)
	}
}

// pods lists the names of pods.
func (c *cluster) pods() []string {
	c.t.Helper()
	list, err := c.client.Tracker().List(podsResource, corev1.SchemeGroupVersion.WithKind("Pod"), namespace)
	if err != nil {
		c.t.Fatal(err)
	}
	var names []string
	for _, p := range list.(*corev1.PodList).Items {
		names = append(names, p.Name)
	}
	return names
}

// pod returns the one pod there is.
func (c *cluster) pod() *corev1.Pod {
	c.t.Helper()
	names := c.pods()
	if len(names) != 1 {
		c.t.Fatalf("pods %v, want one", names)
	}
	object, err := c.client.Tracker().Get(podsResource, namespace, names[0])
	if err != nil {
		c.t.Fatal(err)
	}
	return object.(*corev1.Pod)
}

func running(pod *corev1.Pod) {
	pod.Status.Phase = corev1.PodRunning
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "handler", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
	}}
}

// exits ends a handler.
func exits(code int32, message string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Phase = corev1.PodSucceeded
		if code != 0 {
			pod.Status.Phase = corev1.PodFailed
		}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "handler", State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Message: message, FinishedAt: metav1.Now()},
		}}}
	}
}

func waits(reason, message string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Phase = corev1.PodPending
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "handler", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}
	}
}

// recorder is a reporter that remembers.
type recorder struct {
	mu       sync.Mutex
	progress []string
	state    json.RawMessage
	log      bytes.Buffer
}

func (r *recorder) Progress(percent float64, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = append(r.progress, fmt.Sprintf("%g %s", percent, message))
}

func (r *recorder) Save(state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = state
}

func (r *recorder) Log(lines []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Write(lines)
}

func runID(t *testing.T) workflow.RunID {
	t.Helper()
	id, err := workflow.ParseRunID("r00hq4t9v5a001")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func task(t *testing.T) work.Task {
	return work.Task{
		Run: runID(t), RunAttempt: 1, Step: "encode", Item: -1, Attempt: 1, Fence: 1<<40 | 7, Type: "encode", Workflow: "publish",
		Tenant: "acme", With: json.RawMessage(`{"file":"a.mp4"}`), Key: "k", Timeout: workflow.Duration(time.Hour),
	}
}

// story is a cluster, an executor and an attempt.
type story struct {
	*cluster
	executor *kube.Executor
	report   *recorder
	cancel   context.CancelCauseFunc
	result   chan work.Result
	begun    time.Time
}

// tell plays a story in a bubble of time. The settings are those of type
// "encode".
func tell(t *testing.T, settings kube.Settings, edit func(*kube.Options), play func(t *testing.T, s *story)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &story{cluster: newCluster(t)}
		if settings.Image == "" {
			settings.Image = "encoder:2"
		}
		opts := kube.Options{Client: s.client, Namespace: namespace, Registry: kube.Registry{Types: map[string]kube.Settings{"encode": settings}}}
		if edit != nil {
			edit(&opts)
		}
		var err error
		if s.executor, err = kube.New(opts); err != nil {
			t.Fatal(err)
		}
		play(t, s)
	})
}

// begin begins an attempt and waits until nothing more happens by itself.
func (s *story) begin(task work.Task) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s.report, s.cancel, s.result, s.begun = &recorder{}, cancel, make(chan work.Result, 1), time.Now()
	report, result := s.report, s.result
	go func() { result <- s.executor.Execute(ctx, task, report) }()
	synctest.Wait()
}

// step changes the one pod and lets the executor look at it.
func (s *story) step(edit func(*corev1.Pod)) {
	s.t.Helper()
	s.change(s.pod().Name, edit)
	synctest.Wait()
}

func (s *story) failure(code string) *machine.Failure {
	s.t.Helper()
	r := <-s.result
	if r.Failure == nil || r.Failure.Code != code {
		s.t.Fatalf("result %s, failure %+v; want code %q", r.Output, r.Failure, code)
	}
	return r.Failure
}
