package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// callTime bounds one request to the cluster.
const callTime = 30 * time.Second

// errNewer says that somebody has written a newer fence on the pod.
var errNewer = errors.New("another attempt has the pod")

// find looks for the pod that an earlier attempt left, and takes it over. It
// returns its name, "" where there is none to take.
func (a *attempt) find(ctx context.Context, o *order) (string, *machine.Failure) {
	m := a.memory
	if m.pod == "" || m.namespace != o.namespace {
		return "", nil
	}
	err := a.takeOver(ctx, m.namespace, m.pod)
	switch {
	case err == nil:
		return m.pod, nil
	case errors.Is(err, errNewer):
		return "", interrupted(work.ErrLeaseLost)
	case errors.Is(err, errUnfit), apierrors.IsNotFound(err):
		return "", nil
	}
	return "", a.unavailable(ctx, err)
}

// errUnfit says that a pod is of no use to this attempt.
var errUnfit = errors.New("the pod cannot be taken over")

// takeOver writes the attempt's fence on a pod, unless it bears a newer one. A
// pod that is of no use is ended, if it is not already.
func (a *attempt) takeOver(ctx context.Context, namespace, name string) error {
	for {
		object, err := a.look(ctx, namespace, name)
		if err != nil {
			return err
		}
		m, ok := readMark(object.GetLabels(), object.GetAnnotations())
		switch {
		case !ok || !m.of(a.task):
			return errUnfit // it is somebody else's: hands off
		case m.Fence > a.task.Fence:
			return errNewer
		case object.GetDeletionTimestamp() != nil:
			return errUnfit
		case m.Fence == a.task.Fence:
			a.uid = object.GetUID()
			return nil
		case set(a.settings.Report) || !a.usable(object):
			if err := a.delete(ctx, object, true); err != nil {
				return err
			}
			return errUnfit
		}
		if err = a.writeFence(ctx, object); !apierrors.IsConflict(err) {
			a.uid = object.GetUID()
			return err
		}
	}
}

// usable reports whether a pod, or Job, that an earlier attempt left can still
// come to a result, or has one.
func (a *attempt) usable(object metav1.Object) bool {
	switch o := object.(type) {
	case *corev1.Pod:
		c := handlerStatus(o)
		return o.Status.Phase != corev1.PodFailed && (c == nil || c.State.Terminated == nil || c.State.Terminated.ExitCode == 0)
	case *batchv1.Job:
		return o.Status.Failed == 0
	}
	return false
}

// look returns the pod, or the Job.
func (a *attempt) look(ctx context.Context, namespace, name string) (metav1.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if a.settings.As == AsJob {
		return a.client.BatchV1().Jobs(namespace).Get(ctx, name, metav1.GetOptions{})
	}
	return a.client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
}

