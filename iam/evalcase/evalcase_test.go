package evalcase_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/berth-project/berth/iam/evalcase"
)

// TestRecordedDecisions runs the corpus of documented decisions, and the cases
// on which evaluators disagree.
func TestRecordedDecisions(t *testing.T) {
	t.Parallel()
	for file, recorded := range map[string]int{"eval-cases.json": 209, "disputed-cases.json": 27} {
		text, err := os.ReadFile("../testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		suite, err := evalcase.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(suite.Cases) != recorded {
			t.Fatalf("%s: %d cases, want %d", file, len(suite.Cases), recorded)
		}
		runRecorded(t, suite)
	}
}

func runRecorded(t *testing.T, suite *evalcase.Suite) {
	t.Helper()
	for i := range suite.Cases {
		c := &suite.Cases[i]
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			r := c.Run()
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			for _, d := range r.Differences {
				t.Errorf("%s (%s): %s\n%s", c.Title, c.Confidence, d, r.Explanation)
			}
			if d := c.Policies.Decide(&c.Request); d.Outcome.String() != r.Decision || string(d.Reason) != r.Reason {
				t.Errorf("Decide = %s (%s), Explain = %s (%s)", d.Outcome, d.Reason, r.Decision, r.Reason)
			}
		})
	}
}

// allowed is a case that passes; edit replaces a part of it.
func allowed(edit ...string) string {
	text := `{"id": "c1", "title": "reads", "confidence": "high",
		"request": {"principal": {"type": "user", "arn": "arn:aws:iam::111122223333:user/dev", "account": "111122223333"},
			"action": "s3:GetObject", "resource": "arn:aws:s3:::data/x", "resourceAccount": "111122223333",
			"context": {"aws:username": "dev", "aws:TagKeys": ["a", "b"]}},
		"policies": {"identity": [{"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}]},
		"expect": {"decision": "Allow", "reason": "allow-identity", "decidingStatement": {"policy": "identity[0]", "index": 0, "sid": "Read"}}}`
	return strings.NewReplacer(edit...).Replace(text)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit []string
		want string
	}{
		"none":             {nil, ""},
		"decision":         {[]string{`"decision": "Allow"`, `"decision": "ImplicitDeny"`}, "decision is Allow, want ImplicitDeny"},
		"reason":           {[]string{`"reason": "allow-identity"`, `"reason": "allow-resource"`}, "reason is allow-identity, want allow-resource"},
		"no reason asked":  {[]string{`"reason": "allow-identity", `, ``}, ""},
		"sid":              {[]string{`"sid": "Read"}}`, `"sid": "Write"}}`}, `identity[0], statement 0 "Write" is not among the deciding statements: identity[0] 0 "Read"`},
		"policy":           {[]string{`"policy": "identity[0]"`, `"policy": "resource"`}, "resource, statement 0"},
		"index":            {[]string{`"index": 0`, `"index": 1`}, "identity[0], statement 1"},
		"near miss":        {[]string{`"decidingStatement": {"policy": "identity[0]", "index": 0, "sid": "Read"}`, `"nearMiss": {"policy": "identity[0]", "index": 0, "element": "Action"}`}, "statement 0 failing in Action is not among the near misses: there are none"},
		"context complete": {[]string{`"Resource": "*"`, `"Resource": "*", "Condition": {"Null": {"aws:PrincipalArn": "false"}}`}, "decision is ImplicitDeny"},
		"multi value": {
			[]string{`"Resource": "*"`, `"Resource": "*", "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}`, `"decidingStatement": {"policy": "identity[0]", "index": 0, "sid": "Read"}`, `"nearMiss": {"policy": "identity[0]", "index": 0, "element": "Condition", "key": "aws:TagKeys", "operator": "ForAnyValue:StringEquals"}`},
			"identity[0] 0 Condition ForAllValues:StringEquals aws:TagKeys",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c1 := evalcase.ParseCase([]byte(allowed(c.edit...)))
			r := c1.Run()
			if r.Error != "" || r.ID != "c1" {
				t.Fatalf("%s: %s", r.ID, r.Error)
			}
			got := strings.Join(r.Differences, "\n")
			if r.Pass != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("pass = %v, differences %q, want %q", r.Pass, got, c.want)
			}
		})
	}
}

