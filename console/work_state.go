package console

import (
	"fmt"
	"time"

	"github.com/berth-project/berth/internal/graph"
	"github.com/berth-project/berth/workflow/machine"
)

// stateMark is how a state is shown: a sign, a word and the class of a colour.
type stateMark struct{ Class, Sign, Word string }

func markOf(k graph.Kind, word string) stateMark {
	sign, _ := k.Sign()
	return stateMark{Class: k.String(), Sign: sign, Word: word}
}

// runMark is the state of a run.
func runMark(s machine.Status, paused bool) stateMark {
	if paused && !s.Final() {
		return stateMark{Class: "wait", Sign: "‖", Word: s.String() + ", paused"}
	}
	switch s {
	case machine.Held:
		return markOf(graph.Waiting, "held")
	case machine.Queued:
		return markOf(graph.Waiting, "queued")
	case machine.Running:
		return markOf(graph.Running, "running")
	case machine.Succeeded:
		return markOf(graph.Done, "succeeded")
	case machine.Failed:
		return markOf(graph.Failed, "failed")
	case machine.TimedOut:
		return markOf(graph.Failed, "timed out")
	case machine.Canceled:
		return stateMark{Class: "quiet", Sign: "–", Word: "canceled"}
	}
	return markOf(graph.Quiet, s.String())
}

// stepKind says what the state of a step means.
func stepKind(s machine.StepStatus) graph.Kind {
	switch s {
	case machine.StepReady, machine.StepSleeping:
		return graph.Waiting
	case machine.StepRunning:
		return graph.Running
	case machine.StepBackoff:
		return graph.Retrying
	case machine.StepSucceeded:
		return graph.Done
	case machine.StepFailed:
		return graph.Failed
	}
	return graph.Quiet
}

// stepWord is the state of a step in words.
func stepWord(s *machine.Standing) string {
	switch s.Status {
	case machine.StepWaiting:
		return "not started"
	case machine.StepReady:
		return "ready"
	case machine.StepBackoff:
		return "tries again"
	case machine.StepSleeping:
		switch {
		case s.Approval:
			return "waits for approval"
		case s.Awaits != "":
			return "waits for signal"
		case s.Child != 0:
			return "sub-workflow runs"
		}
		return "waits"
	}
	return s.Status.String()
}

func stepMark(s *machine.Standing) stateMark {
	m := markOf(stepKind(s.Status), stepWord(s))
	if s.Status == machine.StepSkipped || s.Status == machine.StepCanceled {
		m.Sign = "–"
	}
	return m
}

// reasonText says why a step was settled as it was.
func reasonText(r machine.Reason) string {
	switch r {
	case machine.When:
		return "its condition was false"
	case machine.Branch:
		return "what it needs was skipped"
	case machine.Upstream:
		return "what it needs did not succeed"
	case machine.Uncalled:
		return "nothing it handles has failed"
	case machine.ByHand:
		return "somebody skipped it"
	case machine.Unhandled:
		return "its handler had run before"
	}
	return r.String()
}

// took is how long something lasted, or has lasted so far; 0 for what has not
// begun.
func took(started, finished int64, now time.Time) time.Duration {
	switch {
	case started == 0:
		return 0
	case finished >= started && finished != 0:
		return time.Duration(finished-started) * time.Millisecond
	}
	return max(0, now.Sub(time.UnixMilli(started)))
}

// stepDetail is what else there is to know of a step, in few characters.
func stepDetail(s *machine.StepView, now time.Time) string {
	if len(s.Items) > 0 {
		return itemsDetail(s)
	}
	if s.Status == machine.StepBackoff && s.WakeAt != 0 {
		return "in " + duration(max(0, time.UnixMilli(s.WakeAt).Sub(now)).Truncate(time.Second))
	}
	if s.Started == 0 || s.Status == machine.StepSkipped {
		return ""
	}
	text := duration(took(s.Started, s.Finished, now))
	if s.Attempt > 1 {
		text += fmt.Sprintf(" ×%d", s.Attempt)
	}
	return text
}

// itemsDetail is how far the items of a step are: those that are settled, and
// in the end those that succeeded.
func itemsDetail(s *machine.StepView) string {
	done := 0
	for i := range s.Items {
		if status := s.Items[i].Status; status == machine.StepSucceeded || status.Final() && !s.Status.Final() {
			done++
		}
	}
	return fmt.Sprintf("%d of %d", done, len(s.Items))
}
