package builtin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// recorder is a reporter that remembers.
type recorder struct {
	progress []string
	log      strings.Builder
}

func (r *recorder) Progress(percent float64, message string) {
	r.progress = append(r.progress, fmt.Sprintf("%.0f %s", percent, message))
}
func (r *recorder) Save(json.RawMessage) {}
func (r *recorder) Log(lines []byte)     { r.log.Write(lines) }

func task(typ, with string) work.Task {
	return work.Task{
		Run: workflow.MakeRunID(1_764_000_000_000, 1, 7), Step: "s", Item: -1, Attempt: 1, Fence: 1,
		Type: typ, Tenant: "acme", Key: "k-1", With: json.RawMessage(with),
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	e := builtin.New(builtin.Options{JQ: time.Minute})
	for _, c := range []struct{ typ, with, want string }{
		{"noop", `{"a":1}`, `{"a":1}`},
		{"noop", ``, `null`},
		{"transform", `{"input":{"a":[1,2]},"cel":"input.a.map(x, x * 2)"}`, `[2,4]`},
		{"transform", `{"cel":"{'a': 1}"}`, `{"a":1}`},
		{"transform", `{"input":{"a":[1,2]},"jq":"[.a[] * 2]"}`, `[2,4]`},
		{"transform", `{"input":12345678901234567890,"jq":"[.]"}`, `[12345678901234567890]`},
		{"transform", `{"input":0.5,"jq":". + 1"}`, `1.5`},
		{"transform", `{"jq":"$ENV + env"}`, `{}`},
		{"choice", `{"input":{"n":7},"cases":[{"name":"big","if":"input.n > 10"},{"name":"small","if":"input.n > 5"},{"name":"tiny","if":"true"}]}`, `{"case":"small"}`},
		{"choice", `{"input":1,"cases":[{"name":"a","if":"input > 10"}],"default":"b"}`, `{"case":"b"}`},
		{"sample", `{"resultPayload":{"data":"someData"}}`, `{"data":"someData"}`},
		{"sample", `{}`, `null`},
	} {
		got := e.Execute(t.Context(), task(c.typ, c.with), &recorder{})
		if diff := cmp.Diff(work.Result{Output: json.RawMessage(c.want)}, got); diff != "" {
			t.Errorf("Execute(%s %s) (-want +got):\n%s", c.typ, c.with, diff)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	e := builtin.New(builtin.Options{JQ: time.Minute})
	for _, c := range []struct{ typ, with, code, message string }{
		{"nope", ``, "refused", `"nope" is not available here`},
		{"http", `{}`, "refused", `"http" is not available here`},
		{"submit", `{}`, "refused", `"submit" is not available here`},
		{"log", `{}`, "with", "message: missing"},
		{"log", `{"mesage":"a"}`, "with", `"mesage" is not known`},
		{"transform", `{}`, "with", "one of cel and jq"},
		{"transform", `{"cel":"1","jq":"1"}`, "with", "one of cel and jq"},
		{"transform", `{"cel":"1 +"}`, "with", "cel: "},
		{"transform", `{"cel":"input.a","input":{}}`, "transform", "no such key"},
		{"transform", `{"jq":"."} {}`, "with", "something follows"},
		{"transform", `{"jq":".["}`, "with", "jq: "},
		{"transform", `{"jq":"` + strings.Repeat(" ", 64<<10) + `."}`, "with", "more than the 65536 allowed"},
		{"transform", `{"jq":"nosuch"}`, "with", "nosuch"},
		{"transform", `{"jq":"import \"x\" as x; ."}`, "with", "module"},
		{"transform", `{"jq":"input"}`, "with", "input"},
		{"transform", `{"jq":"empty"}`, "transform", "yields nothing"},
		{"transform", `{"jq":"1,2"}`, "transform", "more than one value"},
		{"transform", `{"jq":"1, error(\"x\")"}`, "transform", "x"},
		{"transform", `{"jq":".a","input":1}`, "transform", "jq: "},
		{"transform", `{"jq":"[range(300000)]"}`, "limit.output", "more than the 1048576 allowed"},
		{"choice", `{}`, "with", "cases: 0 are there"},
		{"choice", `{"cases":[{"if":"true"}]}`, "with", "cases[0]: it has no name"},
		{"choice", `{"cases":[{"name":"a","if":"false"}]}`, "no-case", "none of the 1 cases holds"},
		{"choice", `{"cases":[{"name":"a","if":"1"}]}`, "transform", "yields 1, not true or false"},
		{"choice", `{"cases":[{"name":"a","if":"input.x"}],"input":{}}`, "transform", `case "a"`},
		{"fail", `{}`, "fail", "the workflow says so"},
		{"fail", `{"code":"bad","message":"no"}`, "bad", "no"},
		{"sample", `{"actions":[{"action":"exception","paramsMap":{"exceptionMessage":"boom"}}]}`, "exception", "boom"},
		{"sample", `{"actions":[{"action":"externalExecute"}]}`, "refused", "step of type shell"},
		{"sample", `{"actions":[{"action":"dance"}]}`, "with", `"dance" is not log or exception`},
		{"sample", `{"actions":[{"action":"log","paramsMap":{"sleepMilliseconds":-1}}]}`, "with", "actions[0]: sleepMilliseconds"},
	} {
		f := e.Execute(t.Context(), task(c.typ, c.with), &recorder{}).Failure
		if f == nil || f.Code != c.code || !strings.Contains(f.Message, c.message) {
			t.Errorf("Execute(%s %s) = %+v, want %s with %q", c.typ, c.with, f, c.code, c.message)
		}
		if f != nil && f.Fatal != (c.code != "exception") {
			t.Errorf("Execute(%s %s) is fatal: %v", c.typ, c.with, f.Fatal)
		}
	}
}

func TestJQIsRefusedUntilAllowed(t *testing.T) {
	t.Parallel()
	f := builtin.New(builtin.Options{}).Execute(t.Context(), task("transform", `{"jq":"."}`), &recorder{}).Failure
	if f == nil || f.Code != "refused" || !f.Fatal {
		t.Errorf("Execute() = %+v, want it refused", f)
	}
}

func TestAnEndlessJQProgramIsStopped(t *testing.T) {
	t.Parallel()
	e := builtin.New(builtin.Options{JQ: 20 * time.Millisecond})
	f := e.Execute(t.Context(), task("transform", `{"jq":"[limit(3; repeat(1) | select(false))]"}`), &recorder{}).Failure
	if f == nil || f.Code != "timeout" {
		t.Errorf("Execute() = %+v, want timeout", f)
	}
}

func TestLogWritesItsMessages(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	got := builtin.New(builtin.Options{}).Execute(t.Context(), task("log", `{"message":"one","messages":["two",{"n":3}]}`), r)
	if string(got.Output) != "null" || r.log.String() != "one\ntwo\n{\"n\":3}\n" {
		t.Errorf("Execute() = %s, log %q", got.Output, r.log.String())
	}
}

func TestFailMayBeTriedAgainAndHasDetail(t *testing.T) {
	t.Parallel()
	got := builtin.New(builtin.Options{}).Execute(t.Context(), task("fail", `{"code":"c","message":"m","retry":true,"detail":[1]}`), &recorder{})
	want := work.Result{Failure: &machine.Failure{Code: "c", Message: "m", Detail: json.RawMessage(`[1]`)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Execute() (-want +got):\n%s", diff)
	}
}

func TestSampleSleepsAndTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, begin := &recorder{}, time.Now()
		got := builtin.New(builtin.Options{}).Execute(t.Context(), task("sample", `{"actions":[
			{"action":"log","paramsMap":{"sleepMilliseconds":1500,"logMessage":"first"}},
			{"action":"log","paramsMap":{"sleepMilliseconds":500,"logMessage":"second"}}],"resultPayload":1}`), r)
		if string(got.Output) != "1" || time.Since(begin) != 2*time.Second {
			t.Errorf("Execute() = %+v after %s, want 1 after 2s", got, time.Since(begin))
		}
		if diff := cmp.Diff([]string{"50 log", "75 log", "100 log"}, r.progress); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		if r.log.String() != "first\nsecond\n" {
			t.Errorf("log = %q", r.log.String())
		}
	})
}

func TestSampleEndsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	for cause, code := range map[error]string{
		work.ErrTimeout: "timeout", work.ErrCanceled: "canceled", work.ErrLeaseLost: "lease-lost", work.ErrStopping: "stopping",
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(2500*time.Millisecond, func() { cancel(cause) })
			f := builtin.New(builtin.Options{}).Execute(ctx, task("sample", `{"actions":[{"action":"log","paramsMap":{"sleepMilliseconds":3600000}}]}`), &recorder{}).Failure
			if f == nil || f.Code != code || f.Fatal {
				t.Errorf("Execute() = %+v, want %s", f, code)
			}
		})
	}
}

