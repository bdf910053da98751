package kube

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/workflow/machine"
)

// afterGrace is how much longer than its grace period a pod is waited for.
const afterGrace = 30 * time.Second

// attempt is a pod from its creation to its result.
type attempt struct {
	client   Client
	hub      *hub
	log      *slog.Logger
	task     work.Task
	settings Settings
	contract Contract
	memory   *memory

	transcript  *transcript.Transcript
	follower    *follower
	facts       facts
	annotations map[string]string // as they were last read
	heard       Heard
	told        string    // what the pod waits for, as it was last reported
	uid         types.UID // of the pod or Job, once it is created or taken over
}

func newAttempt(e *Executor, task work.Task, s Settings, c Contract, m *memory) *attempt {
	a := &attempt{
		client: e.opts.Client, hub: e.hub, task: task, settings: s, contract: c, memory: m,
		log:        e.opts.Log.With("run", task.Run.String(), "step", task.Step),
		transcript: transcript.New(transcript.Config{Report: m}),
	}
	a.follower = &follower{
		client: a.client, transcript: a.transcript, endOfLog: s.EndOfLog, reopen: reopenIdle, ended: make(chan struct{}),
	}
	if s.SilenceTimeout > 0 {
		a.follower.reopen = reopenSilent
	}
	return a
}

