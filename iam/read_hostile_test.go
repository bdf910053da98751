package iam_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
)

func TestReadOfHostileDocuments(t *testing.T) {
	t.Parallel()
	statement := func(element string) string {
		return `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",` + element + `}}`
	}
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":              {"", "JSON_SYNTAX_ERROR"},
		"NUL":                  {"\x00", "JSON_SYNTAX_ERROR"},
		"NUL in a string":      {statement("\"Sid\":\"a\x00\""), "JSON_SYNTAX_ERROR"},
		"escaped NUL":          {statement(`"Sid":"a\u0000"`), "UNSUPPORTED_SID"},
		"not UTF-8":            {statement("\"Sid\":\"\xc0\xaf\""), "JSON_SYNTAX_ERROR"},
		"encoded not UTF-8":    {"%7B%22%C0%AF", "JSON_SYNTAX_ERROR"},
		"half a pair":          {statement(`"Sid":"\ud83d"`), "JSON_SYNTAX_ERROR"},
		"deep lists":           {strings.Repeat("[", 1e6), "JSON_SYNTAX_ERROR"},
		"deep objects":         {strings.Repeat(`{"Statement":`, 7e4), "JSON_SYNTAX_ERROR"},
		"deep in a condition":  {statement(`"Condition":` + strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60)), "INVALID_CONDITION_OPERATOR"},
		"a long string":        {statement(`"Sid":"` + strings.Repeat("a", 1e6) + `"`), ""},
		"too long a text":      {statement(`"Sid":"` + strings.Repeat("a", 1<<20) + `"`), "JSON_SYNTAX_ERROR"},
		"too long and encoded": {strings.Repeat("%20", 1<<20+1), "JSON_SYNTAX_ERROR"},
		"a long list":          {statement(`"Condition":{"StringEquals":{"a:b":[` + strings.Repeat(`"",`, 9e4) + `""]}}`), ""},
		"too long a list":      {statement(`"Condition":{"StringEquals":{"a:b":[` + strings.Repeat(`0,`, 1e5) + `0]}}`), "JSON_SYNTAX_ERROR"},
		"many variables":       {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("${", 4e5) + `"}}`, "MISSING_BRACE_IN_VARIABLE"},
		"open quotes":          {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("${a,'", 2e5) + `"}}`, "MISSING_BRACE_IN_VARIABLE"},
		"a number like no other": {
			statement(`"Condition":{"NumericEquals":{"a:b":1e999999999}}`), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, problems := iam.Read([]byte(tc.text), iam.ParseOptions{})
			if p == nil {
				t.Fatal("Read returned no policy")
			}
			var got string
			if len(problems) > 0 {
				got = problems[0].Code
			}
			if got != tc.want {
				t.Errorf("first problem = %q, want %q", got, tc.want)
			}
			for _, problem := range problems {
				if len(problem.Message)+len(problem.Help) > 1000 {
					t.Errorf("a problem is described in %d bytes", len(problem.Message)+len(problem.Help))
				}
			}
		})
	}
}

// TestReadOfManyNames reads objects in which each name has to be compared with
// all others, and with those that exist.
func TestReadOfManyNames(t *testing.T) {
	t.Parallel()
	var names strings.Builder
	for i := range 90_000 {
		fmt.Fprintf(&names, `"a%d":0,`, i)
	}
	for _, tc := range []struct{ name, before, after string }{
		{"of the document", `{`, `"A89999":0}`},
		{"of a statement", `{"Statement":[{`, `"A89999":0}]}`},
		{"of a principal", `{"Statement":[{"Principal":{`, `"A89999":0}}]}`},
		{"of operators", `{"Statement":[{"Condition":{`, `"A89999":0}}]}`},
		{"of condition keys", `{"Statement":[{"Condition":{"Bool":{`, `"A89999":0}}}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, problems := iam.Read([]byte(tc.before+names.String()+tc.after), iam.ParseOptions{Kind: iam.ResourcePolicy})
			if len(problems) < 1000 {
				t.Errorf("Read reports %d problems, want as many as there can be", len(problems))
			}
		})
	}
}

func TestDuplicatesInLargeObjects(t *testing.T) {
	t.Parallel()
	var keys strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&keys, `"a:k%d":"",`, i)
	}
	text := `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{` + keys.String() + `"a:k7":"","A:K999":""}}}}`
	_, err := iam.Parse([]byte(text), iam.ParseOptions{Lenient: true})
	problems, _ := errors.AsType[iam.Problems](err)
	var codes []string
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	if want := []string{"DUPLICATE_KEYS", "DUPLICATE_KEYS_WITH_DIFFERENT_CASE"}; !slices.Equal(codes, want) {
		t.Errorf("Parse = %.400v, want %v", err, want)
	}
}

func TestReadStopsReporting(t *testing.T) {
	t.Parallel()
	actions := strings.Repeat(`"x",`, 5000) + `"x"`
	_, problems := iam.Read([]byte(`{"Statement":{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"}}`), iam.ParseOptions{})
	if n := len(problems); n != 1001 {
		t.Errorf("Read reports %d problems, want 1000 and one more that says so", n)
	}
	if last := problems[len(problems)-1]; last.Code != "TOO_MANY_PROBLEMS" || !last.Tolerated {
		t.Errorf("the last problem is %+v", last)
	}
	// What no reader tolerates is not lost behind what it does.
	text := `{"Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"},{"Effect":"allow","Action":"*","Resource":"*"}]}`
	_, err := iam.Parse([]byte(text), iam.ParseOptions{Lenient: true})
	if err == nil || !strings.Contains(err.Error(), "INVALID_EFFECT") {
		t.Errorf("lenient Parse = %.200v, want INVALID_EFFECT", err)
	}
}
