package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// defaultAge is how long ended pods are kept.
const defaultAge = 24 * time.Hour

// ReapOptions configures the reaper.
type ReapOptions struct {
	// Namespaces are those it looks into besides Options.Namespace; "*" is all
	// of them.
	Namespaces []string
	// Every is the time between two passes. Default 1m.
	Every time.Duration
	// Age is how long pods that have ended are kept. Default 24h.
	Age time.Duration
	// StaleAfter is how long a fence has to be without lease until its pod is
	// deleted: the attempt that follows a crash has to find it first. Default 2m.
	StaleAfter time.Duration
	// Batch is how many pods are asked for at once, MaxTime how long a pass
	// may take. Default 50 and 5m.
	Batch   int64
	MaxTime time.Duration
	// Foreign deletes by age pods that Berth did not create, too: all that
	// have ended in its namespaces.
	Foreign bool
}

func (o *ReapOptions) complete() {
	o.Every = cmp.Or(o.Every, time.Minute)
	o.Age = cmp.Or(o.Age, defaultAge)
	o.StaleAfter = cmp.Or(o.StaleAfter, 2*time.Minute)
	o.Batch = cmp.Or(o.Batch, 50)
	o.MaxTime = cmp.Or(o.MaxTime, 5*time.Minute)
}

// Reaped is what a pass of the reaper deleted.
type Reaped struct {
	Stale  int // the fence was nobody's
	Ended  int // the result was recorded, and the settings do not keep it
	Old    int // ended long ago
	Failed int // could not be deleted; the next pass tries again
}

// reaper remembers which pods looked stale in the pass before.
type reaper struct {
	executor *Executor

	mu    sync.Mutex                     // held during a pass
	stale map[string]map[string]sighting // by the namespace that was looked into, and identity
}

// sighting is a pod that looks stale.
type sighting struct {
	fence string
	first time.Time
}

