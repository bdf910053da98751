package workflow_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
)

func TestRunIDsSortByTimeAsNumbersAndAsTexts(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 8))
	var last workflow.RunID
	at := int64(workflow.RunEpoch)
	for range 1000 {
		at += 1 + rnd.Int64N(1<<30)
		node, seq := rnd.IntN(workflow.MaxNode+1), rnd.IntN(workflow.MaxSeq+1)
		id := workflow.MakeRunID(at, node, seq)
		if id.Millis() != at || id.Node() != node || id.Seq() != seq || int64(id) < 0 {
			t.Fatalf("MakeRunID(%d, %d, %d) = %d: %d, %d, %d", at, node, seq, id, id.Millis(), id.Node(), id.Seq())
		}
		if last >= id || last.String() >= id.String() {
			t.Fatalf("%v is not before %v", last, id)
		}
		for _, text := range []string{id.String(), strings.ToUpper(id.String())} {
			if got, err := workflow.ParseRunID(text); err != nil || got != id {
				t.Fatalf("ParseRunID(%q) = %v, %v, want %v", text, got, err, id)
			}
		}
		last = id
	}
	if id := workflow.MakeRunID(0, -1, 99999); id.Millis() != workflow.RunEpoch || id.Node() != 0 || id.Seq() != workflow.MaxSeq {
		t.Errorf("MakeRunID(0, -1, 99999) = %v", id)
	}
	if got := workflow.MakeRunID(workflow.RunEpoch, 0, 0).Time(); !got.Equal(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the first id is of %v", got)
	}
}

func TestRunIDRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "r", "x0000000000000", "r000000000000", "r00000000000000", "rg000000000000", "r00000000000u0", "r00000000000é", "r000000000000-"} {
		if id, err := workflow.ParseRunID(text); err == nil {
			t.Errorf("ParseRunID(%q) = %v, want an error", text, id)
		}
	}
	if id, err := workflow.ParseRunID("rfzzzzzzzzzzzz"); err != nil || id != math.MaxUint64 {
		t.Errorf("ParseRunID of the largest = %v, %v", id, err)
	}
	var id workflow.RunID
	if err := json.Unmarshal([]byte(`7`), &id); err == nil {
		t.Error("a number is read as a run id")
	}
	text, err := json.Marshal(map[workflow.RunID]workflow.RunID{31: 32})
	if err != nil || string(text) != `{"r000000000000z":"r0000000000010"}` {
		t.Errorf("Marshal() = %s, %v", text, err)
	}
	back := map[workflow.RunID]workflow.RunID{}
	if err := json.Unmarshal(text, &back); err != nil || back[31] != 32 {
		t.Errorf("Unmarshal(%s) = %v, %v", text, back, err)
	}
}

