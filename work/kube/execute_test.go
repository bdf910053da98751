package kube_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func TestResultOfAHandler(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(waits("ContainerCreating", ""))
		s.step(running)
		s.say(s.pod().Name, "hello", "::progress 40 second pass", `::save {"job":"7f3a"}`)
		time.Sleep(time.Minute)
		s.say(s.pod().Name, "bye")
		s.step(exits(0, `{"size": 3}`))
		r := <-s.result
		if r.Failure != nil || string(r.Output) != `{"size": 3}` {
			t.Errorf("Execute = %s, %+v, want the result in the file", r.Output, r.Failure)
		}
		if got := s.report.log.String(); got != "hello\nbye\n" {
			t.Errorf("log = %q, want each line once and no directive", got)
		}
		if last := s.report.progress[len(s.report.progress)-1]; last != "40 second pass" {
			t.Errorf("last progress = %q", last)
		}
		if !strings.Contains(string(s.report.state), `"saved":{"job":"7f3a"}`) {
			t.Errorf("state = %s, want what the handler saved", s.report.state)
		}
		if len(s.pods()) != 1 {
			t.Error("the pod is gone before its result is recorded")
		}
	})
}

func TestFailuresSayWhatHappened(t *testing.T) {
	t.Parallel()
	status := func(phase corev1.PodPhase, reason, message string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Status.Phase, pod.Status.Reason, pod.Status.Message = phase, reason, message
		}
	}
	ended := func(edit func(*corev1.ContainerStateTerminated)) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			exits(137, "")(pod)
			edit(pod.Status.ContainerStatuses[0].State.Terminated)
		}
	}
	tests := []struct {
		name string
		edit func(*corev1.Pod)
		code string
		want string
	}{
		{"exit", exits(3, ""), "exit.3", "the handler exited with status 3"},
		{"signal", ended(func(s *corev1.ContainerStateTerminated) { s.Signal = 9 }), "signal.9", "signal 9"},
		{"memory", ended(func(s *corev1.ContainerStateTerminated) { s.Reason = "OOMKilled" }), "kube.oom", "more memory than its limit of 256Mi"},
		{"cannot run", ended(func(s *corev1.ContainerStateTerminated) { s.Reason, s.Message = "StartError", "no such file: encode" }), "kube.config", "no such file: encode"},
		{"evicted", status(corev1.PodFailed, "Evicted", "The node was low on resource: memory."), "kube.evicted", "low on resource"},
		{"preempted", func(pod *corev1.Pod) {
			exits(143, "")(pod)
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "PreemptionByScheduler", Message: "a more urgent pod"}}
		}, "kube.evicted", "a more urgent pod"},
		{"node shut down", status(corev1.PodFailed, "NodeShutdown", "Node is shutting down"), "kube.node", "shutting down"},
		{"deadline", status(corev1.PodFailed, "DeadlineExceeded", ""), "timeout", "deadline"},
		{"refused by node", status(corev1.PodFailed, "OutOfcpu", "Node didn't have enough resource"), "kube.rejected", "didn't have enough"},
		{"bad name of an image", waits("InvalidImageName", ""), "kube.image", `"encoder:2" is not the name of an image`},
		{"result that is no JSON", exits(0, "{"), "result", "does not hold JSON"},
		{"result that was cut", exits(0, strings.Repeat("[", 4096)), "result", "longer than the 4096 bytes"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
				s.begin(task(t))
				s.step(tc.edit)
				if f := s.failure(tc.code); !strings.Contains(f.Message, tc.want) {
					t.Errorf("message = %q, want %q in it", f.Message, tc.want)
				}
				if strings.Contains(string(s.report.state), `"pod"`) {
					t.Errorf("state = %s: the next attempt would look for a pod that is judged", s.report.state)
				}
			})
		})
	}
}

func TestFailureHasTheLastLines(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		for range 20 {
			s.say(s.pod().Name, "working")
		}
		s.say(s.pod().Name, "no space left")
		s.step(exits(1, ""))
		f := s.failure("exit.1")
		var detail struct{ Lines []string }
		if err := json.Unmarshal(f.Detail, &detail); err != nil || len(detail.Lines) != 10 || detail.Lines[9] != "no space left" {
			t.Errorf("detail = %s, want the last ten lines", f.Detail)
		}
		if !strings.HasSuffix(f.Message, ": no space left") {
			t.Errorf("message = %q, want the last line in it", f.Message)
		}
	})
}

func TestHandlerNamesItsFailure(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.say(s.pod().Name, `::fail {"code":"bad-input","message":"no video track","fatal":true}`)
		s.step(exits(1, ""))
		if f := s.failure("bad-input"); !f.Fatal || f.Message != "no video track" {
			t.Errorf("failure = %+v, want what the handler named", f)
		}
	})
}

func TestPodThatDoesNotStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		edit  func(*corev1.Pod)
		after time.Duration
		code  string
		want  string
	}{
		{"no node", func(pod *corev1.Pod) {
			pod.Status.Phase = corev1.PodPending
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available: 3 Insufficient cpu."}}
		}, 5 * time.Minute, "kube.unschedulable", "3 Insufficient cpu"},
		{"no image", waits("ImagePullBackOff", "manifest unknown"), time.Minute, "kube.image", `"encoder:2" cannot be pulled: manifest unknown`},
		{"no secret", waits("CreateContainerConfigError", `secret "x" not found`), time.Minute, "kube.config", `secret "x" not found`},
		{"slow", waits("ContainerCreating", ""), 5 * time.Minute, "kube.start", "did not run within 5m0s"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
				s.begin(task(t))
				s.step(tc.edit)
				if f := s.failure(tc.code); !strings.Contains(f.Message, tc.want) {
					t.Errorf("message = %q, want %q in it", f.Message, tc.want)
				}
				if took := time.Since(s.begun); took != tc.after {
					t.Errorf("given up after %v, want %v", took, tc.after)
				}
				if left := s.pods(); len(left) > 0 {
					t.Errorf("pods %v are left", left)
				}
			})
		})
	}
}

func TestTroubleThatPasses(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(waits("ErrImagePull", "i/o timeout"))
		time.Sleep(50 * time.Second)
		s.step(waits("ContainerCreating", ""))
		time.Sleep(50 * time.Second)
		s.step(waits("ErrImagePull", "i/o timeout"))
		time.Sleep(50 * time.Second)
		s.step(running)
		s.step(exits(0, ""))
		if r := <-s.result; r.Failure != nil || r.Output != nil {
			t.Errorf("Execute = %+v, want success without output", r)
		}
		if got := strings.Join(s.report.progress, "\n"); !strings.Contains(got, "cannot be pulled: i/o timeout") {
			t.Errorf("progress = %q, want a word about the image", got)
		}
	})
}

func TestSilence(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{SilenceTimeout: workflow.Duration(2 * time.Minute)}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		for range 5 {
			time.Sleep(100 * time.Second)
			s.say(s.pod().Name, "still here")
		}
		before := time.Now()
		f := s.failure("kube.silent")
		if took := time.Since(before); took < 2*time.Minute || took > 3*time.Minute {
			t.Errorf("given up %v after the last line, want 2m and the time to see it", took)
		}
		if !strings.Contains(string(f.Detail), "still here") || len(s.pods()) > 0 {
			t.Errorf("detail %s, pods %v; want the last lines and no pod", f.Detail, s.pods())
		}
	})
}

// That a log cannot be read says nothing of its handler.
func TestALogThatCannotBeReadIsNoSilence(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{SilenceTimeout: workflow.Duration(2 * time.Minute)}, nil, func(t *testing.T, s *story) {
		var broken atomic.Bool
		s.client.PrependReactor("get", "pods/log", func(clienttesting.Action) (bool, runtime.Object, error) {
			return broken.Load(), nil, errors.New("the node's kubelet does not answer")
		})
		broken.Store(true)
		s.begin(task(t))
		s.step(running)
		time.Sleep(time.Hour)
		select {
		case r := <-s.result:
			t.Fatalf("Execute = %+v while the log cannot be read", r.Failure)
		default:
		}
		broken.Store(false)
		before := time.Now()
		s.failure("kube.silent")
		if took := time.Since(before); took < 100*time.Second || took > 3*time.Minute {
			t.Errorf("given up %v after the log could be read again, want about 2m", took)
		}
	})
}

// What a handler saves and is too large is told and left out; the pod that has it is
// known to the next attempt all the same.
func TestTooMuchSavedDoesNotLoseThePod(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{Contract: "large"}, func(o *kube.Options) { o.Contracts = map[string]kube.Contract{"large": large{}} }, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(func(p *corev1.Pod) { running(p); p.Annotations["n"] = "70000" })
		first := s.pod().Name
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		if got := s.report.log.String(); !strings.Contains(got, "70000 bytes") || len(s.report.state) > machine.MaxSaved {
			t.Errorf("log %q and %d bytes of state, want that too much was saved", got, len(s.report.state))
		}
		s.begin(s.again(t, nil))
		if s.pod().Name != first {
			t.Errorf("pod %s, want %s taken over", s.pod().Name, first)
		}
		s.cancel(work.ErrCanceled)
		<-s.result
	})
}

// large is the contract of handlers that save as many bytes as an annotation says.
type large struct{ kube.Contract }

func (large) Give(work.Task, kube.Settings, json.RawMessage) (kube.Given, error) {
	return kube.Given{}, nil
}

