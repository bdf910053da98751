package kube_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
)

// again is the attempt that follows one whose engine died.
func (s *story) again(t *testing.T, edit func(*work.Task)) work.Task {
	next := task(t)
	next.Attempt, next.Fence, next.State = 2, 2<<40|1, s.report.state
	if edit != nil {
		edit(&next)
	}
	return next
}

func TestPodGoesOnWhenTheEngineStops(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		first := s.pod().Name
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		s.begin(s.again(t, nil))
		pod := s.pod()
		if pod.Name != first || pod.Labels[kube.LabelFence] != fmt.Sprint(uint64(2<<40|1)) || pod.Labels[kube.LabelAttempt] != "2" {
			t.Fatalf("pod %s with labels %v, want %s with the fence of the second attempt", pod.Name, pod.Labels, first)
		}
		s.say(first, "back again")
		s.step(exits(0, "42"))
		if r := <-s.result; string(r.Output) != "42" {
			t.Errorf("Execute = %s, %+v, want the result of the pod that went on", r.Output, r.Failure)
		}
	})
}

// An engine that loses its shard leaves the pod to the next owner, whether or not that
// one has found it yet.
func TestPodGoesOnWhenAnotherEngineHasTheShard(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		first := s.pod()
		s.cancel(work.ErrShardLost)
		s.failure("lease-lost")
		if s.pod().DeletionTimestamp != nil {
			t.Fatal("the pod was asked to end")
		}
		s.begin(s.again(t, nil))
		s.step(exits(0, "42"))
		if r := <-s.result; string(r.Output) != "42" || s.pod().UID != first.UID {
			t.Errorf("Execute = %s, %+v, want the result of the pod that went on", r.Output, r.Failure)
		}
	})
}

func TestPodThatEndedMeanwhileIsTaken(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		s.step(exits(0, "42"))
		s.begin(s.again(t, nil))
		if r := <-s.result; string(r.Output) != "42" {
			t.Errorf("Execute = %s, %+v, want the result of the pod that had ended", r.Output, r.Failure)
		}
	})
}

func TestPodThatIsNotTakenOver(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit func(*corev1.Pod)
		task func(*work.Task)
		left int // pods there are then
	}{
		{"it failed", exits(1, ""), nil, 1},
		{"it is of another step run", running, func(t *work.Task) { t.RunAttempt = 2 }, 2},
		{"it is of another step", running, func(t *work.Task) { t.Step = "other" }, 2},
		{"somebody changed its labels", func(p *corev1.Pod) { running(p); delete(p.Labels, kube.LabelManagedBy) }, nil, 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
				s.begin(task(t))
				s.step(running)
				s.cancel(work.ErrStopping)
				s.failure("stopping")
				first := s.pod().Name
				s.change(first, tc.edit)
				s.begin(s.again(t, tc.task))
				names := s.pods()
				if len(names) != tc.left || names[len(names)-1] == first {
					t.Errorf("pods %v after %s, want %d and a new one", names, first, tc.left)
				}
				s.cancel(work.ErrCanceled)
				<-s.result
			})
		})
	}
}

func TestOlderFenceDoesNotTouchAPod(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		// Another engine takes the pod over, this one only learns that its lease is lost.
		s.change(s.pod().Name, func(p *corev1.Pod) { p.Labels[kube.LabelFence] = fmt.Sprint(uint64(9 << 40)) })
		s.cancel(work.ErrLeaseLost)
		s.failure("lease-lost")
		if pod := s.pod(); pod.DeletionTimestamp != nil {
			t.Error("the pod of another attempt was deleted")
		}
		s.begin(s.again(t, nil))
		s.failure("lease-lost")
		if s.pod().Labels[kube.LabelFence] != fmt.Sprint(uint64(9<<40)) {
			t.Error("an older fence was written over a newer one")
		}
	})
}

func TestCreateWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		lost := false
		s.client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if lost {
				return false, nil, nil
			}
			lost = true
			pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
			s.stamp(pod)
			if err := s.client.Tracker().Create(podsResource, pod, namespace); err != nil {
				return true, nil, err
			}
			return true, nil, errors.New("connection reset by peer")
		})
		s.begin(task(t))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s.step(exits(0, "1"))
		if r := <-s.result; string(r.Output) != "1" {
			t.Errorf("Execute = %s, %+v, want the result of the one pod", r.Output, r.Failure)
		}
	})
}

func TestCreateIsTriedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		err   error
		code  string
		tries int
		fatal bool
	}{
		{"no answer", errors.New("connection refused"), "kube.unavailable", 4, false},
		{"overload", apierrors.NewTooManyRequests("slow down", 60), "kube.unavailable", 4, false},
		{"no rights", apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("not allowed")), "kube.refused", 1, true},
		{"quota", apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("exceeded quota: pods=10")), "kube.quota", 1, false},
		{"bad pod", apierrors.NewBadRequest("no such field"), "kube.refused", 1, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
				tries := 0
				s.client.PrependReactor("create", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
					tries++
					return true, nil, tc.err
				})
				s.begin(task(t))
				if f := s.failure(tc.code); f.Fatal != tc.fatal || tries != tc.tries {
					t.Errorf("failure %+v after %d tries, want fatal %t after %d", f, tries, tc.fatal, tc.tries)
				}
				if apierrors.IsTooManyRequests(tc.err) && time.Since(s.begun) < 3*time.Minute {
					t.Errorf("tried again after %v in all, against the cluster's word", time.Since(s.begun))
				}
			})
		})
	}
}

