package iam_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

const federated = `{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Principal": {"Federated": ["arn:aws:iam::111122223333:oidc-provider/oidc.example.com"]},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {
      "StringEquals": {"oidc.example.com:aud": "sts.amazonaws.com"},
      "StringLike": {
        "oidc.example.com": "shadow",
        "oidc.example.com:sub": ["repo:a/*", "repo:b/*"],
        "x/y~z:[0].k": ["é", "end"]
      }
    }
  }
}`

func TestPathsLeadIntoTheText(t *testing.T) {
	t.Parallel()
	p := mustParse(t, federated, iam.ParseOptions{Kind: iam.TrustPolicy, Lenient: true})
	for _, tc := range []struct{ path, value, key, pointer string }{
		{"$", federated, "", ""},
		{"Version", `"2012-10-17"`, `"Version"`, "/Version"},
		{"Statement[0].Effect", `"Allow"`, `"Effect"`, "/Statement/Effect"},
		{"Statement[0].Principal.Federated[0]", `"arn:aws:iam::111122223333:oidc-provider/oidc.example.com"`, "", "/Statement/Principal/Federated/0"},
		{"Statement[0].Action", `"sts:AssumeRoleWithWebIdentity"`, `"Action"`, "/Statement/Action"},
		{"Statement[0].Action[0]", `"sts:AssumeRoleWithWebIdentity"`, `"Action"`, "/Statement/Action"},
		{"Statement[0].Condition.StringEquals.oidc.example.com:aud", `"sts.amazonaws.com"`, `"oidc.example.com:aud"`, "/Statement/Condition/StringEquals/oidc.example.com:aud"},
		{"Statement[0].Condition.StringLike.oidc.example.com", `"shadow"`, `"oidc.example.com"`, "/Statement/Condition/StringLike/oidc.example.com"},
		{"Statement[0].Condition.StringLike.oidc.example.com:sub", `["repo:a/*", "repo:b/*"]`, `"oidc.example.com:sub"`, "/Statement/Condition/StringLike/oidc.example.com:sub"},
		{"Statement[0].Condition.StringLike.oidc.example.com:sub[1]", `"repo:b/*"`, "", "/Statement/Condition/StringLike/oidc.example.com:sub/1"},
		{"Statement[0].Condition.StringLike.x/y~z:[0].k[1]", `"end"`, "", "/Statement/Condition/StringLike/x~1y~0z:[0].k/1"},
	} {
		span, ok := p.Span(tc.path)
		if got := p.Text()[span.Start.Offset:span.End.Offset]; !ok || got != tc.value {
			t.Errorf("Span(%q) = %t, is %q, want %q", tc.path, ok, got, tc.value)
		}
		key, ok := p.KeySpan(tc.path)
		if got := p.Text()[key.Start.Offset:key.End.Offset]; ok != (tc.key != "") || got != tc.key {
			t.Errorf("KeySpan(%q) = %t, is %q, want %q", tc.path, ok, got, tc.key)
		}
		if got, ok := p.Pointer(tc.path); !ok || got != tc.pointer {
			t.Errorf("Pointer(%q) = %q, %t, want %q", tc.path, got, ok, tc.pointer)
		}
	}
}

func TestPathsToWhatIsNotThere(t *testing.T) {
	t.Parallel()
	p := mustParse(t, federated, iam.ParseOptions{Kind: iam.TrustPolicy, Lenient: true})
	for _, path := range []string{
		"", "$.Version", "Id", "Statement[1]", "Statement[-1]", "Statement[]", "Statement[0", "Statement[x]", "Statement[0][0]",
		"Statement[99999999999999999999]", "Statement[0].Principal.Federated[1]", "Statement[0].Effect.x", "Statement[0].Conditio",
		"Statement[0].Condition.StringEquals.oidc", "Statement[0].Condition.StringLike.oidc.example.com:sub[2]",
	} {
		if span, ok := p.Span(path); ok {
			t.Errorf("Span(%q) = %v, want none", path, span)
		}
		if _, ok := p.KeySpan(path); ok {
			t.Errorf("KeySpan(%q): want none", path)
		}
		if pointer, ok := p.Pointer(path); ok {
			t.Errorf("Pointer(%q) = %q, want none", path, pointer)
		}
	}
	made := &iam.Policy{Statements: []iam.Statement{{}}}
	if _, ok := made.Span("Statement[0]"); ok || made.Text() != "" {
		t.Error("a policy made in code has a text")
	}
}

// TestPathsAndPointersAgreeWithThePolicy looks every value of a policy up under
// the path the policy gives it.
func TestPathsAndPointersAgreeWithThePolicy(t *testing.T) {
	t.Parallel()
	for _, text := range []string{federated, unsorted, rolePolicy, strings.ReplaceAll(unsorted, "Action", "NotAction")} {
		p, err := iam.Parse([]byte(text), iam.ParseOptions{Kind: iam.ResourcePolicy, Lenient: true})
		if err != nil {
			p = mustParse(t, text, iam.ParseOptions{})
		}
		document := asValue(t, []byte(text))
		check := func(path, want string) {
			pointer, ok := p.Pointer(path)
			if !ok {
				t.Errorf("Pointer(%q): not found", path)
				return
			}
			if diff := cmp.Diff(want, valueText(followPointer(document, pointer))); diff != "" {
				t.Errorf("%s at %s (-policy +document):\n%s", path, pointer, diff)
			}
		}
		for i := range p.Statements {
			s := &p.Statements[i]
			for j, v := range s.Actions.Values {
				check(p.ActionPath(i, j), v)
			}
			for j, v := range s.Resources.Values {
				check(p.ResourcePath(i, j), v)
			}
			if s.Principals != nil {
				for e, entry := range s.Principals.Entries {
					for j, v := range entry.Values {
						check(p.PrincipalPath(i, e, j), v)
					}
				}
			}
			for c, cond := range s.Conditions {
				for j, v := range cond.Values {
					check(p.ConditionPath(i, c, j), v.Text)
				}
			}
		}
	}
}

// followPointer follows a JSON Pointer as RFC 6901 says.
func followPointer(v any, pointer string) any {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch at := v.(type) {
		case map[string]any:
			v = at[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		}
	}
	return v
}

func valueText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestTextOfAnEncodedDocumentIsDecoded(t *testing.T) {
	t.Parallel()
	const encoded = " %7B%22Statement%22%3a%7B%22Effect%22:%22Allow%22,%22Action%22:%22s3:Get%2a%22,%22Resource%22:%22arn:aws:s3:::a+b/%C3%A9%22%7D%7D\n"
	p := mustParse(t, encoded, iam.ParseOptions{})
	const want = " {\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"arn:aws:s3:::a+b/é\"}}\n"
	if p.Text() != want {
		t.Errorf("Text = %q, want %q", p.Text(), want)
	}
	span, ok := p.Span("Statement[0].Action")
	if got := want[span.Start.Offset:span.End.Offset]; !ok || got != `"s3:Get*"` {
		t.Errorf("Span = %q, %t", got, ok)
	}
}