func TestSubmitAsksForARunOfItsOwnTenant(t *testing.T) {
	t.Parallel()
	var asked work.Submission
	e := builtin.New(builtin.Options{Submit: func(_ context.Context, s work.Submission) (work.Receipt, error) {
		asked = s
		return work.Receipt{ID: workflow.MakeRunID(1_764_000_000_000, 1, 8), Queue: "q"}, nil
	}})
	tk := task("submit", `{"workflow":"w","params":{"a":1}}`)
	got := e.Execute(t.Context(), tk, &recorder{})
	if want := fmt.Sprintf(`{"id":%q,"queue":"q"}`, workflow.MakeRunID(1_764_000_000_000, 1, 8)); string(got.Output) != want {
		t.Errorf("Execute() = %+v, want %s", got, want)
	}
	want := work.Submission{
		Workflow: "w", Params: json.RawMessage(`{"a":1}`), Tenant: "acme", IdempotencyKey: "k-1",
		By: fmt.Sprintf("run %s, step s", tk.Run),
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("submission (-want +got):\n%s", diff)
	}
	for _, with := range []string{`{"workflow":"w","tenant":"other"}`, `{"workflow":"w","parent":"r0000000000001"}`} {
		asked = work.Submission{}
		f := e.Execute(t.Context(), task("submit", with), &recorder{}).Failure
		if f == nil || !f.Fatal || asked.Workflow != "" {
			t.Errorf("Execute(%s) = %+v, submitted %+v; want it refused", with, f, asked)
		}
	}
}

