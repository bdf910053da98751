package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
	workhttp "github.com/berth-project/berth/work/http"
)

// clock makes the time of an engine one that a test sets ahead.
func clock(s *setup) (ahead func(time.Duration)) {
	var set atomic.Int64
	s.engine.Now = func() int64 { return time.Now().UnixMilli() + set.Load() }
	return func(d time.Duration) { set.Add(d.Milliseconds()) }
}

// result is a report of a task.
func result(t work.Task, more ...string) string {
	return fmt.Sprintf(`{"run":%q,"step":%q,"item":%d,"fence":%d%s}`, t.Run, t.Step, t.Item, t.Fence, strings.Join(append([]string{""}, more...), ","))
}

// report tells of one task and gives the answer.
func (f *fixture) report(kind, report string) api.ReportAnswer {
	f.t.Helper()
	var answer api.ReportAnswer
	f.want(http.StatusOK, f.worker, "POST", "/pools/default/report", `{"`+kind+`":[`+report+`]}`).json(f.t, &answer)
	return answer
}

// take polls for one task.
func (f *fixture) take() work.Task {
	f.t.Helper()
	tasks := f.poll(1).Tasks
	if len(tasks) != 1 {
		f.t.Fatalf("got %d tasks, want 1", len(tasks))
	}
	return tasks[0]
}

func TestWhoLostTheLeaseIsRefused(t *testing.T) {
	t.Parallel()
	var ahead func(time.Duration)
	f := open(t, func(s *setup) { ahead = clock(s) })
	id := f.submit(one)
	first := f.take()
	ahead(time.Minute) // the lease is 30s
	second := f.take()
	if second.Run != first.Run || second.Fence <= first.Fence || second.Attempt != first.Attempt+1 {
		t.Fatalf("after %+v another worker got %+v", first, second)
	}
	for _, kind := range []string{"heartbeat", "complete"} {
		a := f.report(kind, result(first, `"percent":5`))
		if len(a.Lost) != 1 || len(a.Again) != 0 || a.Lost[0].Fence != first.Fence {
			t.Errorf("%s with the fence of a lease that ran out is answered %+v, want it lost", kind, a)
			continue
		}
		if n := strings.Count(a.Lost[0].Why, "stale fence"); n != 1 {
			t.Errorf("%s: why is %q, want a stale fence said once", kind, a.Lost[0].Why)
		}
	}
	token := func(t work.Task) string {
		return workhttp.SignToken(taskKey, workhttp.RefOf(t), time.Now().Add(time.Hour))
	}
	for _, path := range []string{"/tasks/result", "/callbacks"} {
		body := `{"output":"of the first"}`
		a := f.want(http.StatusConflict, token(first), "POST", path, body)
		checkProblem(t, path, a, "POST")
	}
	if a := f.report("complete", result(second, `"output":"of the second"`)); len(a.Lost)+len(a.Again) != 0 {
		t.Errorf("the result of whoever has the lease is answered %+v", a)
	}
	f.want(http.StatusConflict, token(first), "POST", "/tasks/result", `{}`)
	if got := f.final(id); got != "succeeded" {
		t.Errorf("the run is %s", got)
	}
	if got := string(f.want(http.StatusOK, f.admin, "GET", "/runs/"+id+"/steps/a/output", nil).body); strings.TrimSpace(got) != `"of the second"` {
		t.Errorf("the output is %s, want that of the second", got)
	}
}

func TestTheSameResultTwiceIsRecordedOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := f.submit(one)
	task := f.take()
	done := result(task, `"output":1`)
	a := f.report("complete", done)
	f.final(id)
	before := f.history(id)
	for range 3 {
		if again := f.report("complete", done); len(again.Lost)+len(again.Again)+len(a.Lost)+len(a.Again) != 0 {
			t.Errorf("the same result is answered %+v, and %+v again", a, again)
		}
	}
	var twice api.ReportAnswer // in one call
	f.want(http.StatusOK, f.worker, "POST", "/pools/default/report", `{"complete":[`+done+`,`+done+`]}`).json(t, &twice)
	if len(twice.Lost)+len(twice.Again) != 0 {
		t.Errorf("the same result twice in one call is answered %+v", twice)
	}
	if after := f.history(id); after != before {
		t.Errorf("the history is\n%s\nwant, as before,\n%s", after, before)
	}
	if got := string(f.want(http.StatusOK, f.admin, "GET", "/runs/"+id+"/steps/a/output", nil).body); strings.TrimSpace(got) != "1" {
		t.Errorf("the output is %s, want 1", got)
	}
}

// TestAnotherResultUnderTheSameFenceChangesNothing: the first is recorded.
func TestAnotherResultUnderTheSameFenceChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := f.submit(one)
	task := f.take()
	f.report("complete", result(task, `"output":1`))
	f.report("complete", result(task, `"failure":{"code":"late","message":"another opinion"}`))
	if got := f.final(id); got != "succeeded" {
		t.Errorf("the run is %s, want it to stay succeeded", got)
	}
}

// history is the history of a run as text.
func (f *fixture) history(id string) string {
	f.t.Helper()
	var page struct{ History []json.RawMessage }
	f.want(http.StatusOK, f.admin, "GET", "/runs/"+id+"/history", nil).json(f.t, &page)
	var b strings.Builder
	for _, line := range page.History {
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// As an engine stops, polls end at once, and what was leased to one was told to
// it: nothing waits for the end of a lease that nobody knows of.
func TestEngineThatStopsEndsPolls(t *testing.T) {
	t.Parallel()
	f := open(t)
	taken := make(chan string, 100)
	refused := make(chan answer, 4)
	for range cap(refused) {
		go func() {
			for {
				a := f.do(f.worker, "POST", "/pools/default/poll", `{"worker":"w","max":2,"wait":"60s"}`)
				if a.status != http.StatusOK {
					refused <- a
					return
				}
				var p api.PollAnswer
				_ = json.Unmarshal(a.body, &p)
				for _, task := range p.Tasks {
					taken <- task.Run.String()
				}
			}
		}()
	}
	var ids []string
	for range 15 {
		ids = append(ids, f.submit(one))
	}
	if err := f.engine.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range cap(refused) {
		if a := <-refused; a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("a poll of an engine that stops = %d with %v, want 503 with Retry-After", a.status, a.header)
		}
	}
	close(taken)
	told := map[string]bool{}
	for id := range taken {
		told[id] = true
	}
	for _, id := range ids {
		var r client.Run
		f.want(http.StatusOK, f.admin, "GET", "/runs/"+id, nil).json(t, &r)
		if leased := r.Detail.Steps[0].Status == "running"; leased != told[id] {
			t.Errorf("run %s is leased: %v, and a worker was told: %v", id, leased, told[id])
		}
	}
}
