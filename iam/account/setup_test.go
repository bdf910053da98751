package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/account"
)

const (
	here  = "210987654321"
	there = "321098765432"
	media = "arn:aws:s3:::media/1.jpg"
)

// export is files in the layout of the package.
type export map[string]string

// read returns the snapshot of an export that has no problems.
func read(t testing.TB, e export) *account.Snapshot {
	t.Helper()
	files := map[string][]byte{}
	for name, text := range e {
		files[name] = []byte(text)
	}
	s, problems := account.Read(files)
	if len(problems) > 0 {
		t.Fatalf("Read: %v", problems)
	}
	return s
}

// document is a policy of statements.
func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func allow(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource)
}

func deny(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":%q}`, action, resource)
}

// when adds a condition to a statement.
func when(statement, condition string) string {
	return strings.TrimSuffix(statement, "}") + `,"Condition":` + condition + `}`
}

// to adds a principal to a statement.
func to(principal, statement string) string {
	return strings.TrimSuffix(statement, "}") + `,"Principal":` + principal + `}`
}

// trusts is a statement of a trust policy.
func trusts(principal string) string {
	action := `"sts:AssumeRole"`
	switch {
	case strings.Contains(principal, "saml-provider"):
		action = `"sts:AssumeRoleWithSAML"`
	case strings.Contains(principal, "Federated"):
		action = `"sts:AssumeRoleWithWebIdentity"`
	}
	return `{"Effect":"Allow","Principal":` + principal + `,"Action":` + action + `}`
}

func aws(who string) string { return `{"AWS":"` + who + `"}` }

func root(id string) string { return aws("arn:aws:iam::" + id + ":root") }

func roleARN(id, name string) string { return "arn:aws:iam::" + id + ":role/" + name }

// role is a file of roles: whom it trusts, and its policies.
func role(trust string, policies ...string) string {
	return `{"trust":` + document(trust) + `,"policies":[` + strings.Join(policies, ",") + `]}`
}

func user(policies ...string) string { return `{"policies":[` + strings.Join(policies, ",") + `]}` }

func named(name string) string { return `"` + name + `"` }

// whoCan answers a question that has an answer, without the root users, as text.
func whoCan(t testing.TB, s *account.Snapshot, q account.Query) []string {
	t.Helper()
	a, err := s.WhoCan(q)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, g := range a.Grants {
		if g.Who.Kind != iam.Root || g.Who.Outside {
			all = append(all, g.Certainty.String()+": "+g.String())
		}
	}
	return all
}

func reading(resource string) account.Query {
	return account.Query{Action: "s3:GetObject", Resource: resource}
}