func TestSubmitFailsAsTheEngineSays(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]machine.Failure{
		work.ErrInvalid:  {Code: "invalid", Fatal: true},
		work.ErrNotFound: {Code: "not-found", Fatal: true},
		work.ErrConflict: {Code: "conflict", Fatal: true},
		work.ErrQuota:    {Code: "quota"},
		work.ErrBusy:     {Code: "busy"},
		errors.New("x"):  {Code: "busy"},
	} {
		for name, submit := range map[string]func(context.Context, work.Submission) (work.Receipt, error){
			"error": func(context.Context, work.Submission) (work.Receipt, error) { return work.Receipt{}, err },
			"receipt": func(context.Context, work.Submission) (work.Receipt, error) {
				return work.Receipt{Error: work.NewProblem(400, err)}, nil
			},
		} {
			f := builtin.New(builtin.Options{Submit: submit}).Execute(t.Context(), task("submit", `{"workflow":"w"}`), &recorder{}).Failure
			if f == nil || f.Code != want.Code || f.Fatal != want.Fatal {
				t.Errorf("Execute() with %v as %s = %+v, want %+v", err, name, f, want)
			}
		}
	}
}

func TestHTTPIsDelegated(t *testing.T) {
	t.Parallel()
	e := builtin.New(builtin.Options{HTTP: work.ExecutorFunc(func(context.Context, work.Task, work.Reporter) work.Result {
		return work.Result{Output: json.RawMessage(`"asked"`)}
	})})
	if got := e.Execute(t.Context(), task("http", `{}`), &recorder{}); string(got.Output) != `"asked"` {
		t.Errorf("Execute() = %+v", got)
	}
	if diff := cmp.Diff([]string{"choice", "fail", "http", "log", "noop", "sample", "transform"}, e.Types()); diff != "" {
		t.Errorf("Types() (-want +got):\n%s", diff)
	}
}

func Example() {
	executor := builtin.New(builtin.Options{})
	result := executor.Execute(context.Background(), work.Task{
		Type: "choice",
		With: json.RawMessage(`{"input": {"height": 1080}, "cases": [{"name": "hd", "if": "input.height >= 720"}], "default": "sd"}`),
	}, &recorder{})
	fmt.Println(string(result.Output))
	// Output: {"case":"hd"}
}

func TestExpressionsAreKeptByTheirText(t *testing.T) {
	t.Parallel()
	e := builtin.New(builtin.Options{})
	for i := range 2100 { // more than are kept
		for range 2 {
			got := e.Execute(t.Context(), task("transform", fmt.Sprintf(`{"input":2,"cel":"input * %d"}`, i)), &recorder{})
			if want := fmt.Sprint(2 * i); string(got.Output) != want {
				t.Fatalf("Execute() of input * %d = %s %+v, want %s", i, got.Output, got.Failure, want)
			}
		}
	}
}