// TestBrokenCasesSpareTheOthers says which case is broken and runs the rest.
func TestBrokenCasesSpareTheOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, broken, want string }{
		"principal type":   {`"type": "user"`, `"type": "person"`, `case c1: principal type "person" is not known`},
		"no action":        {`"action": "s3:GetObject", `, ``, "case c1: request has no action or no resource"},
		"context value":    {`"aws:username": "dev"`, `"aws:username": 7`, "case c1: context key aws:username is 7"},
		"context twice":    {`"aws:username": "dev"`, `"AWS:UserName": "eve", "aws:username": "dev"`, "case c1: context key aws:username is there in two spellings"},
		"context null":     {`"aws:username": "dev"`, `"aws:username": null`, "case c1: context key aws:username is null"},
		"policy":           {`"Effect": "Allow"`, `"Effect": "allow"`, "case c1: policy identity[0]: 1:"},
		"decision":         {`"decision": "Allow"`, `"decision": "Yes"`, `case c1: expect.decision "Yes" is not known`},
		"unknown member":   {`"policies"`, `"polices": 1, "policies"`, `unknown field "polices"`},
		"type of a member": {`"identity": [`, `"boundary": [`, "case c1: policy boundary: "},
		"principal":        {`{"type": "user", "arn": "arn:aws:iam::111122223333:user/dev", "account": "111122223333"}`, `"somebody"`, `case c1: `},
		"no principal":     {`"principal": {"type": "user", "arn": "arn:aws:iam::111122223333:user/dev", "account": "111122223333"},`, ``, `case c1: principal type "" is not known`},
		"of the principal": {`"type": "user"`, `"kind": "user"`, `case c1: principal: json: unknown field "kind"`},
		"name of a file":   {`"identity": [`, `"boundary": "limit.json", "identity": [`, `"limit.json" is the name of a file, and files are not read here`},
		"resource type":    {`"expect"`, `"options": {"resourceType": "queue"}, "expect"`, `case c1: resourceType "queue" is not known`},
	} {
		file := fmt.Sprintf(`{"format": %q, "cases": [%s, %s, 7]}`, evalcase.Format,
			allowed(c.old, c.broken), allowed(`"c1"`, `"c2"`))
		suite, err := evalcase.Parse([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		if r := suite.Cases[0].Run(); !strings.Contains(r.Error, c.want) || r.Pass {
			t.Errorf("%s: pass = %v, error %q, want %q", name, r.Pass, r.Error, c.want)
		}
		if r := suite.Cases[1].Run(); !r.Pass || r.ID != "c2" {
			t.Errorf("%s: the other case: %+v", name, r)
		}
		if r := suite.Cases[2].Run(); r.Error == "" || r.ID != "cases[2]" {
			t.Errorf("%s: the case that is a number: %+v", name, r)
		}
	}
}

// TestCasesNamePoliciesByFile decides with files beside the cases, and with none
// that are elsewhere.
func TestCasesNamePoliciesByFile(t *testing.T) {
	t.Parallel()
	policy := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"}}`)
	files := fstest.MapFS{
		"policies/web.json": {Data: policy},
		"long.json":         {Data: append(bytes.Repeat([]byte(" "), 1<<20), policy...)},
	}
	for file, want := range map[string]string{
		"policies/web.json":   "",
		"policies/none.json":  "policies/none.json: file does not exist",
		"../secret.json":      `"../secret.json" is not the name of a file beside the cases or below`,
		"/etc/policy.json":    "is not the name of a file beside the cases or below",
		"./policies/web.json": "is not the name of a file beside the cases or below",
		"policies":            "policies",
		"long.json":           "long.json is longer than 1048576 bytes",
	} {
		suite, err := evalcase.ParseFiles([]byte(`{"format": "iam-eval-cases/1", "cases": [{"id": "c1",
			"request": {"principal": "arn:aws:sts::111122223333:assumed-role/web/i-1", "action": "sqs:SendMessage", "resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"},
			"policies": {"identity": ["`+file+`"]}, "expect": {"decision": "Allow", "reason": "allow-identity"}}]}`), files)
		if err != nil {
			t.Fatal(err)
		}
		r := suite.Cases[0].Run()
		if r.Pass != (want == "") || !strings.Contains(r.Error, want) {
			t.Errorf("policy %s: pass = %v, differences %q, error %q; want error %q", file, r.Pass, r.Differences, r.Error, want)
		}
	}
}

// TestTheAccountOfTheResource is said, else that of its ARN, else the caller's.
func TestTheAccountOfTheResource(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ resource, account, want string }{
		{"arn:aws:s3:::data/x", "444455556666", "444455556666"},
		{"arn:aws:sqs:eu-west-1:444455556666:jobs", "", "444455556666"},
		{"arn:aws:s3:::data/x", "", "111122223333"},
		{"*", "", "111122223333"},
	} {
		c := evalcase.ParseCase([]byte(fmt.Sprintf(`{"id": "c", "request": {"principal": "arn:aws:iam::111122223333:user/dev", "action": "s3:GetObject",
			"resource": %q, "resourceAccount": %q}, "expect": {"decision": "Allow"}}`, tc.resource, tc.account)))
		if c.Err != nil || c.Request.ResourceAccount != tc.want {
			t.Errorf("account of %s (%q) = %q, %v, want %q", tc.resource, tc.account, c.Request.ResourceAccount, c.Err, tc.want)
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                      "cases: EOF",
		`{"cases": [`:           "cases: unexpected EOF",
		`[]`:                    "cases: json: cannot unmarshal array",
		`{"format": "other/1"}`: `cases: format "other/1" is not known`,
		`{"format": "iam-eval-cases/1", "cases": []} x`:  "text goes on behind the value",
		`{"format": "iam-eval-cases/1", "cases": {}}`:    "cannot unmarshal object",
		`{"format": "iam-eval-cases/1", "examples": []}`: `unknown field "examples"`,
	} {
		if _, err := evalcase.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q", text, err, want)
		}
	}
}

