package kube_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func (s *story) reap() kube.Reaped {
	s.t.Helper()
	reaped, err := s.executor.Reap(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return reaped
}

// currently answers for all pods alike, until it is changed.
func currently(current *atomic.Bool) func(*kube.Options) {
	current.Store(true)
	return func(o *kube.Options) {
		o.Current = func(workflow.RunID, string, int, machine.Fence) bool { return current.Load() }
	}
}

func TestReaperDeletesStalePods(t *testing.T) {
	t.Parallel()
	var current atomic.Bool
	tell(t, kube.Settings{}, currently(&current), func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		time.Sleep(time.Hour)
		if got := s.reap(); got != (kube.Reaped{}) {
			t.Errorf("Reap = %+v while the lease is current", got)
		}
		current.Store(false)
		s.reap()
		time.Sleep(time.Minute)
		if got := s.reap(); got != (kube.Reaped{}) || len(s.pods()) != 1 {
			t.Errorf("Reap = %+v a minute after the lease ran out, want the next attempt to have time", got)
		}
		// The next attempt takes it over: it is not stale any more.
		s.change(s.pod().Name, func(p *corev1.Pod) { p.Labels[kube.LabelFence] = "99" })
		time.Sleep(time.Minute)
		if got := s.reap(); got != (kube.Reaped{}) {
			t.Errorf("Reap = %+v right after a new fence", got)
		}
		time.Sleep(2 * time.Minute)
		if got := s.reap(); got != (kube.Reaped{Stale: 1}) || len(s.pods()) > 0 {
			t.Errorf("Reap = %+v, pods %v; want the stale one gone", got, s.pods())
		}
	})
}

func TestReaperDeletesWhatIsRecorded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		remove string
		code   int32
		want   kube.Reaped
	}{
		{kube.RemoveSucceeded, 0, kube.Reaped{Ended: 1}},
		{kube.RemoveSucceeded, 1, kube.Reaped{}},
		{kube.RemoveAlways, 1, kube.Reaped{Ended: 1}},
		{kube.RemoveNever, 0, kube.Reaped{}},
	}
	for _, tc := range tests {
		t.Run(fmt.Sprint(tc.remove, tc.code), func(t *testing.T) {
			t.Parallel()
			var current atomic.Bool
			tell(t, kube.Settings{Remove: tc.remove}, currently(&current), func(t *testing.T, s *story) {
				s.begin(task(t))
				s.step(exits(tc.code, ""))
				<-s.result
				current.Store(false)
				s.reap()
				time.Sleep(2 * time.Minute)
				if got := s.reap(); got != tc.want {
					t.Errorf("Reap = %+v, want %+v", got, tc.want)
				}
			})
		})
	}
}

func TestReaperDeletesOldPods(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		foreign bool
		edit    func(*corev1.Pod)
		after   time.Duration
		want    kube.Reaped
	}{
		{"ended a day ago", false, exits(1, ""), 24 * time.Hour, kube.Reaped{Old: 1}},
		{"ended less than a day ago", false, exits(1, ""), 24*time.Hour - time.Second, kube.Reaped{}},
		{"never started", false, func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodFailed, StartTime: new(metav1.Now())}
		}, 24 * time.Hour, kube.Reaped{Old: 1}},
		{"still runs", false, running, 48 * time.Hour, kube.Reaped{}},
		{"a container still runs", false, func(p *corev1.Pod) {
			exits(1, "")(p)
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
		}, 48 * time.Hour, kube.Reaped{}},
		{"of somebody else", false, func(p *corev1.Pod) { exits(0, "")(p); p.Labels = nil }, 48 * time.Hour, kube.Reaped{}},
		{"of somebody else, by choice", true, func(p *corev1.Pod) { exits(0, "")(p); p.Labels = nil }, 48 * time.Hour, kube.Reaped{Old: 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tell(t, kube.Settings{}, func(o *kube.Options) { o.Reap.Foreign = tc.foreign }, func(t *testing.T, s *story) {
				s.begin(task(t))
				s.step(running)
				s.cancel(work.ErrStopping)
				<-s.result
				s.change(s.pod().Name, tc.edit)
				time.Sleep(tc.after)
				if got := s.reap(); got != tc.want {
					t.Errorf("Reap = %+v, want %+v", got, tc.want)
				}
			})
		})
	}
}

