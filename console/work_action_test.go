package console_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/work"
	workengine "github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
	"github.com/google/go-cmp/cmp"
)

func workSubmission(queue string) work.Submission {
	return work.Submission{Workflow: "broken", Tenant: "acme", Queue: queue}
}

func TestRunsAreSteered(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	src := b.sources()
	log, recent := logTo(t)
	src.Log = log
	c := newConsole(t, console.Config{}, src)
	is := func(s machine.Status) func(*workengine.Run) bool {
		return func(r *workengine.Run) bool { return r.Status == s }
	}
	attempts := func(n int) func(*workengine.Run) bool {
		return func(r *workengine.Run) bool { return r.Status.Final() && r.View.Attempt == n }
	}
	steps := []struct {
		run        workflow.RunID
		verb, form string
		until      func(*workengine.Run) bool
	}{
		{b.running, "pause", "", func(r *workengine.Run) bool { return r.Paused }},
		{b.running, "resume", "", func(r *workengine.Run) bool { return !r.Paused }},
		{b.running, "skip", "step=z", stands("z", machine.StepSkipped)},
		{b.running, "cancel", "reason=enough", is(machine.Canceled)},
		{b.held, "release", "", final},
		{b.queued, "move", "queue=default&priority=2", final},
		{b.asking, "signal", "name=ship&decision=approve&reason=fine", is(machine.Succeeded)},
		{b.failed, "retry", "", attempts(2)},
		{b.done, "reset", "step=small&sure=1", attempts(2)},
	}
	for _, s := range steps {
		path := "/runs/" + s.run.String() + "/" + s.verb
		w := ask(c, "POST", path, "x=1&"+s.form)
		if want := "/runs/" + s.run.String() + "?done=" + s.verb; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("POST %s = %d to %q, want 303 to %q: %.300s", path, w.Code, w.Header().Get("Location"), want, w.Body.String())
			continue
		}
		if body := ask(c, "GET", w.Header().Get("Location"), "").Body.String(); !strings.Contains(body, `class="notice done"`) {
			t.Errorf("after %s the page does not say what was done", s.verb)
		}
		b.until(s.run, s.verb+" to do something", s.until)
	}
	if w := ask(c, "POST", "/runs/"+b.done.String()+"/delete", "x=1"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/runs" {
		t.Errorf("delete = %d to %q", w.Code, w.Header().Get("Location"))
	}
	if w := ask(c, "GET", "/runs/"+b.done.String(), ""); w.Code != http.StatusNotFound {
		t.Errorf("a deleted run is answered with %d", w.Code)
	}
	if body := ask(c, "GET", "/runs/"+b.running.String()+"?view=history", "").Body.String(); !strings.Contains(body, "enough") || !strings.Contains(body, "the console") {
		t.Error("the history does not say who canceled and why")
	}
	if lines, _ := recent.Since(0); len(lines) != len(steps)+1 {
		t.Errorf("%d lines say what was done, want %d", len(lines), len(steps)+1)
	}
}

func TestAResetIsShownBeforeItIsDone(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	path := "/runs/" + b.done.String() + "/reset"
	w := ask(c, "POST", path, "step=large")
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "steps run again:</strong> large, package, clean") {
		t.Errorf("POST %s = %d without what it means: %.2000s", path, w.Code, body)
	}
	run, err := b.Get(t.Context(), b.done, nil)
	if err != nil || run.View.Attempt != 1 || !run.Status.Final() {
		t.Errorf("the run is at attempt %d, %v: looking has done something (%v)", run.View.Attempt, run.Status, err)
	}
	// A rejected approval fails its step.
	if w := ask(c, "POST", "/runs/"+b.asking.String()+"/signal", "name=ship&decision=reject&reason=no"); w.Code != http.StatusSeeOther {
		t.Errorf("reject = %d", w.Code)
	}
	b.until(b.asking, "the rejection to count", func(r *workengine.Run) bool { return r.Status == machine.Failed && r.Failure == machine.CodeRejected })
}