// TestResultJSON is what other programs read.
func TestResultJSON(t *testing.T) {
	t.Parallel()
	c := evalcase.ParseCase([]byte(allowed()))
	got, err := json.Marshal(c.Run())
	const want = `{"id":"c1","title":"reads","confidence":"high","decision":"Allow","reason":"allow-identity","pass":true}`
	if err != nil || string(got) != want {
		t.Errorf("result = %s, %v\nwant     %s", got, err, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format": "iam-eval-cases/1", "cases": [` + allowed() + `]}`))
	f.Add([]byte(`{"format": "iam-eval-cases/1", "cases": [{"id": "x", "policies": {"session": [null], "scps": [[], null]}}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		suite, err := evalcase.Parse(text)
		if err != nil {
			return
		}
		for i := range suite.Cases {
			suite.Cases[i].Run()
		}
	})
}

func ExampleParse() {
	suite, err := evalcase.Parse([]byte(`{
		"format": "iam-eval-cases/1",
		"cases": [{
			"id": "everyone-reads-the-site",
			"request": {"principal": {"type": "anonymous"}, "action": "s3:GetObject", "resource": "arn:aws:s3:::site/index.html"},
			"policies": {"resource": {"Version": "2012-10-17", "Statement": {
				"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/public/*"}}},
			"expect": {"decision": "Allow"}
		}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range suite.Cases {
		r := c.Run()
		fmt.Println(r.ID, r.Pass, r.Differences)
	}
	// Output:
	// everyone-reads-the-site false [decision is ImplicitDeny, want Allow]
}
