package jsonedit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/jsonedit"
)

const pretty = `{
    "Version": "2012-10-17",
    "Statement": [
        {   "Sid": "",
            "Effect": "Allow",
            "Action": [ "a:A",
                        "b:B" , "c:C" ],
            "Resource": "*"
        }
    ]
}
`

func TestWhatIsNotTouchedStays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		text    string
		patches [][]jsonedit.Operation
		// from is what of the text is replaced by to; everything else stays.
		from, to string
	}{
		{
			"first item", pretty,
			[][]jsonedit.Operation{{{Op: "remove", Path: "/Statement/0/Action/0"}}},
			"\"a:A\",\n                        \"b:B\"", `"b:B"`,
		},
		{"middle item", pretty, [][]jsonedit.Operation{{{Op: "remove", Path: "/Statement/0/Action/1"}}}, `"b:B" , "c:C"`, `"c:C"`},
		{"last item", pretty, [][]jsonedit.Operation{{{Op: "remove", Path: "/Statement/0/Action/2"}}}, `"b:B" , "c:C"`, `"b:B"`},
		{"two findings, one list", pretty, [][]jsonedit.Operation{
			{{Op: "remove", Path: "/Statement/0/Action/2"}},
			{{Op: "remove", Path: "/Statement/0/Action/1"}},
		}, `"a:A",` + "\n                        \"b:B\" , \"c:C\"", `"a:A"`},
		{"all items", pretty, [][]jsonedit.Operation{
			{{Op: "remove", Path: "/Statement/0/Action/2"}, {Op: "remove", Path: "/Statement/0/Action/1"}},
			{{Op: "remove", Path: "/Statement/0/Action/0"}},
		}, "[ \"a:A\",\n                        \"b:B\" , \"c:C\" ]", `[]`},
		{"first member", pretty, [][]jsonedit.Operation{{{Op: "remove", Path: "/Statement/0/Sid"}}}, "\"Sid\": \"\",\n            ", ""},
		{"last member", pretty, [][]jsonedit.Operation{{{Op: "remove", Path: "/Statement/0/Resource"}}}, ",\n            \"Resource\": \"*\"", ""},
		{"replace", pretty, [][]jsonedit.Operation{{{Op: "replace", Path: "/Statement/0/Action/1", Value: "<&>"}}}, `"b:B"`, `"<&>"`},
		{
			"replace by a list", pretty,
			[][]jsonedit.Operation{{{Op: "replace", Path: "/Statement/0/Resource", Value: []string{"x", "y"}}}},
			`"*"`, "[\n                \"x\",\n                \"y\"\n            ]",
		},
		{"rename", pretty, [][]jsonedit.Operation{{{Op: "move", From: "/Statement/0/Action", Path: "/Statement/0/NotAction"}}}, `"Action"`, `"NotAction"`},
		{
			"add behind", pretty,
			[][]jsonedit.Operation{{{Op: "add", Path: "/Statement/0/Condition", Value: map[string]any{"Bool": map[string]any{"k": true}}}}},
			`"Resource": "*"`, "\"Resource\": \"*\",   \"Condition\": {\n                \"Bool\": {\n                    \"k\": true\n                }\n            }",
		},
		{"two additions", pretty, [][]jsonedit.Operation{
			{{Op: "add", Path: "/Statement/0/Action/-", Value: "d:D"}},
			{{Op: "remove", Path: "/Statement/0/Action/2"}},
			{{Op: "add", Path: "/Statement/0/Action/-", Value: "e:E"}},
		}, `"b:B" , "c:C"`, `"b:B", "d:D", "e:E"`},
		{"additions for all there was", `{"Statement":{"a":1}}`, [][]jsonedit.Operation{
			{{Op: "add", Path: "/Statement/b", Value: 2}},
			{{Op: "remove", Path: "/Statement/a"}},
			{{Op: "add", Path: "/Statement/c", Value: 3}},
		}, `{"a":1}`, `{"b":2, "c":3}`},
		{"append", pretty, [][]jsonedit.Operation{{{Op: "add", Path: "/Statement/0/Action/-", Value: "d:D"}}}, `"c:C"`, `"c:C", "d:D"`},
		{
			"add the version first", `{"Statement":{"a/b":1,"m~n":2}}`,
			[][]jsonedit.Operation{{{Op: "add", Path: "/Version", Value: "v"}}},
			`{"Statement":`, `{"Version":"v","Statement":`,
		},
		{"escaped pointer", `{"Statement":{"a/b":1,"m~n":2}}`, [][]jsonedit.Operation{
			{{Op: "remove", Path: "/Statement/a~1b"}},
			{{Op: "replace", Path: "/Statement/m~0n", Value: 3}},
		}, `{"a/b":1,"m~n":2}`, `{"m~n":3}`},
		{"add to nothing", `{"Statement":{}}`, [][]jsonedit.Operation{{{Op: "add", Path: "/Statement/Effect", Value: "Deny"}}}, `{}`, `{"Effect": "Deny"}`},
		{
			"one line", `{"Statement":[{"Effect":"Allow"}]}`,
			[][]jsonedit.Operation{{{Op: "add", Path: "/Statement/0/Condition", Value: map[string]any{"Null": map[string]any{"k": "true", "l": "x,\":"}}}}},
			`"Allow"`, `"Allow","Condition":{"Null": {"k": "true", "l": "x,\":"}}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e, err := jsonedit.New([]byte(tc.text), "Version")
			if err != nil {
				t.Fatal(err)
			}
			for _, patch := range tc.patches {
				if err := e.Apply(patch); err != nil {
					t.Errorf("Apply(%v) = %v", patch, err)
				}
			}
			if diff := cmp.Diff(strings.Replace(tc.text, tc.from, tc.to, 1), string(e.Text())); diff != "" {
				t.Errorf("Text() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatchesAreTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		second []jsonedit.Operation
	}{
		{"the same", []jsonedit.Operation{{Op: "remove", Path: "/Statement/0/Action"}}},
		{"within", []jsonedit.Operation{{Op: "replace", Path: "/Statement/0/Action/0", Value: "z:Z"}}},
		{"around", []jsonedit.Operation{{Op: "remove", Path: "/Statement/0"}}},
		{"partly", []jsonedit.Operation{{Op: "remove", Path: "/Statement/0/Sid"}, {Op: "remove", Path: "/Statement/0/Action"}}},
		{"added within", []jsonedit.Operation{{Op: "add", Path: "/Statement/0/Action/-", Value: "z:Z"}}},
		{"added twice", []jsonedit.Operation{{Op: "add", Path: "/Id", Value: "x"}, {Op: "add", Path: "/Id", Value: "y"}}},
		{"not there", []jsonedit.Operation{{Op: "remove", Path: "/Statement/1"}}},
		{"through nothing", []jsonedit.Operation{{Op: "add", Path: "/Statement/0/Condition/Bool", Value: 1}}},
		{"there already", []jsonedit.Operation{{Op: "add", Path: "/Statement/0/Sid", Value: "x"}}},
		{"name taken", []jsonedit.Operation{{Op: "move", From: "/Statement/0/Sid", Path: "/Statement/0/Effect"}}},
		{"move elsewhere", []jsonedit.Operation{{Op: "move", From: "/Statement/0/Sid", Path: "/Id"}}},
		{"no pointer", []jsonedit.Operation{{Op: "remove", Path: "Statement"}}},
		{"no operation", []jsonedit.Operation{{Op: "test", Path: "/Statement"}}},
		{"into a string", []jsonedit.Operation{{Op: "remove", Path: "/Version/0"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e, err := jsonedit.New([]byte(pretty))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Apply([]jsonedit.Operation{{Op: "remove", Path: "/Statement/0/Action"}}); err != nil {
				t.Fatal(err)
			}
			want := string(e.Text())
			if err := e.Apply(tc.second); err == nil {
				t.Errorf("Apply(%v) is taken", tc.second)
			}
			if diff := cmp.Diff(want, string(e.Text())); diff != "" {
				t.Errorf("Text() after a patch that is not taken (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := jsonedit.New([]byte("{")); err == nil {
		t.Error("New takes what is not JSON")
	}
}

// Edits are in order and apart from each other, and make the text.
func TestEditsMakeTheText(t *testing.T) {
	t.Parallel()
	e, err := jsonedit.New([]byte(`{"b": [1, 2, 3], "a": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	patch := []jsonedit.Operation{
		{Op: "replace", Path: "/a", Value: "y"},
		{Op: "remove", Path: "/b/1"},
		{Op: "add", Path: "/c", Value: true},
	}
	if err := e.Apply(patch); err != nil {
		t.Fatal(err)
	}
	want := []jsonedit.Edit{{Start: 10, End: 13, Text: ""}, {Start: 22, End: 25, Text: `"y"`}, {Start: 25, End: 25, Text: `, "c": true`}}
	if diff := cmp.Diff(want, e.Edits()); diff != "" {
		t.Errorf("Edits() (-want +got):\n%s", diff)
	}
	if got, want := string(e.Text()), `{"b": [1, 3], "a": "y", "c": true}`; got != want {
		t.Errorf("Text() = %s, want %s", got, want)
	}
	if p := e.Position(22); p.Line != 1 || p.Column != 23 {
		t.Errorf("Position(22) = %v", p)
	}
}

// FuzzApply applies arbitrary patches: what comes out is JSON again.
func FuzzApply(f *testing.F) {
	f.Add(pretty, "remove", "/Statement/0/Action/1", "", `"x"`)
	f.Add(pretty, "move", "/Statement/0/X", "/Statement/0/Action", `{}`)
	f.Add(pretty, "add", "/Id", "", `{"a": [1]}`)
	f.Add(`{"a":[]}`, "add", "/a/-", "", `[]`)
	f.Fuzz(func(t *testing.T, text, op, path, from, value string) {
		if !json.Valid([]byte(text)) || !json.Valid([]byte(value)) || len(text) > 2000 {
			return
		}
		e, err := jsonedit.New([]byte(text))
		if err != nil {
			return // the reader takes less than encoding/json
		}
		patch := []jsonedit.Operation{{Op: op, Path: path, From: from, Value: json.RawMessage(value)}}
		taken := 0
		for _, p := range [][]jsonedit.Operation{patch, {{Op: "remove", Path: path}}, patch} {
			if e.Apply(p) == nil {
				taken++
			}
		}
		if got := e.Text(); !json.Valid(got) {
			t.Errorf("%v makes %q of %q, which is not JSON", patch, got, text)
		} else if taken == 0 && string(got) != text {
			t.Errorf("nothing is taken and %q is %q", text, got)
		}
	})
}