func TestSettingsAreChanged(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	state := func() (q workengine.QueueState, p work.Pool, s work.Schedule, tenant work.Tenant) {
		t.Helper()
		queues, err1 := b.Queues(t.Context(), 0)
		pools, err2 := b.Pools(t.Context())
		tenants, err3 := b.Tenants(t.Context())
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		for _, one := range queues {
			if one.Name == "default" {
				q = one
			}
		}
		for _, one := range pools {
			if one.Name == "gpu" {
				p = one.Pool
			}
		}
		for _, one := range tenants {
			if one.Name == "zeta" {
				tenant = one.Tenant
			}
		}
		return q, p, b.Schedules(nil)[0], tenant
	}
	for _, step := range []struct {
		path, form string
		holds      func() bool
	}{
		{"/queues/default/pause", "", func() bool { q, _, _, _ := state(); return q.Paused }},
		{"/queues/default/resume", "", func() bool { q, _, _, _ := state(); return !q.Paused }},
		{"/queues/default/drain", "", func() bool { q, _, _, _ := state(); return q.Draining }},
		{"/queues/default/fill", "", func() bool { q, _, _, _ := state(); return !q.Draining }},
		{"/pools/gpu/pause", "", func() bool { _, p, _, _ := state(); return p.Paused && p.PerType["encode"] == 1 }},
		{"/pools/gpu/resume", "", func() bool { _, p, _, _ := state(); return !p.Paused }},
		{"/schedules/nightly/pause", "", func() bool { _, _, s, _ := state(); return s.Paused && s.TimeZone == "Europe/Berlin" }},
		{"/schedules/nightly/resume", "", func() bool { _, _, s, _ := state(); return !s.Paused }},
		{"/tenants/zeta/suspend", "", func() bool { _, _, _, tenant := state(); return tenant.Suspended && tenant.Weight == 3 }},
		{"/tenants/zeta/resume", "", func() bool { _, _, _, tenant := state(); return !tenant.Suspended }},
		{"/tenants/zeta/limits", "weight=2.5&running=7&queued=100&payload=0&rate=0.5&burst=4", func() bool {
			_, _, _, tenant := state()
			return tenant.Weight == 2.5 && tenant.Running == 7 && tenant.Quota == work.Quota{Queued: 100, Rate: 0.5, Burst: 4}
		}},
	} {
		w := ask(c, "POST", step.path, "x=1&"+step.form)
		if w.Code != http.StatusSeeOther {
			t.Errorf("POST %s = %d: %.300s", step.path, w.Code, w.Body.String())
			continue
		}
		if body := ask(c, "GET", w.Header().Get("Location"), "").Body.String(); !strings.Contains(body, `class="notice done"`) {
			t.Errorf("after %s the page does not say what was done", step.path)
		}
		if !step.holds() {
			t.Errorf("POST %s has changed nothing", step.path)
		}
	}
	w := ask(c, "POST", "/schedules/nightly/run", "x=1")
	id, err := workflow.ParseRunID(strings.TrimSuffix(strings.TrimPrefix(w.Header().Get("Location"), "/runs/"), "?done=submit"))
	if w.Code != http.StatusSeeOther || err != nil {
		t.Fatalf("run now = %d to %q", w.Code, w.Header().Get("Location"))
	}
	b.until(id, "the schedule's run to end", final)
}

