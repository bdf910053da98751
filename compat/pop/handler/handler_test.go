package handler_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/handler"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

func task(with string) work.Task {
	return work.Task{
		Step: "encode.1", Tenant: "acme", With: json.RawMessage(with),
		Labels: map[string]string{"pop.agenda": "agenda-1", "pop.cid": "cid-1"},
	}
}

func environment(t *testing.T, task work.Task, o *object.Operation, saved string) map[string]string {
	t.Helper()
	vars, err := handler.Environment(task, o, json.RawMessage(saved))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, v := range vars {
		env[v.Name] = v.Value + v.Field
	}
	return env
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"POP_PAYLOAD_TYPE": "envVar", "PAYLOAD": `{"a": 1}`, "AGENDA_ID": "agenda-1", "OPERATION_NAME": "encode.1", "OPERATION_ID": "",
		"CID": "cid-1", "CUSTOMER_ID": "acme", "LOG_LEVEL": "INFO", "MY_POD_NAME": "metadata.name",
	}
	if d := cmp.Diff(want, environment(t, task(`{"a": 1}`), nil, "")); d != "" {
		t.Errorf("Environment (-want +got):\n%s", d)
	}
	got := environment(t, task(``), &object.Operation{Name: "encode 1", ID: "42"}, `{"jobInfo": {"jobId": "123"}}`)
	if got["OPERATION_NAME"] != "encode 1" || got["OPERATION_ID"] != "42" || got["PAYLOAD"] != "null" {
		t.Errorf("Environment of a known operation: %v", got)
	}
	// The sample handler reads its job from here.
	last, err := object.KindOperationProgress.Decode([]byte(got["LAST_PROGRESS"]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../testdata/sample-handler-last-progress.json")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := object.KindOperationProgress.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if !sample.(*object.OperationProgress).Params.Has("jobInfo") || !last.(*object.OperationProgress).Params.Has("jobInfo") {
		t.Errorf("LAST_PROGRESS = %s, want parameters as in %s", got["LAST_PROGRESS"], text)
	}
}

// noise is JSON that does not compress well.
func noise(n int) string {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteByte('"')
	for b.Len() < n {
		fmt.Fprintf(&b, "%x", rnd.Uint64())
	}
	return b.String() + `"`
}

func TestLargePayloadsAreCompressedAndSplit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 10, 64 << 10, 64<<10 + 1, 400_000} {
		payload := noise(n)
		env := environment(t, task(payload), nil, "")
		segments := 0
		for name, value := range env {
			if strings.HasPrefix(name, "POP_COMPRESSED_PAYLOAD_") {
				segments++
			}
			if len(value) > 128<<10 {
				t.Errorf("payload of %d bytes: %s has %d characters", n, name, len(value))
			}
		}
		if large := n >= 400_000; large && segments < 2 {
			t.Errorf("payload of %d bytes is in %d parts", n, segments)
		}
		got, err := handler.Payload(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		if err != nil || string(got) != payload {
			t.Errorf("payload of %d bytes comes back with %d: %v", len(payload), len(got), err)
		}
	}
	if _, err := handler.Environment(task(noise(4<<20)), nil, nil); err == nil {
		t.Error("a payload of 4 MiB fits into an environment")
	}
}

func TestWhatAnAttemptLeftIsBounded(t *testing.T) {
	t.Parallel()
	for _, saved := range []string{`[]`, `{"x": ` + noise(70_000) + `}`} {
		if _, err := handler.Environment(task(`{}`), nil, json.RawMessage(saved)); err == nil {
			t.Errorf("what was left with %d bytes is taken", len(saved))
		}
	}
}

