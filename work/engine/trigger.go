package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
)

// Occurrence is something that fires a trigger: a request, or a message.
type Occurrence struct {
	// ID tells occurrences apart: one that comes twice starts one run, as long
	// as that is kept.
	ID string
	// Body is what came: JSON, or else a text.
	Body []byte
	// Headers are those of the request, or the attributes of the message, by
	// name in lower case.
	Headers map[string]string
}

// event is what references of a trigger's run are to.
type event struct {
	ID       string            `json:"id"`
	Body     json.RawMessage   `json:"body"`
	Headers  map[string]string `json:"headers"`
	Received int64             `json:"received"` // ms
}

// PutTrigger keeps a trigger; see PutQueue.
func (e *Engine) PutTrigger(ctx context.Context, t work.Trigger, version int64) (int64, error) {
	err := checkTrigger(t)
	if err == nil {
		_, err = compileTrigger(t)
	}
	if err == nil {
		err = e.checkRun(t.Run)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: trigger %.200q: %w", work.ErrInvalid, t.Name, err)
	}
	return e.put(ctx, KindTrigger, t.Name, version, t, map[string]string{"tenant": t.Run.Tenant})
}

// checkRun checks what can be known of a run before its parameters are.
func (e *Engine) checkRun(s work.Submission) error {
	in, err := e.planned(s)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if s.Queue != "" {
		if _, err := e.config.Load().choose(in); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	return nil
}

// DeleteTrigger deletes a trigger.
func (e *Engine) DeleteTrigger(ctx context.Context, name string, version int64) error {
	return e.drop(ctx, KindTrigger, name, version)
}

// Trigger gives a trigger by name.
func (e *Engine) Trigger(name string) (work.Trigger, bool) {
	t, ok := e.config.Load().triggers[name]
	return t, ok
}

// Fire starts what a trigger starts, and answers when the run is durable. That
// the occurrence is genuine is the caller's to know. Errors are
// work.ErrNotFound, work.ErrConflict for a trigger that is paused,
// work.ErrInvalid for an occurrence without what the run's references are to,
// and those of Submit.
func (e *Engine) Fire(ctx context.Context, name string, o Occurrence) (work.Receipt, error) {
	t, ok := e.Trigger(name)
	switch {
	case !ok:
		return work.Receipt{}, fmt.Errorf("%w: there is no trigger %.200q", work.ErrNotFound, name)
	case t.Paused:
		return work.Receipt{}, fmt.Errorf("%w: trigger %q is paused", work.ErrConflict, name)
	}
	s, err := e.submissionOf(t, o)
	if err != nil {
		return work.Receipt{}, fmt.Errorf("%w: trigger %q: %w", work.ErrInvalid, name, err)
	}
	receipts, err := e.Submit(ctx, []work.Submission{s})
	if err != nil {
		return work.Receipt{}, err
	}
	if p := receipts[0].Error; p != nil {
		return work.Receipt{}, p
	}
	return receipts[0], nil
}

// submissionOf puts an occurrence into a trigger's run.
func (e *Engine) submissionOf(t work.Trigger, o Occurrence) (work.Submission, error) {
	s := t.Run
	compiled, err := compileTrigger(t)
	if err != nil {
		return s, err
	}
	ev, err := json.Marshal(event{ID: o.ID, Body: bodyOf(o.Body), Headers: o.Headers, Received: e.opt.Now()})
	if err != nil {
		return s, err
	}
	if s.Params, err = compiled.params.Render(ev); err != nil {
		return s, err
	}
	if s.Labels, err = textsOf(compiled.labels, ev); err != nil {
		return s, err
	}
	texts, err := textsOf(compiled.texts, ev)
	if err != nil {
		return s, err
	}
	s.Key = texts["key"]
	s.IdempotencyKey = occurrenceKey(t.Name, texts["idempotency-key"], o.ID)
	s.By = "trigger " + t.Name
	return s, nil
}

// bodyOf gives a body as JSON: a text where it is none.
func bodyOf(body []byte) json.RawMessage {
	if trimmed := bytes.TrimSpace(body); json.Valid(trimmed) {
		return trimmed
	}
	text, _ := json.Marshal(strings.ToValidUTF8(string(body), "\uFFFD")) // a text always can be
	return text
}

// occurrenceKey is the idempotency key of an occurrence: what the trigger says
// it is, or its id.
func occurrenceKey(trigger, said, id string) string {
	key := "trigger/" + trigger + "/" + id
	if said != "" {
		key = "trigger/" + trigger + "/said/" + said
	}
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "trigger/" + hex.EncodeToString(sum[:])
}

// compiled is a trigger whose references were read.
type compiled struct {
	params, labels, texts *workflow.Template
}

func compileTrigger(t work.Trigger) (c compiled, err error) {
	if c.params, err = workflow.ParseTemplate("params", t.Run.Params); err != nil {
		return c, err
	}
	if c.labels, err = templateOf("labels", t.Run.Labels); err != nil {
		return c, err
	}
	c.texts, err = templateOf("run", map[string]string{"key": t.Run.Key, "idempotency-key": t.Run.IdempotencyKey})
	return c, err
}

func templateOf(name string, texts map[string]string) (*workflow.Template, error) {
	if len(texts) == 0 {
		return nil, nil //nolint:nilnil // a nil template renders nothing
	}
	raw, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	return workflow.ParseTemplate(name, raw)
}

// textsOf renders a template of texts; numbers and truth become texts.
func textsOf(t *workflow.Template, ev json.RawMessage) (map[string]string, error) {
	raw, err := t.Render(ev)
	if err != nil || raw == nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(values))
	for name, v := range values {
		switch v[0] {
		case '"':
			var s string
			if err := json.Unmarshal(v, &s); err != nil {
				return nil, err
			}
			texts[name] = s
		case '{', '[':
			return nil, fmt.Errorf("%s: an object or array has no text: refer to a part of it", name)
		case 'n':
			texts[name] = ""
		default:
			texts[name] = string(v)
		}
	}
	return texts, nil
}