func FuzzParseRunID(f *testing.F) {
	f.Add("r00hq4t9v5a001")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := workflow.ParseRunID(text)
		if err == nil && id.String() != strings.ToLower(text) {
			t.Errorf("ParseRunID(%q) = %v", text, id)
		}
	})
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"1m30s"`: `"1m30s"`, `90`: `"1m30s"`, `0.25`: `"250ms"`, `"7d"`: `"168h0m0s"`, `"1d12h"`: `"36h0m0s"`, `"0"`: `"0s"`, `"0d"`: `"0s"`, `1e3`: `"16m40s"`, `"1.5h"`: `"1h30m0s"`,
		`-1`: "negative", `"-1s"`: "no duration", `"7d24h"`: "no duration", `"d"`: "no duration", `"1d0"`: "no duration", `"5"`: "no duration", `"1h1d"`: "no duration",
		`1e300`: "longer than", `"4000d"`: "longer than", `"1e3s"`: "no duration", `null`: "no duration", `true`: "no duration", `""`: "no duration",
	} {
		var d workflow.Duration
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Unmarshal(%s) = %v, want %q", text, err, want)
			}
			continue
		}
		got, err := json.Marshal(d)
		if err != nil || string(got) != want {
			t.Errorf("Unmarshal(%s) = %s, %v, want %s", text, got, err, want)
		}
		var again workflow.Duration
		if err := json.Unmarshal(got, &again); err != nil || again != d {
			t.Errorf("%s reads as %v, %v, want %v", got, again, err, d)
		}
	}
}

func TestOnErrorReadsAsItIsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]workflow.OnError{
		`"fail"`:                        {},
		`"continue"`:                    {Continue: true},
		`{"run":"h"}`:                   {Run: "h"},
		`{"run":"h","then":"continue"}`: {Run: "h", Continue: true},
	} {
		var got workflow.OnError
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("Unmarshal(%s) = %+v, %v, want %+v", text, got, err, want)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != text {
			t.Errorf("Marshal(%+v) = %s, %v, want %s", want, back, err, text)
		}
	}
	for _, text := range []string{`"ignore"`, `7`, `{"run": 1}`, `{"run": "h", "then": "go"}`} {
		if err := json.Unmarshal([]byte(text), new(workflow.OnError)); err == nil {
			t.Errorf("Unmarshal(%s) succeeds", text)
		}
	}
}

func TestRetryAllows(t *testing.T) {
	t.Parallel()
	rule := &workflow.Retry{Max: 2, On: []string{"timeout", "http.5*"}, Except: []string{"http.501"}}
	for _, tc := range []struct {
		rule     *workflow.Retry
		failures int
		code     string
		want     bool
	}{
		{nil, 1, "timeout", false},
		{&workflow.Retry{}, 1, "timeout", false},
		{&workflow.Retry{Max: 1}, 1, "anything", true},
		{&workflow.Retry{Max: 1}, 2, "anything", false},
		{rule, 2, "http.503", true},
		{rule, 3, "http.503", false},
		{rule, 1, "http.501", false},
		{rule, 1, "http.404", false},
		{rule, 1, "timeout", true},
		{rule, 1, "Timeout", false},
	} {
		if got := tc.rule.Allows(tc.failures, tc.code); got != tc.want {
			t.Errorf("%+v.Allows(%d, %q) = %v, want %v", tc.rule, tc.failures, tc.code, got, tc.want)
		}
	}
}

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	const s = workflow.Duration(time.Second)
	for _, tc := range []struct {
		rule *workflow.Retry
		want []time.Duration // after 1, 2, … failures
	}{
		{nil, []time.Duration{0, 0}},
		{&workflow.Retry{Max: 9}, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}},
		{&workflow.Retry{Backoff: 10 * s, Factor: 3, MaxBackoff: 60 * s}, []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, time.Minute}},
		{&workflow.Retry{Backoff: 10 * s, Factor: 1}, []time.Duration{10 * time.Second, 10 * time.Second}},
		{&workflow.Retry{Backoff: 3600 * s}, []time.Duration{time.Hour, time.Hour}},
	} {
		for i, want := range tc.want {
			if got := tc.rule.Delay(i+1, 0, 12345); got != want {
				t.Errorf("%+v.Delay(%d) = %v, want %v", tc.rule, i+1, got, want)
			}
		}
		if got := tc.rule.Delay(100_000, 0, 1); got < 0 {
			t.Errorf("%+v.Delay(100000) = %v", tc.rule, got)
		}
		if got := tc.rule.Delay(0, 0, 1); got != 0 {
			t.Errorf("%+v.Delay(0) = %v, want 0", tc.rule, got)
		}
	}
	jitter := &workflow.Retry{Backoff: 10 * s, Jitter: 0.2}
	var got []time.Duration
	for _, rnd := range []uint64{0, 1 << 62, 1 << 63, math.MaxUint64} {
		got = append(got, jitter.Delay(1, 0, rnd).Round(100*time.Millisecond))
	}
	if want := []time.Duration{10 * time.Second, 9500 * time.Millisecond, 9 * time.Second, 8 * time.Second}; !slices.Equal(got, want) {
		t.Errorf("Delay() with jitter = %v, want %v", got, want)
	}
}

func TestRetryDelayThatWasAskedFor(t *testing.T) {
	t.Parallel()
	const s = workflow.Duration(time.Second)
	for _, tc := range []struct {
		name  string
		rule  *workflow.Retry
		asked workflow.Duration
		want  time.Duration
	}{
		{"longer than the pause", &workflow.Retry{Backoff: 10 * s}, 90 * s, 90 * time.Second},
		{"shorter than the pause", &workflow.Retry{Backoff: 10 * s}, 9 * s, 10 * time.Second},
		{"not shortened by chance", &workflow.Retry{Backoff: 10 * s, Jitter: 1}, 9 * s, 9 * time.Second},
		{"beyond the default of max-backoff", &workflow.Retry{}, 1800 * s, 30 * time.Minute},
		{"too long without a max-backoff", &workflow.Retry{}, 86400 * s, time.Hour},
		{"too long for max-backoff", &workflow.Retry{MaxBackoff: 60 * s}, 90 * s, time.Minute},
		{"a max-backoff of more than an hour", &workflow.Retry{MaxBackoff: 7200 * s}, 86400 * s, 2 * time.Hour},
		{"too long, and the pause is longer", &workflow.Retry{Backoff: 7200 * s}, 86400 * s, 2 * time.Hour},
		{"negative", &workflow.Retry{}, -s, time.Second},
		{"without a rule", nil, 90 * s, 0},
	} {
		if got := tc.rule.Delay(1, tc.asked, math.MaxUint64); got.Round(time.Millisecond) != tc.want {
			t.Errorf("%s: %+v.Delay(1, %v) = %v, want %v", tc.name, tc.rule, tc.asked.Std(), got, tc.want)
		}
	}
}

func TestCheckOfADocumentThatWasBuilt(t *testing.T) {
	t.Parallel()
	priority := 12
	for want, d := range map[string]*workflow.Document{
		"":                                        {Name: "w", Steps: []workflow.Step{{Name: "a", Run: "x"}}},
		"name: name is empty":                     {Steps: []workflow.Step{{Name: "a", Run: "x"}}},
		"steps: a workflow without steps":         {Name: "w"},
		"priority: 12 is not between 0 and 9":     {Name: "w", Priority: &priority, Steps: []workflow.Step{{Name: "a", Run: "x"}}},
		"cost: NaN is not between":                {Name: "w", Cost: math.NaN(), Steps: []workflow.Step{{Name: "a", Run: "x"}}},
		"deadline: -1s is negative":               {Name: "w", Deadline: -workflow.Duration(time.Second), Steps: []workflow.Step{{Name: "a", Run: "x"}}},
		"steps[0].name: name is empty":            {Name: "w", Steps: []workflow.Step{{Run: "x"}}},
		"steps[0].with: not JSON":                 {Name: "w", Steps: []workflow.Step{{Name: "a", Run: "x", With: json.RawMessage(`{"a"}`)}}},
		"steps[0].for-each.in: items are neither": {Name: "w", Steps: []workflow.Step{{Name: "a", Run: "x", ForEach: &workflow.ForEach{}}}},
		"params.a: not JSON":                      {Name: "w", Params: map[string]json.RawMessage{"a": json.RawMessage("x")}, Steps: []workflow.Step{{Name: "a", Run: "x"}}},
		"labels: has 1001 entries":                {Name: "w", Labels: manyLabels(1001), Steps: []workflow.Step{{Name: "a", Run: "x"}}},
	} {
		got := ""
		if list := d.Check(); len(list) > 0 {
			got = list[0].Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("Check() = %q, want %q", got, want)
		}
		if p, err := workflow.Compile(d); (err == nil) != (want == "") || (p == nil) != (want != "") {
			t.Errorf("Compile() = %v, %v, want %q", p, err, want)
		}
	}
}

func manyLabels(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("l", i)] = "x"
	}
	return m
}

func TestParseSteps(t *testing.T) {
	t.Parallel()
	steps, err := workflow.ParseSteps("x", []byte(`[{"name": "a", "run": "noop", "needs": ["elsewhere"]}]`))
	if diff := cmp.Diff([]workflow.Step{{Name: "a", Run: "noop", Needs: []string{"elsewhere"}}}, steps); diff != "" || err != nil {
		t.Errorf("ParseSteps() %v (-want +got):\n%s", err, diff)
	}
	if _, err := workflow.ParseSteps("x", []byte(`{}`)); err == nil {
		t.Error("ParseSteps() of an object succeeds")
	}
}
