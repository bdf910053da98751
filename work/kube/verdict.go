package kube

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/berth-project/berth/workflow/machine"
)

// troubleTime is how long a pod may have trouble with its image, or with what
// it refers to, that often passes: a registry's hiccup, a ConfigMap that is
// just being made.
const troubleTime = time.Minute

// facts is what is known of a pod at some moment. Times are zero where
// something has not happened.
type facts struct {
	pod     *corev1.Pod // nil until it is seen
	gone    bool        // it is deleted
	now     time.Time
	since   time.Time // the pod is waited for
	trouble time.Time // first seen in trouble
	started time.Time // first seen running
	spoke   time.Time // its last line, or when its log could not be read
	ended   time.Time // it has said that it is done
}

// verdict is what follows from facts.
type verdict struct {
	stage   stage
	failure *machine.Failure // of stage broken
	waiting string           // of stage pending: what for, for people
	trouble bool             // of stage pending: what cannot last long
	again   time.Time        // when to look again, if nothing happens; zero is never
}

type stage int

const (
	pending stage = iota // it does not run yet
	running
	exited // the handler has ended well, or said it is done: it has a result
	broken // it has failed
)

func brokenBy(code, format string, args ...any) verdict {
	return verdict{stage: broken, failure: &machine.Failure{Code: code, Message: fmt.Sprintf(format, args...)}}
}

// judge says where an attempt stands.
func judge(f facts, s Settings) verdict {
	if f.pod == nil {
		return f.overdue(s, verdict{again: f.since.Add(s.StartTimeout.Std()), waiting: "the cluster has not made the pod yet"})
	}
	c := handlerStatus(f.pod)
	switch {
	case c != nil && c.State.Terminated != nil:
		return judgeEnd(f.pod, c.State.Terminated, s)
	case f.pod.Status.Phase == corev1.PodFailed:
		return judgeFailed(f.pod)
	case f.pod.Status.Phase == corev1.PodSucceeded, f.gone && !f.ended.IsZero():
		return verdict{stage: exited}
	case f.gone:
		return judgeGone(f.pod)
	case c == nil || c.State.Running == nil:
		return judgePending(f, c, s)
	}
	return judgeRunning(f, s)
}

// handlerStatus is that of the container that counts; nil before there is one.
func handlerStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if c := &pod.Status.ContainerStatuses[i]; c.Name == handlerContainer {
			return c
		}
	}
	return nil
}

// judgeEnd judges a handler that has ended. The pod's phase does not count:
// what a cluster adds to a pod may run on.
func judgeEnd(pod *corev1.Pod, t *corev1.ContainerStateTerminated, s Settings) verdict {
	if v, ok := judgeDisruption(pod); ok && t.ExitCode != 0 {
		return v
	}
	switch {
	case t.ExitCode != 0 && pod.DeletionTimestamp != nil:
		return judgeGone(pod)
	case t.Reason == "OOMKilled":
		if s.MemoryLimit == NoLimit {
			return brokenBy("kube.oom", "the node of the handler had no memory left: ask for more than %s with memory, or give the handler less at once", s.Memory)
		}
		return brokenBy("kube.oom", "the handler used more memory than its limit of %s: raise memory-limit, or give it less at once", s.MemoryLimit)
	case pod.Status.Reason == "DeadlineExceeded":
		return brokenBy("timeout", "the cluster ended the pod at its deadline")
	case t.Signal != 0:
		return brokenBy(fmt.Sprintf("signal.%d", t.Signal), "the handler was ended by signal %d", t.Signal)
	case t.ExitCode != 0 && (t.Reason == "ContainerCannotRun" || t.Reason == "StartError"):
		return brokenBy("kube.config", "the handler cannot be started: %s", cmp.Or(clip(t.Message), t.Reason))
	case t.ExitCode != 0:
		return brokenBy(fmt.Sprintf("exit.%d", t.ExitCode), "the handler exited with status %d", t.ExitCode)
	}
	return verdict{stage: exited}
}

// judgeDisruption says what the cluster did to a pod, where it did something.
func judgeDisruption(pod *corev1.Pod) (verdict, bool) {
	if pod.Status.Reason == "Evicted" {
		return brokenBy("kube.evicted", "the node evicted the pod: %s", clip(pod.Status.Message)), true
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return brokenBy("kube.evicted", "the cluster ended the pod: %s (%s)", cmp.Or(clip(c.Message), "no reason given"), c.Reason), true
		}
	}
	switch pod.Status.Reason {
	case "NodeLost", "NodeShutdown", "Shutdown", "Terminated":
		return brokenBy("kube.node", "the pod's node shut down or was lost: %s", cmp.Or(clip(pod.Status.Message), pod.Status.Reason)), true
	}
	return verdict{}, false
}

