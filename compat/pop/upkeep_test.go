package pop_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// keep runs upkeep until the test ends.
func (w *world) keep() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.service.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// eventually waits for something that upkeep does.
func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

// document reads a document of the store as plain JSON.
func (w *world) document(kind, id string) (store.Setting, map[string]any) {
	w.t.Helper()
	s, err := w.store.Setting(w.t.Context(), kind, id)
	if err != nil {
		w.t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(s.Body, &body); err != nil {
		w.t.Fatal(err)
	}
	return s, body
}

func (w *world) rewrite(s store.Setting, body map[string]any, fields map[string]string) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Body, s.Version = text, -1
	for name, value := range fields {
		s.Fields[name] = value
	}
	if _, err := w.store.PutSetting(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

var everyMoment = pop.Config{UpkeepEvery: time.Millisecond}

// A process that ended between keeping an agenda and submitting its run.
func TestAgendasThatWereKeptAreSubmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: everyMoment})
	w.tenants("acme")
	a := w.submit("acme", "a")
	agenda, body := w.document("pop.Agenda", a.ID)
	agenda.ID, body["id"], body["progressId"] = "lost", "lost", "lost-progress"
	w.rewrite(agenda, body, nil)
	record, body := w.document("pop.AgendaProgress", a.ProgressID)
	progress := body["progress"].(map[string]any)
	record.ID, progress["id"], progress["agendaId"] = "lost-progress", "lost-progress", "lost"
	delete(body, "run")
	body["pending"] = true
	w.rewrite(record, body, map[string]string{"pending": "1"})
	w.keep()
	for range 2 {
		w.pull()
	}
	w.until(&object.Agenda{ProgressID: "lost-progress"}, "EXECUTING Running Operations; a WAITING")
}

// What the engine will never take must not be tried forever.
func TestAgendasThatWereKeptAndAreRefusedHaveFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: everyMoment})
	w.tenants("acme")
	a := w.submit("acme", "a")
	w.pull()
	agenda, body := w.document("pop.Agenda", a.ID)
	body["agendaInsight"] = map[string]any{"insightId": "gone"}
	w.rewrite(agenda, body, nil)
	record, body := w.document("pop.AgendaProgress", a.ProgressID)
	delete(body, "run")
	body["pending"] = true
	w.rewrite(record, body, map[string]string{"pending": "1"})
	w.keep()
	p := w.until(a, "COMPLETE failed; a WAITING")
	if len(p.Diagnostics) != 1 || !strings.Contains(p.Diagnostics[0].Message, "gone") {
		t.Errorf("events: %+v", p.Diagnostics)
	}
}

// A process that ended between submitting a run and noting it: the run is found
// again, and there is no second one.
func TestRunsThatWereNotNotedAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: everyMoment})
	w.tenants("acme")
	a := w.submit("acme", "a")
	record, body := w.document("pop.AgendaProgress", a.ProgressID)
	run := body["run"]
	delete(body, "run")
	body["pending"] = true
	w.rewrite(record, body, map[string]string{"pending": "1"})
	w.keep()
	w.eventually("the run is noted", func() bool {
		_, body := w.document("pop.AgendaProgress", a.ProgressID)
		return body["run"] == run
	})
	w.pull()
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) != 0 {
		t.Errorf("the agenda was submitted twice: %s", r.text)
	}
}

// A puller may be faster than whoever notes the run.
func TestAPendingAgendaIsHandedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a")
	record, body := w.document("pop.AgendaProgress", a.ProgressID)
	delete(body, "run")
	body["pending"] = true
	w.rewrite(record, body, map[string]string{"pending": "1"})
	if got := w.pull(); got.Agendas[0].ID != a.ID {
		t.Errorf("pulled %s", got.text)
	}
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded"`)
}

func TestOldAgendasAreReaped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: everyMoment})
	w.tenants("acme")
	done, waiting := w.submit("acme", "a"), w.submit("acme", "a")
	w.must("POST", "progress/agenda", `{"id": "theirs", "customerId": "acme", "processingState": "COMPLETE"}`)
	if got := w.pull(); got.Agendas[0].ID != done.ID {
		t.Fatalf("pulled %s", got.text)
	}
	w.mustReport(done, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("a", "COMPLETE", succeeded)+`]`)
	_, body := w.document("pop.AgendaProgress", done.ProgressID)
	var run workflow.RunID
	if err := run.UnmarshalText([]byte(body["run"].(string))); err != nil {
		t.Fatal(err)
	}
	w.keep()
	w.eventually("what became of the run is noted", func() bool {
		_, body := w.document("pop.AgendaProgress", done.ProgressID)
		return body["closed"] == true
	})
	if got := states(w.progress(done)); got != "COMPLETE succeeded; a COMPLETE succeeded" {
		t.Errorf("progress that was noted: %s", got)
	}
	w.advance(object.ReapAge + time.Hour)
	w.eventually("the agenda is deleted", func() bool {
		_, err := w.engine.Get(t.Context(), run, nil)
		return errors.Is(err, work.ErrNotFound) && *w.must("GET", "progress/agenda/"+done.ProgressID, nil).Count == 0 &&
			*w.must("GET", "agenda/"+done.ID, nil).Count == 0 && *w.must("GET", "progress/agenda/theirs", nil).Count == 0
	})
	if got := states(w.progress(waiting)); !strings.HasPrefix(got, "WAITING") {
		t.Errorf("progress of the agenda that waits: %s", got)
	}
}