func (large) Heard(annotations map[string]string) kube.Heard {
	n, err := strconv.Atoi(annotations["n"])
	if err != nil {
		return kube.Heard{}
	}
	return kube.Heard{Saved: []byte(`"` + strings.Repeat("x", n-2) + `"`)}
}

// A pod may get the name of one that has just gone, while the watch still tells of
// that one.
func TestWatchThatLagsBehindAName(t *testing.T) {
	t.Parallel()
	report := func(o *kube.Options) {
		o.Report = func(work.Task) (kube.Endpoint, error) { return kube.Endpoint{URL: "http://berth"}, nil }
	}
	tell(t, kube.Settings{Report: new(true)}, report, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.cancel(work.ErrStopping)
		s.failure("stopping")
		before := s.pod().DeepCopy()
		exits(143, "")(before)
		lagging := watch.NewFake()
		s.client.PrependWatchReactor("pods", func(clienttesting.Action) (bool, watch.Interface, error) { return true, lagging, nil })
		s.client.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, &corev1.PodList{Items: []corev1.Pod{*before}}, nil
		})
		s.begin(s.again(t, func(t *work.Task) { t.Attempt = 1 })) // its engine gave the attempt back
		pod := s.pod().DeepCopy()
		if pod.Name != before.Name || pod.UID == before.UID {
			t.Fatalf("pod %s %s, want another one with the name %s", pod.Name, pod.UID, before.Name)
		}
		lagging.Delete(before)
		synctest.Wait()
		running(pod)
		lagging.Add(pod.DeepCopy())
		synctest.Wait()
		exits(0, "42")(pod)
		lagging.Modify(pod)
		if r := <-s.result; string(r.Output) != "42" {
			t.Errorf("Execute = %s, %+v, want the result of the pod that is there", r.Output, r.Failure)
		}
	})
}

func TestEndOfLogEndsAHandlerThatDoesNotExit(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{EndOfLog: "HandlerComplete", SilenceTimeout: workflow.Duration(10 * time.Second)}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.say(s.pod().Name, "INFO HandlerComplete")
		if r := <-s.result; r.Failure != nil {
			t.Errorf("failure = %+v, want success", r.Failure)
		}
		if left := s.pods(); len(left) > 0 {
			t.Errorf("pods %v are left running", left)
		}
	})
}

func TestSidecarsDoNotCount(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(func(pod *corev1.Pod) {
			exits(0, "1")(pod)
			pod.Status.Phase = corev1.PodRunning
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: "proxy"})
		})
		if r := <-s.result; string(r.Output) != "1" || len(s.pods()) > 0 {
			t.Errorf("Execute = %s, %+v with pods %v left, want 1 and none", r.Output, r.Failure, s.pods())
		}
	})
}

func TestCancelEndsThePod(t *testing.T) {
	t.Parallel()
	tests := []struct {
		cause error
		code  string
	}{
		{work.ErrCanceled, "canceled"}, {work.ErrTimeout, "timeout"}, {work.ErrLeaseLost, "lease-lost"},
	}
	for _, tc := range tests {
		t.Run(tc.code, func(t *testing.T) {
			t.Parallel()
			tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
				s.begin(task(t))
				s.step(running)
				s.linger = true
				s.cancel(tc.cause)
				synctest.Wait()
				if s.pod().DeletionTimestamp == nil {
					t.Error("the pod was not asked to end")
				}
				select {
				case r := <-s.result:
					t.Fatalf("Execute = %+v while the handler runs", r)
				default:
				}
				s.say(s.pod().Name, "cleaning up")
				s.step(exits(143, ""))
				s.failure(tc.code)
				if got := s.report.log.String(); got != "cleaning up\n" {
					t.Errorf("log = %q, want what the handler said at its end", got)
				}
			})
		})
	}
}

func TestPodThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		s.linger = true
		s.cancel(work.ErrCanceled)
		s.failure("canceled")
		if took := time.Since(s.begun); took != time.Minute {
			t.Errorf("waited %v, want the grace period and half a minute", took)
		}
	})
}

func TestSomebodyDeletesThePod(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		s.begin(task(t))
		s.step(running)
		if err := s.client.Tracker().Delete(podsResource, namespace, s.pod().Name); err != nil {
			t.Fatal(err)
		}
		s.failure("kube.deleted")
	})
}

func TestUnknownType(t *testing.T) {
	t.Parallel()
	tell(t, kube.Settings{}, nil, func(t *testing.T, s *story) {
		other := task(t)
		other.Type = "decode"
		s.begin(other)
		if f := s.failure("kube.type"); !f.Fatal || len(s.pods()) > 0 {
			t.Errorf("failure = %+v, pods %v; want a final one and none", f, s.pods())
		}
	})
}
