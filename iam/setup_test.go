package iam_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
)

// parsed compiles a document of a kind.
func parsed(t testing.TB, kind iam.Kind, text string) *iam.Compiled {
	t.Helper()
	p, err := iam.Parse([]byte(text), iam.ParseOptions{Kind: kind})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return iam.Compile(p)
}

// identity returns a set with one identity policy of one statement.
func identity(t testing.TB, statement string) *iam.PolicySet {
	t.Helper()
	return &iam.PolicySet{Identity: []*iam.Compiled{parsed(t, iam.IdentityPolicy, `{"Version": "2012-10-17", "Statement": `+statement+`}`)}}
}

// user returns a request of a user for an object of its account.
func user(context map[string]string) *iam.Request {
	return &iam.Request{
		Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/dev", Account: "111122223333"},
		Action:    "s3:GetObject", Resource: "arn:aws:s3:::data/x", ResourceAccount: "111122223333",
		Context: iam.NewContext(context),
	}
}

// statement returns a policy in code with one statement that allows or denies
// everything, save for what edit changes.
func statement(effect iam.Effect, edit func(s *iam.Statement)) *iam.Compiled {
	s := iam.Statement{
		Effect: effect, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{"*"}},
	}
	if edit != nil {
		edit(&s)
	}
	return iam.Compile(&iam.Policy{Version: iam.Version2012, Statements: []iam.Statement{s}})
}

var long = strings.Repeat("x", 3000)