// A run that is deleted before upkeep has seen how it ended leaves no agenda that
// seems to run for ever.
func TestAgendasWhoseRunIsGoneHaveEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: everyMoment})
	w.tenants("acme")
	a := w.submit("acme", "a")
	w.pull()
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded"`)
	_, body := w.document("pop.AgendaProgress", a.ProgressID)
	var run workflow.RunID
	if err := run.UnmarshalText([]byte(body["run"].(string))); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Control(t.Context(), shard.Order{Verb: shard.Delete, Run: run, By: "operator"}); err != nil {
		t.Fatal(err)
	}
	w.keep()
	p := w.until(a, "COMPLETE failed; a WAITING")
	if len(p.Diagnostics) != 1 || !strings.Contains(p.Diagnostics[0].Message, "deleted before") {
		t.Errorf("diagnostics: %+v", p.Diagnostics)
	}
	w.advance(object.ReapAge + time.Hour)
	w.eventually("the agenda is reaped", func() bool { return *w.must("GET", "progress/agenda/"+a.ProgressID, nil).Count == 0 })
}

func TestAnAgendaThatWasNotedRunsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: everyMoment})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "params": {"maximumAttempts": 1}, "operations": [{"name": "a", "type": "encode"}]}`))
	w.keep()
	for range 2 {
		w.pull()
		w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "failed", "operationProgress": [`+operation("a", "COMPLETE", failed)+`]`)
		w.eventually("the end is noted", func() bool {
			_, body := w.document("pop.AgendaProgress", a.ProgressID)
			return body["closed"] == true
		})
		w.must("POST", "agenda/service/rerun", `{"agendaId": "`+a.ID+`", "params": ["continue"]}`)
		w.until(a, "WAITING pending; a WAITING")
	}
}

// What is kept of agendas outlives the process that kept it.
func TestAnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/work.db"
	var a *object.Agenda
	t.Run("before", func(t *testing.T) {
		w := newWorld(t, settings{path: path})
		w.tenants("acme")
		a = w.submit("acme", "a", "b<a")
		w.pull()
		w.mustReport(a, `"processingState": "EXECUTING", "operationProgress": [`+operation("a", "COMPLETE", succeeded)+`]`)
	})
	t.Run("after", func(t *testing.T) {
		w := newWorld(t, settings{path: path, ahead: object.ReclaimAge})
		got := w.pull()
		if got.Agendas[0].ID != a.ID || len(got.Progresses) != 1 || got.Progresses[0].Operations[0].ResultPayload != `{"x": 1}` {
			t.Errorf("the agenda that goes on: %s", got.text)
		}
		w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("b", "COMPLETE", succeeded)+`]`)
		w.until(a, "COMPLETE succeeded; a COMPLETE succeeded; b COMPLETE succeeded")
	})
}

// What an operator sets stands in for POP's defaults: how often an agenda is tried,
// and how long its executor may be silent.
func TestDefaultsAreTheOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: pop.Config{Attempts: 1, Lease: time.Hour}})
	w.tenants("acme")
	once, twice := w.submit("acme", "a"), one[object.Agenda](w, w.must("POST", "agenda",
		`{"customerId": "acme", "params": {"maximumAttempts": 2}, "operations": [{"name": "a", "type": "encode"}]}`))
	for _, a := range []*object.Agenda{once, twice} {
		w.pull()
		w.advance(object.ReclaimAge + time.Second) // POP's own would have been taken for dead
		w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "failed", "operationProgress": [`+operation("a", "COMPLETE", failed)+`]`)
	}
	if p := w.progress(once); states(p) != "COMPLETE failed; a COMPLETE failed" || *p.MaximumAttempts != 1 {
		t.Errorf("an agenda that does not say is %s after one attempt of %d", states(p), *p.MaximumAttempts)
	}
	if p := w.progress(twice); states(p) != "WAITING pending; a WAITING" || *p.MaximumAttempts != 2 {
		t.Errorf("an agenda that says 2 is %s after one attempt of %d", states(p), *p.MaximumAttempts)
	}
	w.pull()
	w.until(twice, "EXECUTING Running Operations; a WAITING")
	w.advance(time.Hour + time.Second)
	w.until(twice, "WAITING pending; a WAITING") // its second executor was silent for longer than it may be
}
