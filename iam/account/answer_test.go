package account_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/account"
)

func TestAllowedLeavesOutWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := read(t, export{
		here + "/users/eve.json": user(document(allow("s3:GetObject", "*"))),
		here + "/users/joe.json": user(document(when(allow("s3:GetObject", "*"), `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`))),
	})
	a, err := s.WhoCan(reading(media))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range a.Allowed() {
		if g.Certainty == account.Conditional {
			t.Errorf("Allowed has %s, which is open", g)
		}
	}
	if len(a.Allowed()) != len(a.Grants)-1 {
		t.Errorf("Allowed = %v of %v, want all but one", a.Allowed(), a.Grants)
	}
}

func TestAnswersAsJSON(t *testing.T) {
	t.Parallel()
	s := read(t, export{here + "/users/eve.json": user(document(when(allow("s3:GetObject", "*"), `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)))})
	a, err := s.WhoCan(reading(media))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(a.Grants[len(a.Grants)-1])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"who":{"kind":"user","arn":"arn:aws:iam::210987654321:user/eve","account":"210987654321"},"certainty":"conditional",` +
		`"by":{"layer":"identity","policy":"user/eve/policies[0]","index":0},"reason":"allow-identity",` +
		`"needs":[{"by":{"layer":"identity","policy":"user/eve/policies[0]","index":0},"conditions":["aws:SourceIp IpAddress 203.0.113.0/24"]}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON differs (-want +got):\n%s", diff)
	}
}

// TestNeedsOfEveryLayer asks for what each kind of policy may leave open.
func TestNeedsOfEveryLayer(t *testing.T) {
	t.Parallel()
	const open = `{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`
	all := document(allow("*", "*"))
	for _, tc := range []struct {
		name  string
		files export
		want  string
	}{
		{"an SCP", export{"scps/a.json": document(allow("*", "*"), when(deny("s3:*", "*"), open))}, "as-asked: user/eve → user/eve/policies[0] Statement[0]; unless aws:SourceVpc StringEquals vpc-1"},
		{"an RCP", export{"rcps/a.json": document(when(to(`"*"`, deny("s3:*", "*")), open))}, "as-asked: user/eve → user/eve/policies[0] Statement[0]; unless aws:SourceVpc StringEquals vpc-1"},
		{"an RCP that denies", export{"rcps/a.json": document(to(`"*"`, deny("s3:*", "*")))}, ""},
		{"a boundary", export{"users/eve.json": `{"policies":[` + all + `],"boundary":"b"}`, "policies/b.json": document(when(allow("s3:*", "*"), open))}, "conditional: user/eve → user/eve/policies[0] Statement[0]; if aws:SourceVpc StringEquals vpc-1"},
		{"a resource", export{"users/eve.json": user(document(allow("s3:*", "arn:aws:s3:::media/${aws:SourceVpc}*")))}, "conditional: user/eve → user/eve/policies[0] Statement[0]; if Resource is arn:aws:s3:::media/${aws:SourceVpc}*"},
		{"all but a resource", export{"users/eve.json": user(document(allow("s3:*", "*"), `{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::media/${aws:SourceVpc}"}`))}, "conditional: user/eve → user/eve/policies[0] Statement[0]; unless NotResource is arn:aws:s3:::media/${aws:SourceVpc}"},
	} {
		e := export{"account.json": `{"account":"` + here + `"}`, "users/eve.json": user(all)}
		for name, text := range tc.files {
			e[name] = text
		}
		if got := strings.Join(whoCan(t, read(t, e), reading(media)), "\n"); got != tc.want {
			t.Errorf("%s: WhoCan = %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestFilesAboutOneRoleAreAdded reads a role from two files: what one of them
// does not say, the other does.
func TestFilesAboutOneRoleAreAdded(t *testing.T) {
	t.Parallel()
	arn := roleARN(here, "app")
	s := read(t, export{
		"1.json": `{"RoleDetailList":[{"Arn":"` + arn + `","RoleId":"AROA1","AssumeRolePolicyDocument":` + document(trusts(root(here))) + `,"Tags":[{"Key":"team","Value":"blue"}],
			"RolePolicyList":[{"PolicyName":"a","PolicyDocument":` + document(allow("s3:GetObject", "*")) + `}],"MaxSessionDuration":7200}]}`,
		here + "/roles/app.json":  `{"trust":` + document(trusts(root(here))) + `,"policies":[` + document(allow("sqs:SendMessage", "*")) + `],"boundary":"b"}`,
		here + "/policies/b.json": `{"arn":"arn:aws:iam::` + here + `:policy/b","document":` + document(allow("*", "*")) + `}`,
	})
	want := []string{`arn:aws:iam::210987654321:role/app role/app AROA1 210987654321 groups [] tags map[team:blue] policies ["role/app/a: s3:GetObject" "role/app/policies[0]: sqs:SendMessage"] boundary "policy/b" session 7200 missing []`}
	if diff := cmp.Diff(want, lines(s)); diff != "" {
		t.Errorf("role differs (-want +got):\n%s", diff)
	}
}