func TestDeadEventsAreReplayedAndDropped(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	dead := func() []store.Event {
		t.Helper()
		events, _, err := b.Dead(t.Context(), store.DeadFilter{}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	waitFor(t, "an event to be given up", func() bool { return len(dead()) == 1 })
	id := itoa(dead()[0].ID)
	if body := ask(c, "GET", "/dead", "").Body.String(); !strings.Contains(body, "410 Gone quickly") || !strings.Contains(body, "/dead/"+id+"/drop") {
		t.Errorf("the page does not tell of the event: %.3000s", body)
	}
	for _, how := range []struct{ path, form string }{{"/dead/" + id + "/replay", "x=1"}, {"/dead/replay", "event=" + id}} {
		before := dead()[0].Dead
		if w := ask(c, "POST", how.path, how.form); w.Code != http.StatusSeeOther {
			t.Errorf("POST %s = %d", how.path, w.Code)
		}
		// It is tried, and given up again.
		waitFor(t, "the event to be tried again", func() bool { all := dead(); return len(all) == 1 && all[0].Dead > before })
	}
	if w := ask(c, "POST", "/dead/"+id+"/drop", "x=1"); w.Code != http.StatusSeeOther || len(dead()) != 0 {
		t.Errorf("drop = %d, and %d are left", w.Code, len(dead()))
	}
	if w := ask(c, "POST", "/dead/"+id+"/replay", "x=1"); w.Code != http.StatusNotFound {
		t.Errorf("replay of what is gone = %d", w.Code)
	}
}

func TestRunsAreSubmittedByForm(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	form := url.Values{"tenant": {"acme"}, "p.source": {"s3://a \"film\""}, "p.width": {"320"}, "p.draft": {"true"}, "p.tags": {`["a"]`}, "version": {"1"}}
	check := url.Values{"do": {"check"}}
	for k, v := range form {
		check[k] = v
	}
	w := ask(c, "POST", "/definitions/media/runs", check.Encode())
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "It would wait in queue default") || !strings.Contains(body, "s3://a") || !strings.Contains(body, "low") {
		t.Errorf("check = %d: %.2000s", w.Code, body)
	}
	w = ask(c, "POST", "/definitions/media/runs", form.Encode())
	id, err := workflow.ParseRunID(strings.TrimSuffix(strings.TrimPrefix(w.Header().Get("Location"), "/runs/"), "?done=submit"))
	if w.Code != http.StatusSeeOther || err != nil {
		t.Fatalf("submit = %d to %q: %.2000s", w.Code, w.Header().Get("Location"), w.Body.String())
	}
	b.until(id, "the run to end", final)
	run, err := b.Get(t.Context(), id, nil)
	var params map[string]any
	if err := errors.Join(err, json.Unmarshal(run.Params, &params)); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"draft": true, "ladder": "low", "source": `s3://a "film"`, "tags": []any{"a"}, "width": 320.0}
	if diff := cmp.Diff(want, params); diff != "" {
		t.Errorf("its parameters differ (-want +got):\n%s", diff)
	}
	for _, bad := range []struct {
		change func(url.Values)
		want   string
		code   int
	}{
		{func(v url.Values) { v.Del("tenant") }, "Say which tenant", 400},
		{func(v url.Values) { v.Set("p.width", "wide") }, "is no JSON", 400},
		{func(v url.Values) { v.Set("p.width", `"wide"`) }, "width", 400},
		{func(v url.Values) { v.Del("p.source") }, "source", 400},
		{func(v url.Values) { v.Set("priority", "11") }, "from 0", 400},
	} {
		v := url.Values{}
		for k, values := range form {
			v[k] = values
		}
		bad.change(v)
		if w := ask(c, "POST", "/definitions/media/runs", v.Encode()); w.Code != bad.code || !strings.Contains(w.Body.String(), bad.want) {
			t.Errorf("submit of %v = %d without %q: %.600s", v, w.Code, bad.want, w.Body.String())
		}
	}
}

func TestActionsOfWorkThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	run := func(id workflow.RunID, verb string) string { return "/runs/" + id.String() + "/" + verb }
	for _, test := range []struct {
		path, form string
		want       int
	}{
		{run(b.done, "cancel"), "x=1", 409},
		{run(b.running, "retry"), "x=1", 409},
		{run(b.running, "none"), "x=1", 404},
		{run(b.done, "reset"), "sure=1", 400},
		{run(b.done, "reset"), "sure=1&step=none", 400},
		{run(b.running, "skip"), "x=1", 400},
		{run(b.running, "signal"), "data=1", 400},
		{run(b.running, "signal"), "name=go&data={", 400},
		{run(b.asking, "signal"), "name=ship&decision=perhaps", 400},
		{run(b.queued, "move"), "queue=default&priority=10", 400},
		{run(b.queued, "move"), "queue=none&priority=1", 404},
		{"/runs/none/cancel", "x=1", 404},
		{"/queues/none/pause", "x=1", 404},
		{"/queues/bulk/none", "x=1", 404},
		{"/schedules/none/run", "x=1", 404},
		{"/tenants/zeta/limits", "weight=0&running=1", 400},
		{"/tenants/zeta/limits", "weight=1&running=-1", 400},
		{"/dead/replay", "x=1", 400},
		{"/dead/1/drop", "x=1", 404},
	} {
		if w := ask(c, "POST", test.path, test.form); w.Code != test.want {
			t.Errorf("POST %s %s = %d, want %d", test.path, test.form, w.Code, test.want)
		}
	}
	// Whoever may only look may do nothing, and no other site may either.
	src := b.sources()
	src.WorkActions = nil
	looking := newConsole(t, console.Config{}, src)
	for _, path := range []string{run(b.running, "cancel"), "/queues/default/pause", "/dead/replay", "/definitions/media/runs", "/tenants/acme/suspend", "/runs/cancel"} {
		if w := ask(looking, "POST", path, "x=1"); w.Code != http.StatusNotFound {
			t.Errorf("POST %s without actions = %d, want 404", path, w.Code)
		}
		if w := ask(c, "POST", path, "x=1", "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
			t.Errorf("POST %s from another site = %d, want 403", path, w.Code)
		}
	}
	for _, path := range b.paths() {
		if body := ask(looking, "GET", path, "").Body.String(); strings.Contains(body, `method="post"`) {
			t.Errorf("GET %s offers an action nobody may take", path)
		}
	}
	got, err := b.Get(t.Context(), b.running, nil)
	if err != nil || got.Status != machine.Running {
		t.Errorf("the run is %v, %v, want running still", got.Status, err)
	}
}

func TestSeveralRunsAreSteeredAtOnce(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	chosen := "run=" + b.running.String() + "&run=" + b.queued.String() + "&run=" + b.done.String()
	w := ask(c, "POST", "/runs/cancel", chosen)
	body := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(body, "Cancel 2 runs") || !strings.Contains(body, "their state does not allow it") {
		t.Errorf("POST /runs/cancel = %d: %.2000s", w.Code, body)
	}
	if run, err := b.Get(t.Context(), b.queued, nil); err != nil || run.Status != machine.Queued {
		t.Errorf("asking has made the run %v, %v", run.Status, err)
	}
	w = ask(c, "POST", "/runs/cancel", chosen+"&sure=1&reason=all")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/runs?done=cancel" {
		t.Errorf("cancel = %d to %q", w.Code, w.Header().Get("Location"))
	}
	for _, id := range []workflow.RunID{b.running, b.queued} {
		b.until(id, "the run to be canceled", func(r *workengine.Run) bool { return r.Status == machine.Canceled })
	}
	for path, test := range map[string]struct {
		form string
		want int
	}{
		"/runs/cancel": {"x=1", 400}, "/runs/retry": {"run=x", 400}, "/runs/pause": {"run=r0000000000001", 404}, "/runs/delete": {chosen, 404}, "/runs/none": {chosen, 404},
	} {
		if w := ask(c, "POST", path, test.form); w.Code != test.want {
			t.Errorf("POST %s %s = %d, want %d", path, test.form, w.Code, test.want)
		}
	}
	if body := ask(c, "POST", "/runs/pause", "run="+b.done.String()).Body.String(); !strings.Contains(body, "none of these allows it") {
		t.Errorf("pausing what has ended shows %.2000s", body)
	}
}