func TestReaperDeletesJobs(t *testing.T) {
	t.Parallel()
	var current atomic.Bool
	tell(t, kube.Settings{As: kube.AsJob}, currently(&current), func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		<-s.result
		current.Store(false)
		s.reap()
		time.Sleep(2 * time.Minute)
		if got := s.reap(); got != (kube.Reaped{Stale: 1}) {
			t.Errorf("Reap = %+v, want the Job gone", got)
		}
		jobs, err := s.client.BatchV1().Jobs(namespace).List(context.Background(), metav1.ListOptions{})
		if err != nil || len(jobs.Items) > 0 || len(s.pods()) > 0 {
			t.Errorf("Jobs %v, pods %v, %v; want none", jobs.Items, s.pods(), err)
		}
	})
}

func TestReaperRuns(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, func(o *kube.Options) { o.Reap.Namespaces = []string{"other"} }, func(t *testing.T, s *story) {
		var looked []string
		s.client.PrependReactor("list", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
			looked = append(looked, a.GetNamespace())
			if a.GetNamespace() == "other" {
				return true, nil, errors.New("no answer")
			}
			return false, nil, nil
		})
		ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
		defer cancel()
		if err := s.executor.Run(ctx); err != nil {
			t.Errorf("Run = %v, want nil after a clean stop", err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{namespace, "other", namespace, "other"}, looked); diff != "" {
			t.Errorf("looked into (-want +got):\n%s", diff)
		}
	})
	tell(t, kube.Settings{}, func(o *kube.Options) { o.Reap.Namespaces = []string{"other", "*"} }, func(t *testing.T, s *story) {
		var looked []string
		s.client.PrependReactor("list", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
			looked = append(looked, a.GetNamespace())
			return false, nil, nil
		})
		s.reap()
		if !slices.Equal(looked, []string{""}) {
			t.Errorf("looked into %q, want all namespaces at once", looked)
		}
	})
}

// A namespace that cannot be looked into keeps nothing in the others.
func TestReaperGoesOnBesideANamespaceThatFails(t *testing.T) {
	t.Parallel()
	var current atomic.Bool
	tell(t, kube.Settings{}, func(o *kube.Options) {
		currently(&current)(o)
		o.Reap.Namespaces = []string{"other"}
	}, func(t *testing.T, s *story) {
		s.client.PrependReactor("list", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
			return a.GetNamespace() == "other", nil, errors.New("no rights there")
		})
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		<-s.result
		current.Store(false)
		if _, err := s.executor.Reap(context.Background()); err == nil {
			t.Error("Reap = nil, want that it tells of the other namespace")
		}
		time.Sleep(2 * time.Minute)
		if got, _ := s.executor.Reap(context.Background()); got != (kube.Reaped{Stale: 1}) {
			t.Errorf("Reap = %+v, want the stale pod gone", got)
		}
	})
}

// An engine that was away for long finds the results of pods that ended meanwhile: its
// reaper gives the attempts that follow time to take them.
func TestReaperLeavesResultsThatMayBeTaken(t *testing.T) {
	t.Parallel()
	var current atomic.Bool
	tell(t, kube.Settings{}, currently(&current), func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		<-s.result
		s.step(exits(0, "42"))
		time.Sleep(48 * time.Hour)
		current.Store(false) // no attempt has begun yet
		if got := s.reap(); got != (kube.Reaped{}) {
			t.Fatalf("Reap = %+v right after the engine came back", got)
		}
		s.begin(s.again(t, nil))
		if r := <-s.result; string(r.Output) != "42" {
			t.Errorf("Execute = %s, %+v, want the result of the pod that had ended", r.Output, r.Failure)
		}
		s.reap()
		time.Sleep(2 * time.Minute)
		if got := s.reap(); got != (kube.Reaped{Old: 1}) {
			t.Errorf("Reap = %+v, want the pod gone when nobody took it", got)
		}
	})
}

// The fence of a Job is written before that of its pod: a reaper that has seen the
// pod's only must not delete what an attempt has just taken over.
func TestReaperLeavesJobsThatWereTakenOver(t *testing.T) {
	t.Parallel()
	var current atomic.Bool
	tell(t, kube.Settings{As: kube.AsJob}, currently(&current), func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		<-s.result
		jobs := s.client.BatchV1().Jobs(namespace)
		list, err := jobs.List(context.Background(), metav1.ListOptions{})
		if err != nil || len(list.Items) != 1 {
			t.Fatalf("Jobs = %v, %v, want one", list, err)
		}
		job := list.Items[0]
		job.Labels[kube.LabelFence] = fmt.Sprint(uint64(2<<40 | 1))
		if _, err := jobs.Update(context.Background(), &job, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		current.Store(false)
		s.reap()
		time.Sleep(2 * time.Minute)
		s.reap()
		if len(s.pods()) != 1 {
			t.Error("the Job of another attempt was deleted")
		}
	})
}
