package lint_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/lint"
)

func finding(safe bool, patch ...lint.Operation) lint.Finding {
	return lint.Finding{Code: "X", Fix: &lint.Fix{Description: "x", Safe: safe, Patch: patch}}
}

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

func TestMendKeepsWhatItDoesNotTouch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		text     string
		findings []lint.Finding
		// from is what of the text is replaced by to; everything else stays.
		from, to string
	}{
		{
			"first item", pretty,
			[]lint.Finding{finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/0"})},
			"\"a:A\",\n                        \"b:B\"", `"b:B"`,
		},
		{"middle item", pretty, []lint.Finding{finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/1"})}, `"b:B" , "c:C"`, `"c:C"`},
		{"last item", pretty, []lint.Finding{finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/2"})}, `"b:B" , "c:C"`, `"b:B"`},
		{"two findings, one list", pretty, []lint.Finding{
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/2"}),
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/1"}),
		}, `"a:A",` + "\n                        \"b:B\" , \"c:C\"", `"a:A"`},
		{"all items", pretty, []lint.Finding{
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/2"}, lint.Operation{Op: "remove", Path: "/Statement/0/Action/1"}),
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/0"}),
		}, "[ \"a:A\",\n                        \"b:B\" , \"c:C\" ]", `[]`},
		{"first member", pretty, []lint.Finding{finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Sid"})}, "\"Sid\": \"\",\n            ", ""},
		{"last member", pretty, []lint.Finding{finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Resource"})}, ",\n            \"Resource\": \"*\"", ""},
		{"replace", pretty, []lint.Finding{finding(true, lint.Operation{Op: "replace", Path: "/Statement/0/Action/1", Value: "<&>"})}, `"b:B"`, `"<&>"`},
		{
			"replace by a list", pretty,
			[]lint.Finding{finding(true, lint.Operation{Op: "replace", Path: "/Statement/0/Resource", Value: []string{"x", "y"}})},
			`"*"`, "[\n                \"x\",\n                \"y\"\n            ]",
		},
		{"rename", pretty, []lint.Finding{finding(true, lint.Operation{Op: "move", From: "/Statement/0/Action", Path: "/Statement/0/NotAction"})}, `"Action"`, `"NotAction"`},
		{
			"add behind", pretty,
			[]lint.Finding{finding(true, lint.Operation{Op: "add", Path: "/Statement/0/Condition", Value: map[string]any{"Bool": map[string]any{"k": true}}})},
			`"Resource": "*"`, "\"Resource\": \"*\",   \"Condition\": {\n                \"Bool\": {\n                    \"k\": true\n                }\n            }",
		},
		{"two additions", pretty, []lint.Finding{
			finding(true, lint.Operation{Op: "add", Path: "/Statement/0/Action/-", Value: "d:D"}),
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/2"}),
			finding(true, lint.Operation{Op: "add", Path: "/Statement/0/Action/-", Value: "e:E"}),
		}, `"b:B" , "c:C"`, `"b:B", "d:D", "e:E"`},
		{"additions for all there was", `{"Statement":{"a":1}}`, []lint.Finding{
			finding(true, lint.Operation{Op: "add", Path: "/Statement/b", Value: 2}),
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/a"}),
			finding(true, lint.Operation{Op: "add", Path: "/Statement/c", Value: 3}),
		}, `{"a":1}`, `{"b":2, "c":3}`},
		{"append", pretty, []lint.Finding{finding(true, lint.Operation{Op: "add", Path: "/Statement/0/Action/-", Value: "d:D"})}, `"c:C"`, `"c:C", "d:D"`},
		{
			"add the version first", `{"Statement":{"a/b":1,"m~n":2}}`,
			[]lint.Finding{finding(true, lint.Operation{Op: "add", Path: "/Version", Value: "v"})},
			`{"Statement":`, `{"Version":"v","Statement":`,
		},
		{"escaped pointer", `{"Statement":{"a/b":1,"m~n":2}}`, []lint.Finding{
			finding(true, lint.Operation{Op: "remove", Path: "/Statement/a~1b"}),
			finding(true, lint.Operation{Op: "replace", Path: "/Statement/m~0n", Value: 3}),
		}, `{"a/b":1,"m~n":2}`, `{"m~n":3}`},
		{"add to nothing", `{"Statement":{}}`, []lint.Finding{finding(true, lint.Operation{Op: "add", Path: "/Statement/Effect", Value: "Deny"})}, `{}`, `{"Effect": "Deny"}`},
		{
			"one line", `{"Statement":[{"Effect":"Allow"}]}`,
			[]lint.Finding{finding(true, lint.Operation{Op: "add", Path: "/Statement/0/Condition", Value: map[string]any{"Null": map[string]any{"k": "true", "l": "x,\":"}}})},
			`"Allow"`, `"Allow","Condition":{"Null": {"k": "true", "l": "x,\":"}}`,
		},
		{"unsafe", pretty, []lint.Finding{finding(false, lint.Operation{Op: "remove", Path: "/Statement/0/Sid"})}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, mended, err := lint.Mend([]byte(tc.text), tc.findings, lint.SafeFixes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Replace(tc.text, tc.from, tc.to, 1), string(got)); diff != "" {
				t.Errorf("Mend (-want +got):\n%s", diff)
			}
			if want := len(tc.findings); tc.name != "unsafe" && len(mended) != want {
				t.Errorf("Mend mended %d, want %d", len(mended), want)
			}
		})
	}
}

func TestMendSkipsFixesOfTheSamePlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		second []lint.Operation
	}{
		{"the same", []lint.Operation{{Op: "remove", Path: "/Statement/0/Action"}}},
		{"within", []lint.Operation{{Op: "replace", Path: "/Statement/0/Action/0", Value: "z:Z"}}},
		{"around", []lint.Operation{{Op: "remove", Path: "/Statement/0"}}},
		{"partly", []lint.Operation{{Op: "remove", Path: "/Statement/0/Sid"}, {Op: "remove", Path: "/Statement/0/Action"}}},
		{"added within", []lint.Operation{{Op: "add", Path: "/Statement/0/Action/-", Value: "z:Z"}}},
		{"added twice", []lint.Operation{{Op: "add", Path: "/Id", Value: "x"}, {Op: "add", Path: "/Id", Value: "y"}}},
		{"not there", []lint.Operation{{Op: "remove", Path: "/Statement/1"}}},
		{"through nothing", []lint.Operation{{Op: "add", Path: "/Statement/0/Condition/Bool", Value: 1}}},
		{"there already", []lint.Operation{{Op: "add", Path: "/Statement/0/Sid", Value: "x"}}},
		{"name taken", []lint.Operation{{Op: "move", From: "/Statement/0/Sid", Path: "/Statement/0/Effect"}}},
		{"move elsewhere", []lint.Operation{{Op: "move", From: "/Statement/0/Sid", Path: "/Id"}}},
		{"no pointer", []lint.Operation{{Op: "remove", Path: "Statement"}}},
		{"no operation", []lint.Operation{{Op: "test", Path: "/Statement"}}},
		{"into a string", []lint.Operation{{Op: "remove", Path: "/Version/0"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			first := finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action"})
			alone, _, err := lint.Mend([]byte(pretty), []lint.Finding{first}, lint.AllFixes)
			if err != nil {
				t.Fatal(err)
			}
			got, mended, err := lint.Mend([]byte(pretty), []lint.Finding{first, finding(true, tc.second...)}, lint.AllFixes)
			if err != nil || len(mended) != 1 {
				t.Errorf("Mend mended %d, %v, want the first alone", len(mended), err)
			}
			if diff := cmp.Diff(string(alone), string(got)); diff != "" {
				t.Errorf("Mend (-want +got):\n%s", diff)
			}
		})
	}
	if _, _, err := lint.Mend([]byte("{"), nil, lint.AllFixes); err == nil {
		t.Error("Mend takes what is not JSON")
	}
}

// FuzzMend applies arbitrary patches: what comes out is JSON again.
func FuzzMend(f *testing.F) {
	f.Add(pretty, "remove", "/Statement/0/Action/1", "", `"x"`)
	f.Add(pretty, "move", "/Statement/0/X", "/Statement/0/Action", `{}`)
	f.Add(pretty, "add", "/Id", "", `{"a": [1]}`)
	f.Add(`{"a":[]}`, "add", "/a/-", "", `[]`)
	f.Fuzz(func(t *testing.T, text, op, path, from, value string) {
		if !json.Valid([]byte(text)) || !json.Valid([]byte(value)) || len(text) > 2000 {
			return
		}
		patch := lint.Operation{Op: op, Path: path, From: from, Value: json.RawMessage(value)}
		again := lint.Operation{Op: "remove", Path: path}
		got, mended, err := lint.Mend([]byte(text), []lint.Finding{finding(true, patch), finding(true, again), finding(true, patch)}, lint.SafeFixes)
		if err != nil {
			return // the reader takes less than encoding/json
		}
		if !json.Valid(got) {
			t.Errorf("Mend(%q, %v) = %q, which is not JSON", text, patch, got)
		}
		if len(mended) == 0 && string(got) != text {
			t.Errorf("Mend mended nothing and changed %q to %q", text, got)
		}
	})
}
