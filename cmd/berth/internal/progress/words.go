package progress

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/berth-project/berth/internal/graph"
	"github.com/berth-project/berth/work/client"
)

// kindOf says what a status means for whoever looks.
func kindOf(status string) graph.Kind {
	switch status {
	case "ready", "sleeping", "held", "queued":
		return graph.Waiting
	case "running":
		return graph.Running
	case "backoff":
		return graph.Retrying
	case "succeeded":
		return graph.Done
	case "failed", "canceled", "timed-out":
		return graph.Failed
	}
	return graph.Quiet
}

// Why says a failure in one line: the step, the code and the message.
func Why(f *client.Failure) string {
	if f == nil {
		return ""
	}
	text := f.Code
	if f.Message != "" {
		text += ": " + oneLine(f.Message)
	}
	if f.Step != "" {
		text = "step " + f.Step + ": " + text
	}
	return text
}

// Took is a duration as people read it: 31ms, 1.4s, 12s, 3m20s, 2h5m.
func Took(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// took is how long something lasts that began and perhaps ended, in
// milliseconds since 1970; "" when it has not begun.
func took(started, finished int64, now time.Time) string {
	switch {
	case started == 0:
		return ""
	case finished == 0:
		finished = now.UnixMilli()
	}
	return Took(time.Duration(finished-started) * time.Millisecond)
}

// RunTook is how long a run has been at work; "" before that.
func RunTook(r *client.Run, now time.Time) string {
	if r.Started.IsZero() {
		return ""
	}
	end := now
	if !r.Finished.IsZero() {
		end = r.Finished
	}
	return Took(end.Sub(r.Started))
}

// Note is what a reader wants to know of a step besides its status: why it
// failed, what it says, what it waits for.
func Note(s *client.Standing, now time.Time) string {
	var parts []string
	switch {
	case s.Status == "backoff" && s.WakeAt > 0:
		parts = append(parts, "again in "+Took(max(0, time.UnixMilli(s.WakeAt).Sub(now))))
	case s.Status == "sleeping" && s.Child != "":
		parts = append(parts, "waits for run "+s.Child)
	case s.Status == "sleeping" && s.Awaits != "":
		text := "waits for signal " + s.Awaits
		if s.Approval {
			text = "waits for approval by signal " + s.Awaits
		}
		if s.Message != "" {
			text += ": " + oneLine(s.Message)
		}
		parts = append(parts, text)
	case s.Status == "sleeping" && s.WakeAt > 0:
		parts = append(parts, "until "+time.UnixMilli(s.WakeAt).UTC().Format("2006-01-02 15:04:05Z"))
	case s.Status == "skipped":
		parts = append(parts, skipped(s.Reason))
	}
	if s.Failure != nil && s.Status != "succeeded" && s.Status != "running" {
		parts = append(parts, Why(s.Failure))
	}
	if s.Status == "running" && s.Percent > 0 {
		parts = append(parts, fmt.Sprintf("%.0f %%", s.Percent))
	}
	if s.Message != "" && (s.Status == "running" || len(parts) == 0) {
		parts = append(parts, oneLine(s.Message))
	}
	return strings.Join(parts, ", ")
}

// skipped says why a step did not run.
func skipped(reason string) string {
	switch reason {
	case "when":
		return "its condition was false"
	case "branch":
		return "its branch was not taken"
	case "upstream":
		return "what it needs failed"
	case "uncalled":
		return "nothing it handles has failed"
	case "by-hand":
		return "by hand"
	}
	return reason
}

// OneLine makes one line of a text that others wrote: nothing in it moves the
// cursor or changes colours.
func OneLine(text string) string {
	return Clean(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(text))
}

// oneLine is OneLine without spaces around it.
func oneLine(text string) string { return strings.TrimSpace(OneLine(text)) }

// escapes are the sequences that terminals take for colours, titles and
// movements.
var escapes = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\-_])")

// Clean makes a text that others wrote safe to print: it keeps lines and tabs,
// and drops what moves the cursor, changes colours or turns the direction.
func Clean(text string) string {
	if strings.IndexByte(text, 0x1b) >= 0 {
		text = escapes.ReplaceAllString(text, "")
	}
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, text)
}