// Message is one of a queue elsewhere.
type Message struct {
	ID         string
	Body       []byte
	Attributes map[string]string
	Receipt    string // with which it is deleted
}

// Source takes messages from queues elsewhere.
type Source interface {
	// Receive waits for messages, some seconds long, and gives those there
	// are: none is no error. A message that is not deleted comes again.
	Receive(ctx context.Context, queue string) ([]Message, error)
	// Delete deletes a message that was received.
	Delete(ctx context.Context, queue, receipt string) error
}

// receivers are the triggers whose queues are read.
type receivers struct {
	running map[string]*receiver // by name; of the goroutine of trigger only
	wait    sync.WaitGroup
}

type receiver struct {
	trigger work.Trigger
	stop    context.CancelFunc
}

// receive reads the queues of triggers. The owner of shard 0 does it for all;
// a message that two owners in succession both read is the same run by its id.
func (e *Engine) receive(ctx context.Context) {
	if e.opt.Source == nil {
		return
	}
	rs := receivers{running: map[string]*receiver{}}
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for ctx.Err() == nil {
		want := map[string]work.Trigger{}
		if e.loops[0].owned() == nil && !e.loops[0].quiet.Load() {
			want = e.queueTriggers()
		}
		rs.follow(ctx, want, e.read)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	rs.wait.Wait()
}

// queueTriggers are those whose queues are to be read.
func (e *Engine) queueTriggers() map[string]work.Trigger {
	want := map[string]work.Trigger{}
	for name, t := range e.config.Load().triggers {
		if t.Kind == "sqs" && !t.Paused {
			want[name] = t
		}
	}
	return want
}

// follow begins to read queues and stops it, as triggers come and go.
func (rs *receivers) follow(ctx context.Context, want map[string]work.Trigger, read func(context.Context, work.Trigger)) {
	for name, r := range rs.running {
		if t, ok := want[name]; !ok || t.Queue != r.trigger.Queue {
			r.stop()
			delete(rs.running, name)
		}
	}
	for name, t := range want {
		if rs.running[name] != nil {
			continue
		}
		rctx, stop := context.WithCancel(ctx)
		rs.running[name] = &receiver{trigger: t, stop: stop}
		rs.wait.Go(func() { read(rctx, t) })
	}
}

const (
	readPause    = time.Second
	maxReadPause = time.Minute
)

// read reads the queue of a trigger until ctx ends.
func (e *Engine) read(ctx context.Context, t work.Trigger) {
	for wait := readPause; ctx.Err() == nil; {
		messages, err := e.opt.Source.Receive(ctx, t.Queue)
		if err == nil {
			err = e.fireAll(ctx, t, messages)
		}
		if err == nil {
			wait = readPause
			continue
		}
		if ctx.Err() == nil {
			e.log.Warn("queue of a trigger is not read for a while", "trigger", t.Name, "error", err, "pause", wait)
		}
		pause(ctx, wait)
		wait = min(2*wait, maxReadPause)
	}
}

// fireAll starts a run for each message and deletes those whose run is
// durable. A message that can never become a run stays: the queue gives it
// again, and then to its dead letters, as its owner has set.
func (e *Engine) fireAll(ctx context.Context, t work.Trigger, messages []Message) error {
	var put error
	for _, m := range messages {
		_, err := e.Fire(ctx, t.Name, Occurrence{ID: m.ID, Body: m.Body, Headers: m.Attributes})
		switch {
		case errors.Is(err, work.ErrInvalid), errors.Is(err, work.ErrNotFound):
			e.log.Warn("message starts no run", "trigger", t.Name, "message", m.ID, "error", err)
			continue
		case err != nil:
			put = err
			continue
		}
		if err := e.opt.Source.Delete(ctx, t.Queue, m.Receipt); err != nil && ctx.Err() == nil {
			e.log.Warn("message is not deleted and comes again", "trigger", t.Name, "message", m.ID, "error", err)
		}
	}
	return put
}