func TestReportingPodIsReplaced(t *testing.T) {
	t.Parallel()
	report := func(o *kube.Options) {
		o.Report = func(task work.Task) (kube.Endpoint, error) {
			return kube.Endpoint{URL: fmt.Sprintf("http://berth/tasks/%d", task.Fence)}, nil
		}
	}
	tell(t, kube.Settings{Report: new(true)}, report, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		first := s.pod()
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		s.begin(s.again(t, nil))
		if pod := s.pod(); pod.Name == first.Name || env(pod)["BERTH_REPORT_URL"] != fmt.Sprintf("http://berth/tasks/%d", uint64(2<<40|1)) {
			t.Errorf("pod %s reports to %s, want a new one with an address of its own", pod.Name, env(pod)["BERTH_REPORT_URL"])
		}
		s.cancel(work.ErrCanceled)
		<-s.result
	})
}

func TestJobs(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{As: kube.AsJob, Payload: kube.PayloadFile}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		jobs, err := s.client.BatchV1().Jobs(namespace).List(context.Background(), metav1.ListOptions{})
		if err != nil || len(jobs.Items) != 1 {
			t.Fatalf("Jobs = %v, %v, want one", jobs, err)
		}
		job := jobs.Items[0]
		if *job.Spec.BackoffLimit != 0 || *job.Spec.TTLSecondsAfterFinished != 86400 {
			t.Errorf("Job = %+v, want no tries of its own and a time to live", job.Spec)
		}
		maps, err := s.client.CoreV1().ConfigMaps(namespace).List(context.Background(), metav1.ListOptions{})
		if err != nil || len(maps.Items) != 1 || maps.Items[0].OwnerReferences[0].UID != job.UID {
			t.Fatalf("ConfigMaps = %v, %v, want one that belongs to the Job", maps, err)
		}
		s.step(running)
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		s.begin(s.again(t, nil))
		if got := s.pod().Labels[kube.LabelFence]; got != fmt.Sprint(uint64(2<<40|1)) {
			t.Errorf("fence of the Job's pod = %s, want the new one", got)
		}
		s.cancel(work.ErrCanceled)
		s.failure("canceled")
		if left := s.pods(); len(left) > 0 {
			t.Errorf("pods %v are left", left)
		}
	})
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	large := func(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }
	tests := []struct {
		name     string
		settings kube.Settings
		with     []byte
		where    string // env, file, or the code of a failure
	}{
		{"none", kube.Settings{}, nil, "env"},
		{"small", kube.Settings{}, large(64 << 10), "env"},
		{"large", kube.Settings{}, large(64<<10 + 1), "file"},
		{"file by choice", kube.Settings{Payload: kube.PayloadFile}, large(10), "file"},
		{"too large for a file", kube.Settings{}, large(2 << 20), "kube.payload"},
		{"too large for a variable", kube.Settings{Payload: kube.PayloadEnv}, large(100 << 10), "kube.payload"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tell(t, tc.settings, nil, func(t *testing.T, s *story) {
				given := task(t)
				given.With = tc.with
				s.begin(given)
				if strings.HasPrefix(tc.where, "kube.") {
					if f := s.failure(tc.where); !f.Fatal {
						t.Error("a payload that never fits is tried again")
					}
					return
				}
				pod := s.pod()
				want := string(tc.with)
				if want == "" {
					want = "null"
				}
				got := env(pod)["BERTH_PAYLOAD"]
				if tc.where == "file" {
					cm, err := s.client.CoreV1().ConfigMaps(namespace).Get(context.Background(), pod.Name, metav1.GetOptions{})
					if err != nil || cm.OwnerReferences[0].UID != pod.UID {
						t.Fatalf("ConfigMap: %v, %v, want one that belongs to the pod", cm, err)
					}
					if got != "" || env(pod)["BERTH_PAYLOAD_FILE"] != "/run/berth/payload.json" {
						t.Errorf("environment %v, want the path of a file", env(pod))
					}
					got = cm.Data["payload.json"]
				}
				if got != want {
					t.Errorf("payload of %d bytes, want %d", len(got), len(want))
				}
				s.cancel(work.ErrCanceled)
				<-s.result
			})
		})
	}
}

// env is the environment of a pod's handler, as its program sees it.
func env(pod *corev1.Pod) map[string]string {
	vars := map[string]string{}
	for _, v := range pod.Spec.Containers[0].Env {
		vars[v.Name] = strings.ReplaceAll(v.Value, "$$", "$")
	}
	return vars
}
