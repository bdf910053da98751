package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/account"
	"github.com/berth-project/berth/iam/catalog"
)

// can returns the table of a principal as text.
func can(t *testing.T, s *account.Snapshot, name string, scope account.Scope) []string {
	t.Helper()
	p, ok := s.Principal(name)
	if !ok {
		t.Fatalf("no principal %q", name)
	}
	var all []string
	for _, r := range s.Can(p, scope, catalog.Default()) {
		row := fmt.Sprintf("%s %s (%s) on %s", r.Certainty, r.Action, r.Access, r.Resource)
		for _, x := range r.Except {
			row += ", but for " + x.String()
		}
		for _, n := range r.Needs {
			row += ", " + n.String()
		}
		all = append(all, row)
	}
	return all
}

func TestCan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		files export
		scope account.Scope
		want  []string
	}{
		{
			"actions and the resources they take",
			export{"users/eve.json": user(document(`{"Effect":"Allow","Action":["sqs:Send*","sqs:ListQueues"],"Resource":["arn:aws:sqs:*:*:jobs","*"]}`))},
			account.Scope{},
			[]string{
				"always sqs:ListQueues (Read) on *",
				"always sqs:SendMessage (Write) on arn:*:sqs:*:*:*",
			},
		},
		{
			"given resources",
			export{"users/eve.json": user(document(allow("s3:*", "arn:aws:s3:::media*")))},
			account.Scope{Resources: []string{"arn:aws:s3:::media", "arn:aws:s3:::logs"}, Actions: []string{"s3:ListBucket", "s3:GetBucketPolicy", "s3:GetObject"}},
			[]string{
				"always s3:GetBucketPolicy (Read) on arn:aws:s3:::media",
				"always s3:ListBucket (List) on arn:aws:s3:::media",
			},
		},
		{
			"what a boundary leaves",
			export{
				"users/eve.json":      `{"policies":[` + document(allow("s3:GetObject", "arn:aws:s3:::media/*")) + `],"boundary":"small"}`,
				"policies/small.json": document(allow("s3:*", "arn:aws:s3:::media/public/*")),
			},
			account.Scope{},
			[]string{"always s3:GetObject (Read) on arn:aws:s3:::media/public/*"},
		},
		{
			"a Deny of a part, and of all",
			export{"users/eve.json": user(document(allow("s3:GetObject", "arn:aws:s3:::media/*"), deny("s3:*", "arn:aws:s3:::media/private/*"), allow("s3:PutObject", "*"), deny("s3:PutObject", "*")))},
			account.Scope{},
			[]string{"always s3:GetObject (Read) on arn:aws:s3:::media/*, but for user/eve/policies[0] Statement[1]"},
		},
		{
			"a Deny of all but a part",
			export{"users/eve.json": user(document(allow("s3:GetObject", "*"), `{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::media/*"}`))},
			account.Scope{},
			[]string{"always s3:GetObject (Read) on arn:aws:s3:::media/*"},
		},
		{
			"the principal's own part, and what depends on the call",
			export{"users/eve.json": user(document(allow("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*"), when(allow("s3:PutObject", "arn:aws:s3:::home/*"), `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)))},
			account.Scope{},
			[]string{
				"always s3:GetObject (Read) on arn:aws:s3:::home/eve/*",
				"conditional s3:PutObject (Write) on arn:aws:s3:::home/*, if aws:SourceIp IpAddress 203.0.113.0/24",
			},
		},
		{
			"what a resource grants",
			export{
				"users/eve.json":      user(),
				"resources/jobs.json": `{"arn":"arn:aws:sqs:us-east-1:` + here + `:jobs","policy":` + document(to(aws("arn:aws:iam::"+here+":user/eve"), allow("sqs:SendMessage", "*"))) + `}`,
			},
			account.Scope{Resources: []string{"arn:aws:sqs:us-east-1:" + here + ":jobs"}},
			[]string{"always sqs:SendMessage (Write) on arn:aws:sqs:us-east-1:" + here + ":jobs"},
		},
		{
			"service control policies",
			export{"users/eve.json": user(document(allow("sqs:SendMessage", "*"), allow("sqs:ReceiveMessage", "*"))), "scps/a.json": document(allow("*", "*"), deny("sqs:Send*", "*"))},
			account.Scope{},
			[]string{"always sqs:ReceiveMessage (Read) on arn:*:sqs:*:*:*"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.files["account.json"] = `{"account":"` + here + `"}`
			if diff := cmp.Diff(tc.want, can(t, read(t, tc.files), "user/eve", tc.scope)); diff != "" {
				t.Errorf("Can differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCanIsWhatWhoCanSays asks about rows of the table one by one.
func TestCanIsWhatWhoCanSays(t *testing.T) {
	t.Parallel()
	s := read(t, export{
		here + "/roles/app.json": role(trusts(root(here)), document(allow("sqs:*", "arn:aws:sqs:us-east-1:"+here+":jobs"), deny("sqs:Delete*", "*"))),
		here + "/users/eve.json": user(document(allow("sts:AssumeRole", "*"))),
	})
	queue := "arn:aws:sqs:us-east-1:" + here + ":jobs"
	p, _ := s.Principal("role/app")
	rows := s.Can(p, account.Scope{Resources: []string{queue}}, catalog.Default())
	service, _ := catalog.Default().Service("sqs")
	for _, a := range service.Actions {
		if !a.Takes(queue) {
			continue
		}
		answer, err := s.WhoCan(account.Query{Action: a.FullName(), Resource: queue, MaxLinks: -1})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.ContainsFunc(answer.Grants, func(g account.Grant) bool { return g.Who.ARN == p.ARN })
		got := slices.ContainsFunc(rows, func(r account.Permission) bool { return r.Action == a.FullName() })
		if got != want {
			t.Errorf("Can has %s: %v, WhoCan says %v", a.FullName(), got, want)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := read(t, export{
		here + "/users/eve.json": user(document(allow("sts:AssumeRole", "arn:aws:iam::"+here+":role/a*"))),
		here + "/roles/a.json":   role(trusts(root(here)), document(allow("sts:AssumeRole", "*"))),
		here + "/roles/b.json":   role(when(trusts(aws(roleARN(here, "a"))), `{"StringEquals":{"sts:ExternalId":"x1y2z3w4"}}`)),
		here + "/roles/c.json":   role(trusts(aws("arn:aws:iam::" + here + ":user/joe"))),
	})
	p, _ := s.Principal("user/eve")
	var got []string
	for _, path := range s.Roles(p, iam.Context{}, 0) {
		got = append(got, path.Certainty.String()+": "+path.String())
	}
	want := []string{
		"always: role/a (user/eve/policies[0] Statement[0])",
		"conditional: role/a (user/eve/policies[0] Statement[0]) → role/b (trust of role/b Statement[0]); if sts:ExternalId StringEquals x1y2z3w4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Roles differs (-want +got):\n%s", diff)
	}
	if short := s.Roles(p, iam.Context{}, 1); len(short) != 1 || !strings.HasSuffix(short[0].Role, "/a") {
		t.Errorf("Roles of one link = %v, want role/a", short)
	}
}