// refused ends an attempt whose pod was not created, or perhaps was.
func (a *attempt) refused(ctx context.Context, o *order, f *machine.Failure) work.Result {
	if f.Code != "stopping" && f.Code != "lease-lost" {
		a.memory.forget()
	}
	if ctx.Err() == nil && f.Code != "kube.unavailable" && o.payload == nil {
		return failed(f)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	if object, err := a.look(ctx, o.namespace, o.name); err == nil && a.owns(object.GetLabels()) {
		_ = a.delete(ctx, object, true) // else the reaper does
	}
	return failed(f)
}

// owns reports whether a pod bears the attempt's fence.
func (a *attempt) owns(labels map[string]string) bool {
	return labels[LabelFence] == fmt.Sprint(uint64(a.task.Fence))
}

// attend watches a pod until the attempt is over.
func (a *attempt) attend(ctx context.Context, namespace, name string) work.Result {
	sub, leave := a.hub.subscribe(namespace, name, a.uid)
	defer leave()
	a.follower.namespace = namespace
	a.facts.since = time.Now()
	v, cause := a.watch(ctx, sub)
	switch {
	case errors.Is(cause, work.ErrStopping), errors.Is(cause, work.ErrShardLost):
		a.follower.stop() // the pod goes on: the attempt that follows takes it over
		return failed(interrupted(cause))
	case v.stage == exited:
		a.follower.finish()
		return a.result(ctx, sub, name)
	}
	if !ended(a.facts.pod) {
		a.end(ctx, sub, namespace, name)
	}
	a.follower.finish()
	if errors.Is(cause, work.ErrLeaseLost) {
		return failed(interrupted(cause)) // the pod may be another's now
	}
	a.memory.forget()
	if cause != nil {
		return failed(a.detailed(interrupted(cause)))
	}
	return failed(a.explained(v.failure))
}

// watch follows a pod until it has ended, or ctx has.
func (a *attempt) watch(ctx context.Context, sub *subscription) (verdict, error) {
	ended := a.follower.ended
	for {
		a.observe(ctx, sub)
		v := judge(a.facts, a.settings)
		if v.stage >= exited {
			return v, nil
		}
		a.tell(v)
		timer := time.NewTimer(cmp.Or(v.again, a.facts.now.Add(time.Hour)).Sub(a.facts.now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return v, context.Cause(ctx)
		case <-ended:
			ended = nil
		case <-sub.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// observe brings the facts up to date, and starts to follow the log.
func (a *attempt) observe(ctx context.Context, sub *subscription) {
	f := &a.facts
	f.now = time.Now()
	f.pod, f.gone = sub.get()
	if f.pod == nil {
		return
	}
	if !maps.Equal(f.pod.Annotations, a.annotations) {
		a.annotations = f.pod.Annotations
		a.hear(a.contract.Heard(a.annotations))
	}
	if c := handlerStatus(f.pod); c != nil && (c.State.Running != nil || c.State.Terminated != nil) {
		if f.started.IsZero() {
			f.started = f.now
		}
		a.follower.start(ctx, f.pod.Name)
	}
	f.spoke = a.follower.silentSince()
	if f.ended.IsZero() && (a.heard.Done || a.follower.hasEnded()) {
		f.ended = f.now
	}
}

// hear passes on what the handler told.
func (a *attempt) hear(h Heard) {
	if h.Progress && (h.Percent != a.heard.Percent || h.Message != a.heard.Message || !a.heard.Progress) {
		a.memory.Progress(h.Percent, h.Message)
	}
	if h.Saved != nil && !bytes.Equal(h.Saved, a.heard.Saved) {
		a.memory.Save(h.Saved)
	}
	a.heard = h
}

// tell says what a pod waits for, once for each reason.
func (a *attempt) tell(v verdict) {
	if v.trouble && a.facts.trouble.IsZero() {
		a.facts.trouble = a.facts.now
	} else if !v.trouble {
		a.facts.trouble = time.Time{}
	}
	if v.waiting != a.told {
		a.told = v.waiting
		a.memory.Progress(a.heard.Percent, cmp.Or(v.waiting, a.heard.Message))
	}
}

// result is that of a handler that has ended well.
func (a *attempt) result(ctx context.Context, sub *subscription, name string) work.Result {
	message := ""
	if c := handlerStatus(a.facts.pod); c != nil && c.State.Terminated != nil {
		message = c.State.Terminated.Message
	}
	r := a.contract.Result(a.facts.pod.Annotations, message)
	if r.Failure != nil {
		a.memory.forget()
		r.Failure = a.detailed(r.Failure)
	}
	if !ended(a.facts.pod) {
		a.end(ctx, sub, a.facts.pod.Namespace, name)
	}
	return r
}

// explained is the failure of a handler: what it named itself, or how it ended.
// The cluster's reasons stand as they are.
func (a *attempt) explained(f *machine.Failure) *machine.Failure {
	if strings.HasPrefix(f.Code, "exit.") || strings.HasPrefix(f.Code, "signal.") {
		return a.transcript.Failure(f.Code, f.Message)
	}
	return a.detailed(f)
}

// detailed adds the last lines of the log to a failure.
func (a *attempt) detailed(f *machine.Failure) *machine.Failure {
	if lines := a.transcript.Last(); f.Detail == nil && len(lines) > 0 {
		f.Detail, _ = json.Marshal(map[string][]string{"lines": lines}) // of strings: it cannot fail
	}
	return f
}

// ended reports whether nothing of a pod runs any more.
func ended(pod *corev1.Pod) bool {
	return pod != nil && (pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed)
}

// end ends the pod, unless another attempt has taken it over, and waits until
// its handler has ended.
func (a *attempt) end(ctx context.Context, sub *subscription, namespace, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.settings.Grace.Std()+afterGrace)
	defer cancel()
	if !a.endOwn(ctx, namespace, name) {
		return
	}
	for {
		pod, gone := sub.get()
		if gone || ended(pod) || pod == nil && a.settings.As == AsJob {
			return
		}
		if pod != nil {
			if c := handlerStatus(pod); c != nil && c.State.Terminated != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			a.log.Warn("pod did not end in time", "namespace", namespace, "pod", name)
			return
		case <-sub.changed:
		}
	}
}

// endOwn asks the cluster to end the pod; it reports whether there is one whose
// end is to be waited for.
func (a *attempt) endOwn(ctx context.Context, namespace, name string) bool {
	for {
		object, err := a.look(ctx, namespace, name)
		switch {
		case apierrors.IsNotFound(err):
			return false
		case err == nil && !a.owns(object.GetLabels()):
			return false // another attempt has it
		case err == nil:
			err = a.delete(ctx, object, true)
		}
		if err == nil {
			return true
		}
		if apierrors.IsNotFound(err) {
			return false
		}
		if !apierrors.IsConflict(err) {
			a.log.Warn("pod not ended yet", "namespace", namespace, "pod", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return false // the reaper ends it
		case <-time.After(pause):
		}
	}
}
