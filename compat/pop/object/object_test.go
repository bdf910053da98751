package object_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func TestDecodeTakesExactNamesOnly(t *testing.T) {
	t.Parallel()
	o, err := object.KindAgenda.Decode([]byte(`{"ID": "no", "id": "a", "title": null, "more": {"x": 1},
		"operations": [{"Name": "no", "name": "first", "payload": {"b": 2, "a": 1.50}}, {"name": "second", "params": {"n": null}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &object.Agenda{
		Common: object.Common{ID: "a"},
		Operations: []object.Operation{
			{Name: "first", Payload: json.RawMessage(`{"b": 2, "a": 1.50}`)},
			{Name: "second", Params: object.Params{"n": json.RawMessage("null")}},
		},
	}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("Decode (-want +got):\n%s", d)
	}
	if got := string(mustJSON(t, object.Agenda{Common: object.Common{ID: "a"}})); got != `{"id":"a"}` {
		t.Errorf("an agenda with an id alone is written as %s", got)
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     object.Kind
		in, want string
	}{
		{object.KindAgenda, `{"title": 7}`, "title is of type number, want a string"},
		{object.KindAgenda, `{"operations": {}}`, "operations is of type object, want an array"},
		{object.KindAgenda, `{"operations": [{"name": []}]}`, "operations.name is of type array, want a string"},
		{object.KindInsight, `{"schedulingAlgorithm": "Priority"}`, "schedulingAlgorithm is neither RoundRobin nor FirstInFirstOut"},
		{object.KindInsight, `{"queueSize": 1.5}`, "queueSize is of type number, want a whole number"},
		{object.KindProgress, `{"processingState": "complete"}`, "processingState is none of WAITING, EXECUTING and COMPLETE"},
		{object.KindProgress, `{"percentComplete": "5"}`, "percentComplete is of type string, want a number"},
		{object.KindTemplate, `{"isGlobal": "yes"}`, "isGlobal is of type string, want true or false"},
		{object.KindAgenda, `[]`, "body is of type array, want an object"},
	} {
		_, err := c.kind.Decode([]byte(c.in))
		var field *object.FieldError
		if !errors.As(err, &field) || err.Error() != c.want {
			t.Errorf("%s.Decode(%s) = %v, want %s", c.kind, c.in, err, c.want)
		}
	}
	if _, err := object.KindAgenda.Decode([]byte(`{`)); err == nil {
		t.Error("Decode of a broken text: no error")
	}
}

func TestValidateTellsAtMostTenIssues(t *testing.T) {
	t.Parallel()
	a := object.Agenda{Common: object.Common{CustomerID: "c"}}
	for i := range 15 {
		a.Operations = append(a.Operations, object.Operation{
			Name: fmt.Sprintf("o%d", i), Payload: json.RawMessage(`"@<nobody.out>"`),
		})
	}
	got := issues(t, a.Validate(token.Native))
	if n := strings.Count(got, "Invalid references"); n != object.MaxIssues || !strings.HasSuffix(got, "and 5 more") {
		t.Errorf("Validate told %d issues: %s", n, got)
	}
}

func TestValidateInEachReading(t *testing.T) {
	t.Parallel()
	agenda := func(operations string) *object.Agenda {
		a := decode[object.Agenda](t, []byte(`{"customerId": "c", "operations": [`+operations+`]}`))
		return &a
	}
	for _, c := range []struct{ operations, native, quirks string }{
		{`{"name": "a"}, {"name": "b"}, {"name": "c", "payload": "@<a.out::/x>/@<b.out>"}`, "", ""},
		{`{"name": "a"}, {"name": "b"}, {"name": "c", "payload": "@<a.out>/@<b.out>"}`, "", "Invalid references in operation c: @<a.out>/@<b.out>"},
		{`{"name": "a"}, {"name": "b", "params": {"dependsOn": " a , a,"}}`, "", ""},
		{`{"name": "a", "params": {"dependsOn": "b"}}, {"name": "b", "payload": "@<a.out>"}`, "circular reference: a → b → a", ""},
		{`{"name": "a", "payload": "@<A.out>"}`, "Invalid references in operation a: @<A.out>", "Invalid references in operation a: @<A.out>"},
		{`{"name": "a", "payload": "@<static>"}`, "Invalid references in operation a: @<static>", "Invalid references"},
		{`{"name": "` + strings.Repeat("n", object.MaxName+1) + `"}`, "longer than", "longer than"},
	} {
		check := func(m token.Mode, want string) {
			if got := issues(t, agenda(c.operations).Validate(m)); !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("Validate of %s, mode %d: %q, want %q", c.operations, m, got, want)
			}
		}
		check(token.Native, c.native)
		check(token.Quirks, c.quirks)
	}
}

func TestParamsReadNumbersFromTexts(t *testing.T) {
	t.Parallel()
	p := decode[object.Params](t, []byte(`{"n": 4, "s": "5", "f": 1.5, "b": true, "null": null, "o": {"a": 1}}`))
	for name, want := range map[string]string{"n": "4", "s": "5", "f": "1.5", "b": "true", "null": "", "o": `{"a": 1}`, "none": ""} {
		if got := p.Text(name); got != want {
			t.Errorf("Text(%q) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]int{"n": 4, "s": 5, "f": 0, "b": 0, "null": 0} {
		if got, ok := p.Int(name); got != want || ok != (want != 0) {
			t.Errorf("Int(%q) = %d, %t, want %d", name, got, ok, want)
		}
	}
	if !p.Has("null") || p.Has("none") {
		t.Error("Has: want true for null and false for none")
	}
}

func TestParseRerun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		params []string
		want   object.Rerun
	}{
		{nil, object.Rerun{ResetAll: true}},
		{[]string{"skipExecution"}, object.Rerun{ResetAll: true, SkipExecution: true}},
		{[]string{"continue"}, object.Rerun{Continue: true}},
		{[]string{"operationsToReset=a, b,,a", "continue"}, object.Rerun{Reset: []string{"a", "b"}, Continue: true}},
	} {
		got, err := object.ParseRerun(token.Native, c.params)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("ParseRerun(%q): %v (-want +got):\n%s", c.params, err, d)
		}
	}
	if _, err := object.ParseRerun(token.Native, []string{"resetall"}); issues(t, err) == "" {
		t.Error("ParseRerun of a word it does not know: no error")
	}
	if got, err := object.ParseRerun(token.Quirks, []string{"resetall"}); err != nil || !got.ResetAll {
		t.Errorf("ParseRerun with quirks of a word it does not know: %+v, %v; want everything reset", got, err)
	}
}

func TestClosureOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	a := object.Agenda{Operations: []object.Operation{{Name: "a"}}}
	if _, err := a.Closure(token.Native, object.Rerun{Reset: []string{"a", "b"}}); !strings.HasSuffix(issues(t, err), ": b") {
		t.Errorf("Closure: %v, want an error that names b", err)
	}
}

func TestClosureReadsBlanksInDependsOn(t *testing.T) {
	t.Parallel()
	a := object.Agenda{Operations: []object.Operation{{Name: "a"}, {Name: "b", Params: object.Params{"dependsOn": json.RawMessage(`"x, a"`)}}}}
	for m, want := range map[token.Mode][]string{token.Native: {"a", "b"}, token.Quirks: {"a"}} {
		if got, err := a.Closure(m, object.Rerun{Reset: []string{"a"}}); err != nil || !slices.Equal(got.Reset, want) {
			t.Errorf("mode %d resets %q, %v; want %q", m, got.Reset, err, want)
		}
	}
}

func insight(id, title string, mappers map[string][]string) *object.Insight {
	return &object.Insight{Common: object.Common{ID: id, Title: title}, Mappers: mappers}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	insights := []*object.Insight{
		insight("3", "zebra", map[string][]string{"OPERATIONTYPE": {"encode"}}),
		insight("2", "ant", map[string][]string{"operationType": {"encode"}, "operationName": {"none"}}),
		insight("1", "cat", map[string][]string{"operationName": {"FIRST"}}),
		insight("4", "dog", map[string][]string{"paramMap": {"noequals", "Size=big=er"}}),
		insight("5", "ape", nil),
	}
	for _, c := range []struct {
		agenda         string
		native, quirks string
	}{
		{`{"operations": [{"name": "x", "type": "encode"}]}`, "2", "3"},
		{`{"operations": [{"name": "x", "type": "encode"}], "params": {"defaultInsight": "zebra"}}`, "3", "3"},
		{`{"operations": [{"name": "x", "type": "encode"}], "params": {"defaultInsight": "2"}}`, "2", "2"},
		{`{"operations": [{"name": "x", "type": "encode"}], "params": {"defaultInsight": "cat"}}`, "2", "3"},
		{`{"operations": [{"name": "first", "type": "Encode"}]}`, "1", "1"},
		{`{"operations": [{"name": "x", "params": {"SIZE": "BIG=er"}}]}`, "4", ""},
		{`{"operations": [{"name": "x"}], "params": {"size": "big"}}`, "", "4"},
		{`{"operations": [{"name": "x"}]}`, "", ""},
	} {
		a := decode[object.Agenda](t, []byte(c.agenda))
		for m, want := range map[token.Mode]string{token.Native: c.native, token.Quirks: c.quirks} {
			s, err := object.Select(m, insights, &a)
			got := ""
			if s.Insight != nil {
				got = s.Insight.ID
			}
			if err != nil || got != want || len(s.Considered) != len(insights) {
				t.Errorf("Select for %s, mode %d = %q, %v (%d considered), want %q", c.agenda, m, got, err, len(s.Considered), want)
			}
		}
	}
}

func TestSelectExplains(t *testing.T) {
	t.Parallel()
	a := decode[object.Agenda](t, []byte(`{"operations": [{"name": "x", "type": "encode"}]}`))
	s, err := object.Select(token.Native, []*object.Insight{
		insight("1", "b", map[string][]string{"operationType": {"decode", "encode"}}), insight("2", "a", nil),
	}, &a)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, v := range s.Considered {
		told = append(told, v.Insight.Title+" "+v.Mapper+" "+v.Value)
	}
	if d := cmp.Diff([]string{"a  ", "b operationType encode"}, told); d != "" {
		t.Errorf("considered (-want +got):\n%s", d)
	}
}

func TestSelectWithAnEmptyParameter(t *testing.T) {
	t.Parallel()
	a := decode[object.Agenda](t, []byte(`{"operations": [{"name": "x"}], "params": {"size": ""}}`))
	insights := []*object.Insight{insight("1", "", map[string][]string{"paramMap": {"size="}})}
	if s, err := object.Select(token.Native, insights, &a); err != nil || s.Insight == nil {
		t.Errorf("Select = %v, %v, want the insight", s.Insight, err)
	}
	if _, err := object.Select(token.Quirks, insights, &a); !errors.Is(err, object.ErrMapper) {
		t.Errorf("Select with quirks: %v, want ErrMapper", err)
	}
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	own := object.ParseCaller("u", "user", "Acme|other", "false")
	super := object.ParseCaller("", "", "", "true")
	star := object.ParseCaller("", "", "a|*", "false")
	nobody := object.ParseCaller("", "", "", "false")
	agenda := &object.Agenda{Common: object.Common{CustomerID: "Acme"}}
	wrongCase := &object.Agenda{Common: object.Common{CustomerID: "acme"}}
	ownerless := &object.Agenda{}
	shared := &object.Insight{Common: object.Common{CustomerID: "x"}, Sharing: object.Sharing{AllowedCustomerIDs: []string{"acme"}}}
	global := &object.Template{Common: object.Common{CustomerID: "x"}, Sharing: object.Sharing{IsGlobal: true}}
	for _, c := range []struct {
		name        string
		caller      object.Caller
		object      object.Object
		reads, owns bool
	}{
		{"own", own, agenda, true, true},
		{"case counts", own, wrongCase, false, false},
		{"ownerless", own, ownerless, false, false},
		{"shared", own, shared, true, false},
		{"global", own, global, true, false},
		{"nobody shared", nobody, shared, false, false},
		{"nobody global", nobody, global, true, false},
		{"nobody ownerless", nobody, ownerless, false, false},
		{"super", super, agenda, true, true},
		{"star", star, shared, true, true},
	} {
		if got := c.caller.Reads(c.object); got != c.reads {
			t.Errorf("%s: Reads = %t", c.name, got)
		}
		if got := c.caller.Owns(c.object.Head().CustomerID); got != c.owns {
			t.Errorf("%s: Owns = %t", c.name, got)
		}
	}
}

func TestParseQuery(t *testing.T) {
	t.Parallel()
	match := func(pairs ...string) []object.Match {
		var m []object.Match
		for i := 0; i < len(pairs); i += 2 {
			m = append(m, object.Match{Attribute: pairs[i], Value: pairs[i+1]})
		}
		return m
	}
	for _, c := range []struct {
		query          string
		native, quirks object.Query
	}{
		{"bylinkId=l&bycid=c", object.Query{Matches: match("cid", "c", "linkId", "l"), Limit: 100}, object.Query{Matches: match("cid", "c", "linkId", "l"), Limit: 100}},
		{"byLinkId=l", object.Query{Matches: match("linkId", "l"), Limit: 100}, object.Query{Matches: match("LinkId", "l"), Limit: 100}},
		{"BYLIMIT=5&other=1", object.Query{Limit: 5}, object.Query{Limit: 100}},
		{"byLimit=5000", object.Query{Limit: object.MaxLimit}, object.Query{Limit: object.MaxLimit}},
		{"byfields=id,+Title,id", object.Query{Limit: 100, Fields: []string{"id", "title"}}, object.Query{Limit: 100, Fields: []string{"id", "Title"}}},
		{"bycount=&bylinkId=l", object.Query{Limit: 100, Count: true, Matches: match("linkId", "l")}, object.Query{Limit: 100, Count: true, Matches: match("linkId", "l")}},
		{"by=x", object.Query{Limit: 100}, object.Query{Limit: 100}},
	} {
		values, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		for m, want := range map[token.Mode]object.Query{token.Native: c.native, token.Quirks: c.quirks} {
			got, err := object.ParseQuery(m, object.KindAgenda, values)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
				t.Errorf("ParseQuery(%s), mode %d: %v (-want +got):\n%s", c.query, m, err, d)
			}
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode  token.Mode
		query url.Values
	}{
		{token.Native, url.Values{"bylimit": {"0"}}},
		{token.Native, url.Values{"bylimit": {"x"}}},
		{token.Native, url.Values{"bycustomeriId": {"x"}}},
		{token.Native, url.Values{"bytitle": {strings.Repeat("x", 5000)}}},
		{token.Quirks, url.Values{"bycount": {""}, "bytitle": {"x"}}},
	} {
		if q, err := object.ParseQuery(c.mode, object.KindAgenda, c.query); issues(t, err) == "" {
			t.Errorf("ParseQuery(%v) = %+v, want an error", c.query, q)
		}
	}
}

func TestSummarise(t *testing.T) {
	t.Parallel()
	p := func(s object.State, message string, percent float64) *object.Progress {
		return &object.Progress{State: s, StateMessage: message, PercentComplete: &percent}
	}
	for _, c := range []struct {
		list    []*object.Progress
		state   object.State
		percent float64
	}{
		{nil, object.Complete, -1},
		{[]*object.Progress{p(object.Waiting, "", 0), p(object.Waiting, "", 0)}, object.Waiting, 0},
		{[]*object.Progress{p(object.Waiting, "", 0), p(object.Complete, "succeeded", 100)}, object.Executing, 50},
		{[]*object.Progress{p(object.Executing, "", 40), {State: object.Complete}}, object.Executing, 20},
		{[]*object.Progress{p(object.Complete, "", 150), p(object.Complete, "", 100)}, object.Complete, 100},
		{[]*object.Progress{p(object.Executing, "", 40), p(object.Waiting, "FAILED", 0)}, object.Complete, -1},
	} {
		got := object.Summarise(c.list)
		percent := -1.0
		if got.Percent != nil {
			percent = *got.Percent
		}
		if got.State != c.state || percent != c.percent {
			t.Errorf("Summarise(%d) = %s %v, want %s %v", len(c.list), got.State, percent, c.state, c.percent)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	half, much := 50.0, 250.0
	got := object.Percent([]object.OperationProgress{
		{State: object.Complete},
		{State: object.Executing, PercentComplete: &half},
		{State: object.Executing, PercentComplete: &much},
		{State: object.Waiting, PercentComplete: &much},
	})
	if got != 62.5 {
		t.Errorf("Percent = %v, want 62.5", got)
	}
}

func TestUpkeep(t *testing.T) {
	t.Parallel()
	n := func(i int) *int { return &i }
	for _, c := range []struct {
		p    object.Progress
		want bool
	}{
		{object.Progress{State: object.Complete, StateMessage: "failed"}, true},
		{object.Progress{State: object.Complete, StateMessage: "failed", AttemptsCompleted: n(3)}, false},
		{object.Progress{State: object.Complete, StateMessage: "failed", AttemptsCompleted: n(3), MaximumAttempts: n(4)}, true},
		{object.Progress{State: object.Complete, StateMessage: "failed", AttemptsCompleted: n(20), MaximumAttempts: n(50)}, false},
		{object.Progress{State: object.Complete, StateMessage: "succeeded"}, false},
		{object.Progress{State: object.Executing, StateMessage: "failed"}, false},
	} {
		if got := c.p.RetryDue(); got != c.want {
			t.Errorf("RetryDue of %+v = %t", c.p, got)
		}
	}
	for text, want := range map[string]int{`{}`: 3, `{"maximumAttempts": "7"}`: 7, `{"maximumAttempts": 99}`: 20, `{"maximumAttempts": 0}`: 1, `{"maximumAttempts": []}`: 3} {
		if got := decode[object.Params](t, []byte(text)).Attempts(); got != want {
			t.Errorf("Attempts of %s = %d, want %d", text, got, want)
		}
	}
	now := time.UnixMilli(1_700_000_000_000)
	old := object.Common{UpdatedTime: now.Add(-object.ReapAge).UnixMilli() - 1}
	silent := object.Common{UpdatedTime: now.Add(-object.ReclaimAge).UnixMilli() - 1}
	for name, c := range map[string]struct{ got, want bool }{
		"silent executor":       {(&object.Progress{Common: silent, State: object.Executing}).ReclaimDue(now, object.ReclaimAge), true},
		"executor just heard":   {(&object.Progress{Common: object.Common{UpdatedTime: now.UnixMilli()}, State: object.Executing}).ReclaimDue(now, object.ReclaimAge), false},
		"silent but waiting":    {(&object.Progress{Common: silent, State: object.Waiting}).ReclaimDue(now, object.ReclaimAge), false},
		"old and complete":      {(&object.Progress{Common: old, State: object.Complete}).ReapDue(now, object.ReapAge), true},
		"old and still waiting": {(&object.Progress{Common: old, State: object.Waiting}).ReapDue(now, object.ReapAge), false},
		"complete, not old":     {(&object.Progress{Common: silent, State: object.Complete}).ReapDue(now, object.ReapAge), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: due = %t", name, c.got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"customerId": "c", "operations": [{"name": "a", "payload": "@<b.out>", "params": {"dependsOn": "b"}}, {"name": "b"}]}`)
	f.Add(`{"processingState": "WAITING", "operationProgress": [{"operation": "a"}], "percentComplete": 1e3}`)
	f.Add(`{"agenda": {"operations": "@<pop.payload>"}, "staticParameters": {"x": 1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, k := range object.Kinds() {
			o, err := k.Decode([]byte(text))
			if err != nil {
				continue
			}
			first := mustJSON(t, o)
			again, err := k.Decode(first)
			if err != nil {
				t.Fatalf("%s of %q was written as %s, which cannot be read: %v", k, text, first, err)
			}
			if second := mustJSON(t, again); string(first) != string(second) {
				t.Errorf("%s of %q was written as %s, then as %s", k, text, first, second)
			}
			exercise(o)
		}
	})
}

// exercise calls what reads parts of an object.
func exercise(o object.Object) {
	switch o := o.(type) {
	case *object.Agenda:
		for _, m := range []token.Mode{token.Native, token.Quirks} {
			_ = o.Validate(m)
			_, _ = o.Closure(m, object.Rerun{ResetAll: true})
			_, _ = object.Select(m, []*object.Insight{insight("i", "t", map[string][]string{"paramMap": {"a=b"}})}, o)
		}
	case *object.Template:
		_, _ = o.Run(token.Native, json.RawMessage(`{"a": 1}`))
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("bylinkId=1&ByLimit=3&byfields=a,b&bycount")
	f.Add("byÉ=1&by%80=2")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		for _, k := range object.Kinds() {
			for _, m := range []token.Mode{token.Native, token.Quirks} {
				q, err := object.ParseQuery(m, k, values)
				if err == nil && (q.Limit < 1 || q.Limit > object.MaxLimit) {
					t.Errorf("ParseQuery(%q) has limit %d", text, q.Limit)
				}
			}
		}
	})
}

func ExampleSelect() {
	a := &object.Agenda{Operations: []object.Operation{{Name: "encode.1", Type: "encode"}}}
	s, err := object.Select(token.Native, []*object.Insight{
		{Common: object.Common{ID: "1", Title: "encoders"}, Mappers: map[string][]string{"operationType": {"encode"}}},
		{Common: object.Common{ID: "2", Title: "audits"}, Mappers: map[string][]string{"operationName": {"audit"}}},
	}, a)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Insight.Title)
	for _, v := range s.Considered {
		fmt.Printf("%s: %q %q\n", v.Insight.Title, v.Mapper, v.Value)
	}
	// Output:
	// encoders
	// audits: "" ""
	// encoders: "operationType" "encode"
}