// judgeFailed judges a pod whose handler never came to an end.
func judgeFailed(pod *corev1.Pod) verdict {
	if v, ok := judgeDisruption(pod); ok {
		return v
	}
	if pod.Status.Reason == "DeadlineExceeded" {
		return brokenBy("timeout", "the cluster ended the pod at its deadline")
	}
	for _, c := range pod.Status.InitContainerStatuses {
		if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
			return brokenBy("kube.config", "what the cluster runs before the handler (%s) exited with status %d: %s", c.Name, t.ExitCode, clip(t.Message))
		}
	}
	return brokenBy("kube.rejected", "the pod failed before its handler ran: %s",
		cmp.Or(strings.TrimSpace(pod.Status.Reason+" "+clip(pod.Status.Message)), "no reason given"))
}

func judgeGone(pod *corev1.Pod) verdict {
	if v, ok := judgeDisruption(pod); ok {
		return v
	}
	return brokenBy("kube.deleted", "the pod %s was deleted by somebody else", pod.Name)
}

// judgePending judges a pod that does not run yet.
func judgePending(f facts, c *corev1.ContainerStatus, s Settings) verdict {
	v := verdict{again: f.since.Add(s.StartTimeout.Std()), waiting: "the pod is being started"}
	for _, cond := range f.pod.Status.Conditions {
		if cond.Type == corev1.PodScheduled && cond.Status == corev1.ConditionFalse {
			v.waiting = "no node takes the pod: " + cmp.Or(clip(cond.Message), cond.Reason)
			return f.overdue(s, v)
		}
	}
	w := waitingOf(f.pod, c)
	if w == nil {
		return f.overdue(s, v)
	}
	code, text := plainReason(w, s)
	if code == "" {
		if w.Message != "" {
			v.waiting = clip(w.Message)
		}
		return f.overdue(s, v)
	}
	v.waiting, v.trouble = text, true
	first := f.trouble
	if first.IsZero() {
		first = f.now
	}
	if w.Reason == "InvalidImageName" || !f.now.Before(first.Add(troubleTime)) {
		end := brokenBy(code, "%s", text)
		end.failure.Fatal = w.Reason == "InvalidImageName"
		return end
	}
	if until := first.Add(troubleTime); until.Before(v.again) {
		v.again = until
	}
	return f.overdue(s, v)
}

// waitingOf is why the handler, or what the cluster runs before it, waits.
func waitingOf(pod *corev1.Pod, c *corev1.ContainerStatus) *corev1.ContainerStateWaiting {
	for _, init := range pod.Status.InitContainerStatuses {
		if w := init.State.Waiting; w != nil && w.Reason != "PodInitializing" {
			return w
		}
	}
	if c == nil {
		return nil
	}
	return c.State.Waiting
}

// plainReason says in words why a container waits, where that is trouble.
func plainReason(w *corev1.ContainerStateWaiting, s Settings) (code, text string) {
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return "kube.image", fmt.Sprintf("the image %q cannot be pulled: %s; check its name, and that the cluster may read it (pull-secrets)", s.Image, clip(w.Message))
	case "ErrImageNeverPull":
		return "kube.image", fmt.Sprintf("the image %q is not on the node, and pull is Never", s.Image)
	case "InvalidImageName":
		return "kube.image", fmt.Sprintf("%q is not the name of an image", s.Image)
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return "kube.config", "the handler cannot be started: " + cmp.Or(clip(w.Message), w.Reason)
	}
	return "", ""
}

// overdue turns pending into broken where the pod should be running by now.
func (f facts) overdue(s Settings, v verdict) verdict {
	if f.now.Before(f.since.Add(s.StartTimeout.Std())) {
		return v
	}
	code := "kube.start"
	if strings.HasPrefix(v.waiting, "no node ") {
		code = "kube.unschedulable"
	}
	return brokenBy(code, "the pod did not run within %s: %s", s.StartTimeout, v.waiting)
}

func judgeRunning(f facts, s Settings) verdict {
	v := verdict{stage: running}
	if !f.ended.IsZero() {
		v.again = f.ended.Add(s.Grace.Std())
		if !f.now.Before(v.again) {
			v.stage = exited
		}
		return v
	}
	if s.SilenceTimeout <= 0 {
		return v
	}
	last := f.started
	if f.spoke.After(last) {
		last = f.spoke
	}
	v.again = last.Add(s.SilenceTimeout.Std())
	if !f.now.Before(v.again) {
		return brokenBy("kube.silent", "the handler wrote nothing to its log for %s", s.SilenceTimeout)
	}
	return v
}

// clip keeps a text of the cluster to what a failure should carry.
func clip(text string) string {
	const most = 500
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