func TestPayloadOfABrokenEnvironment(t *testing.T) {
	t.Parallel()
	for _, env := range []map[string]string{
		{},
		{"POP_PAYLOAD_TYPE": "compressedEnvVar"},
		{"POP_PAYLOAD_TYPE": "compressedEnvVar", "POP_COMPRESSED_PAYLOAD_0": "!"},
		{"POP_PAYLOAD_TYPE": "compressedEnvVar", "POP_COMPRESSED_PAYLOAD_0": "eJw="},
	} {
		if got, err := handler.Payload(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err == nil {
			t.Errorf("Payload of %v = %s, want an error", env, got)
		}
	}
}

func TestHeard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]handler.Progress{
		`{"processingState": "EXECUTING", "processingStateMessage": "half", "percentComplete": 50, "params": {"job": "j"}}`: {Percent: 50, Message: "half", Saved: json.RawMessage(`{"job":"j"}`)},
		`{"processingState": "COMPLETE", "percentComplete": 250}`:                                                           {Percent: 100, Done: true},
		`{}`: {},
	} {
		got, ok := handler.Heard(map[string]string{handler.AnnotationProgress: text})
		if d := cmp.Diff(want, got); d != "" || !ok {
			t.Errorf("Heard(%s), %t (-want +got):\n%s", text, ok, d)
		}
	}
	for _, annotations := range []map[string]string{nil, {"other": "{}"}, {handler.AnnotationProgress: "{"}, {handler.AnnotationProgress: `{"processingState": "DONE"}`}} {
		if got, ok := handler.Heard(annotations); ok {
			t.Errorf("Heard(%v) = %+v, want nothing", annotations, got)
		}
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	fail := func(code, message, detail string) work.Result {
		f := &machine.Failure{Code: code, Message: message}
		if detail != "" {
			f.Detail = json.RawMessage(detail)
		}
		return work.Result{Failure: f}
	}
	for _, c := range []struct {
		progress, payload string
		want              work.Result
	}{
		{`{"processingState": "COMPLETE", "processingStateMessage": "succeeded"}`, `{"x": 1.50}`, work.Result{Output: json.RawMessage(`{"x": 1.50}`)}},
		{`{"processingState": "COMPLETE", "processingStateMessage": "succeeded"}`, ``, work.Result{Output: json.RawMessage(`{}`)}},
		{`{"processingState": "COMPLETE", "processingStateMessage": "succeeded"}`, `{`, fail("report", "annotation pop.report.payload is no JSON", "")},
		{`{"processingState": "COMPLETE", "processingStateMessage": "Succeeded"}`, `{}`, fail("handler", `the handler says "Succeeded"`, "")},
		{`{"processingState": "COMPLETE", "processingStateMessage": "failed", "diagnosticEvents": [{"message": "a"}, {"message": "disk full", "payload": ["last"]}]}`, ``, fail("handler", "disk full", `["last"]`)},
		{`{"processingState": "EXECUTING", "processingStateMessage": "half"}`, `{}`, fail("report", "the handler ended and had told EXECUTING half", "")},
		{``, `{}`, fail("report", "the handler ended without telling its progress", "")},
		{`[]`, `{}`, fail("report", "annotation pop.report.progress: body is of type array, want an object", "")},
	} {
		got := handler.Result(map[string]string{handler.AnnotationProgress: c.progress, handler.AnnotationPayload: c.payload})
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("Result of %s and %s (-want +got):\n%s", c.progress, c.payload, d)
		}
	}
}

func FuzzPayload(f *testing.F) {
	f.Add("eJyrVkpUsjKsBQAKgQJV", "")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, first, second string) {
		env := map[string]string{"POP_PAYLOAD_TYPE": "compressedEnvVar", "POP_COMPRESSED_PAYLOAD_0": first, "POP_COMPRESSED_PAYLOAD_1": second}
		_, _ = handler.Payload(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		annotations := map[string]string{handler.AnnotationProgress: first, handler.AnnotationPayload: second}
		if r := handler.Result(annotations); r.Failure == nil && !json.Valid(r.Output) {
			t.Errorf("Result of %q and %q has the output %q", first, second, r.Output)
		}
		handler.Heard(annotations)
	})
}

func ExamplePayload() {
	env := map[string]string{"POP_PAYLOAD_TYPE": "envVar", "PAYLOAD": `{"file": "a.mp4"}`}
	payload, err := handler.Payload(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	fmt.Println(string(payload), err)
	// Output: {"file": "a.mp4"} <nil>
}
