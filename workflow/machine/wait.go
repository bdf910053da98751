package machine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/berth-project/berth/internal/jsonstrict"
	"github.com/berth-project/berth/workflow"
)

// Wait is what a step of type "wait" is given: one of the first four.
//
//	{"for": "10m"}
//	{"until": "2030-01-02T15:04:05Z"}         or milliseconds since 1970
//	{"signal": "paid", "timeout": "24h"}
//	{"approval": {"signal": "go"}, "timeout": "24h"}
type Wait struct {
	For    *workflow.Duration `json:"for"`
	Until  json.RawMessage    `json:"until"`
	Signal string             `json:"signal"`
	// Approval asks for a signal, named as the step where it does not say
	// otherwise, whose data is null, true or {"approved": true}: that ends the
	// wait. false fails it with code "rejected". Its "question" is what people are
	// asked where Message says nothing; what else stands in it is for those who
	// ask for the approval.
	Approval json.RawMessage   `json:"approval"`
	Timeout  workflow.Duration `json:"timeout"`
	Message  string            `json:"message"` // for people

	at int64 // for and until, worked out
}

// awaited is what a sleeping wait step saves: the signal that ends it.
type awaited struct {
	Signal   string `json:"signal"`
	Approval bool   `json:"approval,omitempty"`
}

// sleep begins a wait step.
func (r *Run) sleep(ref Ref, s *Step, now int64) {
	s.ReadyAt = now
	r.begin(s, now)
	payload, err := r.payload(ref)
	if err != nil {
		r.failAttempt(ref, s, failureOf(err), now)
		return
	}
	w, await, err := parseWait(payload, r.Node(ref).Step.Name, now)
	if err != nil {
		r.failAttempt(ref, s, &Failure{Code: CodeWait, Message: err.Error(), Fatal: true}, now)
		return
	}
	r.move(ref, s, StepSleeping)
	s.Message, s.Saved = clip(w.Message, MaxMessage), nil
	s.TimeoutAt = earlier(r.timeout(ref, now), after(now, w.Timeout))
	if await.Signal == "" {
		s.WakeAt = max(w.at, 1)
		r.wakeSleeper(ref, s, now)
		return
	}
	s.Saved, _ = json.Marshal(await)
	for k := range r.State.Signals {
		if g := &r.State.Signals[k]; g.Name == await.Signal && !g.Taken {
			g.Taken = true
			r.heard(ref, s, *g, now)
			return
		}
	}
}

func after(now int64, d workflow.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return now + max(1, d.Std().Milliseconds())
}

// earlier returns the earlier of two times, where 0 is never.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

var errWait = errors.New(`a wait step is given one of "for", "until", "signal" and "approval", and with the latter two a "timeout"`)

func parseWait(payload json.RawMessage, name string, now int64) (Wait, awaited, error) {
	var w Wait
	if err := jsonstrict.Decode(orNull(payload), &w); err != nil {
		return w, awaited{}, fmt.Errorf("%w; %w", err, errWait)
	}
	given := truth(w.For != nil) + truth(w.Until != nil) + truth(w.Signal != "") + truth(w.Approval != nil)
	if given != 1 || w.Timeout != 0 && (w.For != nil || w.Until != nil) {
		return w, awaited{}, errWait
	}
	switch {
	case w.For != nil:
		w.at = now + w.For.Std().Milliseconds()
		return w, awaited{}, nil
	case w.Until != nil:
		at, err := parseTime(w.Until)
		w.at = at
		return w, awaited{}, err
	case w.Signal != "":
		return w, awaited{Signal: w.Signal}, nil
	}
	await := awaited{Signal: name, Approval: true}
	var approval struct {
		Signal   string          `json:"signal"`
		Question json.RawMessage `json:"question"` // a text, or whatever who asks has made of it
	}
	if json.Unmarshal(w.Approval, &approval) != nil {
		return w, await, nil
	}
	await.Signal = cmp.Or(approval.Signal, name)
	var question string
	if w.Message == "" && json.Unmarshal(orNull(approval.Question), &question) == nil {
		w.Message = question
	}
	return w, await, nil
}

func parseTime(data json.RawMessage) (int64, error) {
	var text string
	if json.Unmarshal(data, &text) == nil {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, fmt.Errorf(`until %.40q: write a time such as "2030-01-02T15:04:05Z"`, text)
		}
		return t.UnixMilli(), nil
	}
	var millis int64
	if err := json.Unmarshal(data, &millis); err != nil {
		return 0, fmt.Errorf("until %.40s: write a time, or milliseconds since 1970", data)
	}
	return millis, nil
}