// Run reaps now and then, until ctx ends.
func (e *Executor) Run(ctx context.Context) error {
	tick := time.NewTicker(e.opts.Reap.Every)
	defer tick.Stop()
	for {
		if reaped, err := e.Reap(ctx); err != nil && ctx.Err() == nil {
			e.opts.Log.Warn("pods not reaped", "error", err)
		} else if reaped != (Reaped{}) {
			e.opts.Log.Info("pods reaped", "stale", reaped.Stale, "ended", reaped.Ended, "old", reaped.Old, "failed", reaped.Failed)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Reap makes one pass over the pods: it deletes those whose fence has been
// nobody's for a while, and those that have ended and are not to be kept, or
// not longer. Every engine of a service may do so.
func (e *Executor) Reap(ctx context.Context) (Reaped, error) {
	e.reaper.mu.Lock()
	defer e.reaper.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, e.opts.Reap.MaxTime)
	defer cancel()
	p := pass{executor: e, now: time.Now()}
	var errs []error
	for _, namespace := range e.reapedNamespaces() {
		p.before, p.seen = e.reaper.stale[namespace], map[string]sighting{}
		if err := p.namespace(ctx, namespace); err != nil {
			errs = append(errs, fmt.Errorf("namespace %q: %w", namespace, err))
			continue // what was seen in it before stands
		}
		e.reaper.stale[namespace] = p.seen
	}
	return p.reaped, errors.Join(errs...)
}

func (e *Executor) reapedNamespaces() []string {
	all := []string{e.opts.Namespace}
	for _, n := range e.opts.Reap.Namespaces {
		if n == "*" {
			return []string{metav1.NamespaceAll}
		}
		if n != e.opts.Namespace {
			all = append(all, n)
		}
	}
	return all
}

// pass is one pass of the reaper.
type pass struct {
	executor *Executor
	now      time.Time
	before   map[string]sighting // in this namespace, in the pass before
	seen     map[string]sighting
	reaped   Reaped
}

func (p *pass) namespace(ctx context.Context, namespace string) error {
	opts := metav1.ListOptions{Limit: p.executor.opts.Reap.Batch}
	if !p.executor.opts.Reap.Foreign {
		opts.LabelSelector = p.executor.hub.selector
	}
	for {
		list, err := p.list(ctx, namespace, opts)
		if err != nil {
			return err
		}
		for i := range list.Items {
			p.pod(ctx, &list.Items[i])
		}
		if opts.Continue = list.Continue; opts.Continue == "" {
			return nil
		}
	}
}

func (p *pass) list(ctx context.Context, namespace string, opts metav1.ListOptions) (*corev1.PodList, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return p.executor.opts.Client.CoreV1().Pods(namespace).List(ctx, opts)
}

// pod decides about one pod.
func (p *pass) pod(ctx context.Context, pod *corev1.Pod) {
	if pod.DeletionTimestamp != nil {
		return
	}
	count := &p.reaped.Old
	switch end, over := endOf(pod); {
	case over && !end.After(p.now.Add(-p.executor.opts.Reap.Age)):
		if stale, own := p.staleFor(pod); own && stale < p.executor.opts.Reap.StaleAfter {
			return // its result may still be taken: the engine may have been away for long
		}
	case over && p.recorded(pod):
		count = &p.reaped.Ended
	case !over && p.stale(pod):
		count = &p.reaped.Stale
	default:
		return
	}
	err := p.delete(ctx, pod)
	switch {
	case err == nil:
		*count++
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		// It is gone, or was changed: taken over, perhaps.
	default:
		p.reaped.Failed++
		p.executor.opts.Log.Warn("pod not deleted", "namespace", pod.Namespace, "pod", pod.Name, "error", err)
	}
}

// endOf reports whether a pod has ended with all its containers, and when.
func endOf(pod *corev1.Pod) (time.Time, bool) {
	if !ended(pod) {
		return time.Time{}, false
	}
	var end time.Time
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Terminated == nil {
			if c.State.Waiting != nil {
				continue // it never ran
			}
			return time.Time{}, false
		}
		if at := c.State.Terminated.FinishedAt.Time; at.After(end) {
			end = at
		}
	}
	if end.IsZero() && pod.Status.StartTime != nil {
		end = pod.Status.StartTime.Time
	}
	if end.IsZero() {
		end = pod.CreationTimestamp.Time
	}
	return end, true
}

// recorded reports whether the result of a pod that has ended is nobody's to
// take any more, and its settings do not keep it.
func (p *pass) recorded(pod *corev1.Pod) bool {
	switch pod.Labels[LabelRemove] {
	case RemoveAlways:
	case RemoveSucceeded:
		if pod.Status.Phase != corev1.PodSucceeded {
			return false
		}
	default:
		return false
	}
	return p.stale(pod)
}

// stale reports whether the fence of a pod has been nobody's for so long that
// nobody will take it over.
func (p *pass) stale(pod *corev1.Pod) bool {
	since, own := p.staleFor(pod)
	return own && since >= p.executor.opts.Reap.StaleAfter
}

// staleFor is how long the fence of a pod has been nobody's, as far as this
// reaper has seen; negative when it is somebody's. A pod that is not this
// service's own, or of which nobody can say so, is told apart.
func (p *pass) staleFor(pod *corev1.Pod) (since time.Duration, own bool) {
	m, ok := readMark(pod.Labels, pod.Annotations)
	current := p.executor.opts.Current
	if !ok || pod.Labels[LabelInstance] != p.executor.opts.Instance || current == nil {
		return 0, false
	}
	if current(m.Run, m.Step, m.Item, m.Fence) {
		return -1, true
	}
	now := sighting{fence: pod.Labels[LabelFence], first: p.now}
	if before, ok := p.before[string(pod.UID)]; ok && before.fence == now.fence {
		now.first = before.first
	}
	p.seen[string(pod.UID)] = now
	return p.now.Sub(now.first), true
}

// delete deletes a pod that nobody has changed since; that of a Job by its Job.
func (p *pass) delete(ctx context.Context, pod *corev1.Pod) error {
	client := p.executor.opts.Client
	if pod.Labels[LabelJob] == "" || pod.Labels[LabelManagedBy] != managedBy {
		return deleteObject(ctx, client, pod, true, 0)
	}
	if owner := metav1.GetControllerOf(pod); owner != nil && owner.Kind == "Job" {
		return p.deleteJob(ctx, pod, owner.Name, owner.UID)
	}
	return deleteObject(ctx, client, pod, true, 0)
}

// deleteJob deletes the Job of a pod, unless an attempt has taken it over: its
// fence decides, and is written before the pod's.
func (p *pass) deleteJob(ctx context.Context, pod *corev1.Pod, name string, uid types.UID) error {
	client := p.executor.opts.Client
	reading, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	job, err := client.BatchV1().Jobs(pod.Namespace).Get(reading, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if job.UID != uid || job.Labels[LabelFence] != pod.Labels[LabelFence] {
		return nil
	}
	return deleteObject(ctx, client, job, true, 0)
}

// Selector is the label selector of everything this executor creates.
func (e *Executor) Selector() string {
	return labels.Set{LabelManagedBy: managedBy, LabelInstance: e.opts.Instance}.String()
}
