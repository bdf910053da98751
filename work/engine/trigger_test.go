package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// letters is a queue in memory: what is received comes again until it is
// deleted.
type letters struct {
	mu       sync.Mutex
	waiting  []engine.Message
	received map[string]int
	changed  chan struct{}
	fail     error // of Delete
}

func newLetters(messages ...engine.Message) *letters {
	return &letters{waiting: messages, received: map[string]int{}, changed: make(chan struct{})}
}

func (l *letters) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Receive implements engine.Source.
func (l *letters) Receive(ctx context.Context, _ string) ([]engine.Message, error) {
	for {
		l.mu.Lock()
		if len(l.waiting) > 0 {
			out := slices.Clone(l.waiting)
			for _, m := range out {
				l.received[m.ID]++
			}
			// They come again later, behind what others send.
			l.waiting = append(l.waiting[len(out):], out...)
			l.tell()
			l.mu.Unlock()
			return out, nil
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Delete implements engine.Source.
func (l *letters) Delete(_ context.Context, _, receipt string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.waiting = slices.DeleteFunc(l.waiting, func(m engine.Message) bool { return m.Receipt == receipt })
	l.tell()
	return nil
}

// until waits until what is in the queue is as wanted.
func (l *letters) until(t *testing.T, wanted func(left []engine.Message, received map[string]int) bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		l.mu.Lock()
		ok, changed := wanted(l.waiting, l.received), l.changed
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the queue has %v, received %v", l.waiting, l.received)
		}
	}
}

func letter(id, body string) engine.Message {
	return engine.Message{ID: id, Body: []byte(body), Attributes: map[string]string{"kind": "k"}, Receipt: "receipt " + id}
}

func queueTrigger() work.Trigger {
	return work.Trigger{Name: "orders", Kind: "sqs", Queue: "https://queue", Run: work.Submission{
		Tenant: "t", Document: json.RawMessage(`{"name":"order","steps":[{"name":"a","run":"noop"}]}`),
		Params: json.RawMessage(`{"order":"${event.body.id}","kind":"${event.headers.kind}"}`),
	}}
}

func runs(t *testing.T, f *fixture) []store.Summary {
	t.Helper()
	list, _, err := f.List(t.Context(), store.Filter{Workflow: "order"}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestMessagesBecomeRunsOnceAndAreDeletedThen(t *testing.T) {
	t.Parallel()
	l := newLetters(letter("1", `{"id":"a"}`), letter("2", `{"id":"b"}`))
	l.fail = fmt.Errorf("the queue is out of order")
	f := open(t, engine.Options{Source: l})
	if _, err := f.PutTrigger(t.Context(), queueTrigger(), engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	l.until(t, func(_ []engine.Message, received map[string]int) bool { return received["1"] > 2 && received["2"] > 2 })
	list := runs(t, f)
	if len(list) != 2 {
		t.Fatalf("messages that came several times started %d runs, want 2", len(list))
	}
	r := f.final(list[0].ID)
	if want := `{"order":"b","kind":"k"}`; r.Status != machine.Succeeded || string(r.Params) != want {
		t.Errorf("the run is %v with %s, want %s", r.Status, r.Params, want)
	}
	l.mu.Lock()
	l.fail = nil
	l.mu.Unlock()
	l.until(t, func(left []engine.Message, _ map[string]int) bool { return len(left) == 0 })
	if list := runs(t, f); len(list) != 2 {
		t.Errorf("there are %d runs, want 2", len(list))
	}
}

func TestMessageThatCannotBecomeARunStaysInItsQueue(t *testing.T) {
	t.Parallel()
	l := newLetters(letter("poison", `{"nothing":1}`), letter("good", `{"id":"a"}`))
	f := open(t, engine.Options{Source: l})
	if _, err := f.PutTrigger(t.Context(), queueTrigger(), engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	l.until(t, func(left []engine.Message, received map[string]int) bool {
		return len(left) == 1 && left[0].ID == "poison" && received["poison"] > 1
	})
	if list := runs(t, f); len(list) != 1 {
		t.Errorf("there are %d runs, want 1", len(list))
	}
}

func TestTriggerThatIsPausedStartsNothing(t *testing.T) {
	t.Parallel()
	l := newLetters()
	f := open(t, engine.Options{Source: l})
	trigger := queueTrigger()
	if _, err := f.PutTrigger(t.Context(), trigger, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	send := func(m engine.Message) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting = append(l.waiting, m)
		l.tell()
	}
	send(letter("1", `{"id":"a"}`))
	l.until(t, func(left []engine.Message, _ map[string]int) bool { return len(left) == 0 })
	trigger.Paused = true
	if _, err := f.PutTrigger(t.Context(), trigger, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	// Whether it reads still or not any more, a paused trigger starts nothing.
	send(letter("2", `{"id":"b"}`))
	if _, err := f.Fire(t.Context(), "orders", engine.Occurrence{ID: "x", Body: []byte(`{"id":"c"}`)}); err == nil {
		t.Error("a paused trigger fired")
	}
	trigger.Paused = false
	if _, err := f.PutTrigger(t.Context(), trigger, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	l.until(t, func(left []engine.Message, _ map[string]int) bool { return len(left) == 0 })
	if list := runs(t, f); len(list) != 2 {
		t.Errorf("there are %d runs, want 2", len(list))
	}
}