// wakeSleeper ends the sleep of a step whose time has come.
func (r *Run) wakeSleeper(ref Ref, s *Step, now int64) {
	wake, late := s.WakeAt > 0 && s.WakeAt <= now, s.TimeoutAt > 0 && s.TimeoutAt <= now
	switch {
	case wake && (!late || s.WakeAt <= s.TimeoutAt):
		r.succeed(ref, s, nil, now)
	case late:
		r.dropChild(ref, s)
		r.failAttempt(ref, s, &Failure{Code: CodeTimeout, Message: "it waited " + between(s.StartedAt, s.TimeoutAt) + " in vain"}, now)
	}
}

func between(from, to int64) string { return (time.Duration(to-from) * time.Millisecond).String() }

// Signal tells a run something. It wakes every step that waits for it; when
// none does it is kept for the first that will. Its time is set to now.
func (r *Run) Signal(g Signal, now int64) error {
	switch {
	case r.Final():
		return r.refuse("nobody hears it")
	case g.Name == "" || len(g.Name) > 200:
		return fmt.Errorf("%w: a signal needs a name of 1 to 200 bytes", ErrInvalid)
	case len(g.Data) > MaxSignal:
		return fmt.Errorf("%w: the signal's data has %d bytes, and %d are allowed", ErrInvalid, len(g.Data), MaxSignal)
	case len(g.Data) > 0 && !json.Valid(g.Data):
		return fmt.Errorf("%w: the signal's data is no JSON", ErrInvalid)
	}
	if err := r.makeRoom(g.Data); err != nil {
		return err
	}
	g.At, g.Taken = now, false
	g.By = clip(g.By, 200)
	r.tell(Entry{At: now, Kind: "signal", By: g.By}, map[string]string{"name": g.Name})
	r.signals = nil
	var heard []Ref
	for _, ref := range r.live {
		if s := r.Step(ref); s.Status == StepSleeping && r.awaits(ref, s).Signal == g.Name {
			heard = append(heard, ref)
		}
	}
	g.Taken = len(heard) > 0
	r.State.Signals = append(r.State.Signals, g)
	for _, ref := range sorted(heard) {
		if s := r.Step(ref); s.Status == StepSleeping { // its neighbour's end may have ended it
			r.heard(ref, s, g, now)
		}
	}
	r.advance(now)
	return nil
}

// awaits returns the signal a sleeping step waits for.
func (r *Run) awaits(ref Ref, s *Step) (a awaited) {
	if r.Node(ref).Step.Run == TypeWait && s.Saved != nil && json.Unmarshal(s.Saved, &a) != nil {
		return awaited{}
	}
	return a
}

// Awaits tells the signal that a sleeping step waits for, and whether that has to
// approve something. A step that waits for none has "".
func (r *Run) Awaits(ref Ref) (signal string, approval bool) {
	s := r.Step(ref)
	if s == nil || s.Status != StepSleeping {
		return "", false
	}
	a := r.awaits(ref, s)
	return a.Signal, a.Approval
}

// heard ends the wait of a step for a signal.
func (r *Run) heard(ref Ref, s *Step, g Signal, now int64) {
	if !r.awaits(ref, s).Approval {
		r.succeed(ref, s, g.Data, now)
		return
	}
	if approved, comment := g.approves(); !approved {
		f := &Failure{Code: CodeRejected, Message: "rejected", Fatal: true, Detail: orNull(g.Data)}
		if g.By != "" {
			f.Message += " by " + g.By
		}
		if comment != "" {
			f.Message += ": " + comment
		}
		r.failAttempt(ref, s, f, now)
		return
	}
	out, _ := json.Marshal(map[string]any{"by": g.By, "at": g.At, "data": orNull(g.Data)})
	r.succeed(ref, s, out, now)
}

// approves reads the data of a signal that answers a request for approval.
func (g *Signal) approves() (approved bool, comment string) {
	var plain bool
	if json.Unmarshal(orNull(g.Data), &plain) == nil {
		return plain || len(g.Data) == 0 || string(g.Data) == "null", ""
	}
	var long struct {
		Approved bool   `json:"approved"`
		Comment  string `json:"comment"`
	}
	if json.Unmarshal(g.Data, &long) != nil {
		return false, ""
	}
	return long.Approved, long.Comment
}