// writeFence puts the task's fence and attempt on a pod or Job, if nobody has
// changed it since it was read. The pod of a Job bears them as well.
func (a *attempt) writeFence(ctx context.Context, object metav1.Object) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	namespace, name := object.GetNamespace(), object.GetName()
	if a.settings.As != AsJob {
		_, err := a.client.CoreV1().Pods(namespace).Patch(ctx, name, types.MergePatchType, a.fencePatch(object), metav1.PatchOptions{})
		return err
	}
	if _, err := a.client.BatchV1().Jobs(namespace).Patch(ctx, name, types.MergePatchType, a.fencePatch(object), metav1.PatchOptions{}); err != nil {
		return err
	}
	pods, err := a.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.Set{LabelWork: name}.String()})
	if err != nil {
		return err
	}
	for i := range pods.Items {
		// The Job's fence decides; its pod's is for the reaper, and may wait.
		_, err := a.client.CoreV1().Pods(namespace).Patch(ctx, pods.Items[i].Name, types.MergePatchType, a.fencePatch(&pods.Items[i]), metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (a *attempt) fencePatch(object metav1.Object) []byte {
	return fmt.Appendf(nil, `{"metadata":{"uid":%q,"resourceVersion":%q,"labels":{%q:"%d",%q:"%d"}}}`,
		object.GetUID(), object.GetResourceVersion(), LabelFence, a.task.Fence, LabelAttempt, a.task.Attempt)
}

// create creates what the task needs, trying again while the cluster does not
// answer.
func (a *attempt) create(ctx context.Context, o *order) *machine.Failure {
	tries, begun := 1, time.Now()
	if a.settings.CreateRetries != nil {
		tries += *a.settings.CreateRetries
	}
	for {
		err := a.createOnce(ctx, o)
		if err == nil {
			return nil
		}
		if errors.Is(err, errNewer) {
			return interrupted(work.ErrLeaseLost)
		}
		if ctx.Err() != nil {
			return interrupted(context.Cause(ctx))
		}
		if f := a.final(err); f != nil {
			return f
		}
		if leaving := errors.Is(err, errLeaving) && time.Since(begun) < a.settings.Grace.Std()+afterGrace; !leaving {
			tries--
		}
		if tries <= 0 {
			return a.unavailable(ctx, err)
		}
		delay := a.settings.CreateDelay.Std()
		if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
			delay = max(delay, time.Duration(seconds)*time.Second)
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
	}
}

// createOnce creates the pod or Job, and the ConfigMap that goes with it and
// belongs to it. The pod waits for its ConfigMap.
func (a *attempt) createOnce(ctx context.Context, o *order) error {
	owner, err := a.createWork(ctx, o)
	if apierrors.IsAlreadyExists(err) {
		return a.exists(ctx, o)
	}
	if err != nil {
		return err
	}
	return a.createPayload(ctx, o, owner)
}

// exists deals with a pod that is there already: an answer to its creation was
// lost, or the attempt has been begun before.
func (a *attempt) exists(ctx context.Context, o *order) error {
	object, err := a.look(ctx, o.namespace, o.name)
	if apierrors.IsNotFound(err) {
		return errLeaving
	}
	if err != nil {
		return err
	}
	if m, ok := readMark(object.GetLabels(), object.GetAnnotations()); !ok || !m.of(a.task) {
		return apierrors.NewBadRequest(fmt.Sprintf("%s exists and is not Berth's", o.name))
	}
	err = a.takeOver(ctx, o.namespace, o.name)
	switch {
	case err == nil:
		return a.createPayload(ctx, o, a.ownerOf(object))
	case errors.Is(err, errUnfit), apierrors.IsNotFound(err):
		return errLeaving
	}
	return err
}

// errLeaving says that what has the name is about to go.
var errLeaving = errors.New("the pod of an earlier attempt with this name has not ended yet")

func (a *attempt) createWork(ctx context.Context, o *order) (metav1.OwnerReference, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if o.job != nil {
		job, err := a.client.BatchV1().Jobs(o.namespace).Create(ctx, o.job, metav1.CreateOptions{})
		if err != nil {
			return metav1.OwnerReference{}, err
		}
		a.uid = job.UID
		return a.ownerOf(job), nil
	}
	pod, err := a.client.CoreV1().Pods(o.namespace).Create(ctx, o.pod, metav1.CreateOptions{})
	if err != nil {
		return metav1.OwnerReference{}, err
	}
	a.uid = pod.UID
	return a.ownerOf(pod), nil
}

func (a *attempt) ownerOf(object metav1.Object) metav1.OwnerReference {
	ref := metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: object.GetName(), UID: object.GetUID()}
	if a.settings.As == AsJob {
		ref.APIVersion, ref.Kind = "batch/v1", "Job"
	}
	return ref
}

func (a *attempt) createPayload(ctx context.Context, o *order, owner metav1.OwnerReference) error {
	if o.payload == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	payload := o.payload.DeepCopy()
	payload.OwnerReferences = []metav1.OwnerReference{owner}
	_, err := a.client.CoreV1().ConfigMaps(o.namespace).Create(ctx, payload, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// final is the failure of an answer that trying again does not change.
func (a *attempt) final(err error) *machine.Failure {
	switch {
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		return &machine.Failure{Code: "kube.quota", Message: "the namespace's quota does not allow the pod: " + clip(err.Error())}
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return &machine.Failure{Code: "kube.refused", Fatal: true, Message: "the cluster does not allow the pod: " + clip(err.Error()) + "; see the role that berth needs, and the namespace's pod security"}
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return &machine.Failure{Code: "kube.refused", Fatal: true, Message: "the cluster does not accept the pod: " + clip(err.Error())}
	case apierrors.IsNotFound(err):
		return &machine.Failure{Code: "kube.refused", Fatal: true, Message: "the pod cannot be created: " + clip(err.Error())}
	}
	return nil
}

func (a *attempt) unavailable(ctx context.Context, err error) *machine.Failure {
	if ctx.Err() != nil {
		return interrupted(context.Cause(ctx))
	}
	return &machine.Failure{Code: "kube.unavailable", Message: "the cluster does not answer: " + clip(err.Error())}
}

// delete asks the cluster to end a pod or Job. With unchanged it does so only
// if nobody has changed it since it was read.
func (a *attempt) delete(ctx context.Context, object metav1.Object, unchanged bool) error {
	return deleteObject(ctx, a.client, object, unchanged, a.settings.Grace.Std())
}

// deleteObject deletes a pod or Job, by its identity and not its name alone: it
// may have been replaced.
func deleteObject(ctx context.Context, client Client, object metav1.Object, unchanged bool, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	uid, version := object.GetUID(), object.GetResourceVersion()
	opts := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
	if unchanged {
		opts.Preconditions.ResourceVersion = &version
	}
	if _, ok := object.(*batchv1.Job); ok {
		opts.PropagationPolicy = new(metav1.DeletePropagationBackground)
		return client.BatchV1().Jobs(object.GetNamespace()).Delete(ctx, object.GetName(), opts)
	}
	if grace > 0 {
		opts.GracePeriodSeconds = new(wholeSeconds(grace))
	}
	return client.CoreV1().Pods(object.GetNamespace()).Delete(ctx, object.GetName(), opts)
}
