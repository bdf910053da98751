package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/account"
)

// details is the output of get-account-authorization-details for the account
// that written has.
const details = `{
  "UserDetailList": [
    {"Path": "/", "UserName": "eve", "UserId": "AIDA1", "Arn": "arn:aws:iam::210987654321:user/eve", "GroupList": ["ops"],
     "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3ASendMessage%22%2C%22Resource%22%3A%22%2A%22%7D%7D"}],
     "AttachedManagedPolicies": [], "Tags": [{"Key": "team", "Value": "blue"}]}
  ],
  "GroupDetailList": [
    {"Path": "/", "GroupName": "ops", "GroupId": "AGPA1", "Arn": "arn:aws:iam::210987654321:group/ops", "GroupPolicyList": [],
     "AttachedManagedPolicies": [{"PolicyName": "read", "PolicyArn": "arn:aws:iam::210987654321:policy/team/read"}]}
  ],
  "RoleDetailList": [
    {"Path": "/svc/", "RoleName": "app", "RoleId": "AROA1", "Arn": "arn:aws:iam::210987654321:role/svc/app",
     "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
     "RolePolicyList": [], "AttachedManagedPolicies": [{"PolicyName": "read", "PolicyArn": "arn:aws:iam::210987654321:policy/team/read"}],
     "PermissionsBoundary": {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": "arn:aws:iam::210987654321:policy/team/read"},
     "MaxSessionDuration": 7200}
  ],
  "Policies": [
    {"PolicyName": "read", "PolicyId": "ANPA1", "Arn": "arn:aws:iam::210987654321:policy/team/read", "DefaultVersionId": "v2", "PolicyVersionList": [
      {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}},
      {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}
    ]}
  ],
  "IsTruncated": false
}`

var written = export{
	here + "/users/eve.json":          `{"id":"AIDA1","groups":["ops"],"policies":[{"name":"own","document":` + document(allow("sqs:SendMessage", "*")) + `}],"tags":{"team":"blue"}}`,
	here + "/groups/ops.json":         `{"policies":["team/read"]}`,
	here + "/roles/svc/app.json":      `{"id":"AROA1","trust":` + document(trusts(`{"Service":"ec2.amazonaws.com"}`)) + `,"policies":["team/read"],"boundary":"team/read","maxSessionDuration":7200}`,
	here + "/policies/team/read.json": document(allow("s3:GetObject", "*")),
}

// line is a principal in one line.
func line(p *account.Principal) string {
	var policies []string
	for _, c := range p.Policies {
		policies = append(policies, fmt.Sprintf("%s: %s", c.Name(), c.Policy().Statements[0].Actions.Values[0]))
	}
	boundary := ""
	if p.Boundary != nil {
		boundary = p.Boundary.Name()
	}
	return fmt.Sprintf("%s %s %s %s groups %v tags %v policies %q boundary %q session %d missing %v",
		p.ARN, p, p.ID, p.Account, p.Groups, p.Tags, policies, boundary, p.MaxSessionSeconds, p.Missing)
}

func lines(s *account.Snapshot) []string {
	var all []string
	for _, p := range s.Principals() {
		all = append(all, line(p))
	}
	return all
}

func TestDetailsAndLayoutSayTheSame(t *testing.T) {
	t.Parallel()
	want := []string{
		`arn:aws:iam::210987654321:role/svc/app role/app AROA1 210987654321 groups [] tags map[] policies ["policy/read: s3:GetObject"] boundary "policy/read" session 7200 missing []`,
		`arn:aws:iam::210987654321:user/eve user/eve AIDA1 210987654321 groups [ops] tags map[team:blue] policies ["user/eve/own: sqs:SendMessage" "policy/read: s3:GetObject"] boundary "" session 0 missing []`,
	}
	if diff := cmp.Diff(want, lines(read(t, export{"dump.json": details}))); diff != "" {
		t.Errorf("details differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, lines(read(t, written))); diff != "" {
		t.Errorf("layout differs (-want +got):\n%s", diff)
	}
}

func TestOutputsOfOtherCommandsAreAdded(t *testing.T) {
	t.Parallel()
	s := read(t, export{
		"role.json":   `{"Role":{"RoleName":"app","Arn":"arn:aws:iam::210987654321:role/app","AssumeRolePolicyDocument":` + document(trusts(root(here))) + `}}`,
		"policy.json": `{"RoleName":"app","PolicyName":"media","PolicyDocument":` + document(allow("s3:GetObject", "*")) + `}`,
		"roles.json":  `{"Roles":[{"RoleName":"two","Arn":"arn:aws:iam::210987654321:role/two","AssumeRolePolicyDocument":` + document(trusts(root(here))) + `}]}`,
	})
	want := []string{
		`arn:aws:iam::210987654321:role/app role/app  210987654321 groups [] tags map[] policies ["role/app/media: s3:GetObject"] boundary "" session 0 missing []`,
		`arn:aws:iam::210987654321:role/two role/two  210987654321 groups [] tags map[] policies [] boundary "" session 0 missing []`,
	}
	if diff := cmp.Diff(want, lines(s)); diff != "" {
		t.Errorf("outputs differ (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	trust := document(trusts(root(here)))
	for name, tc := range map[string]struct {
		files export
		want  []string
	}{
		"JSON": {export{"a.json": `{"Role": `}, []string{`a.json:1:10: text ends inside the object that begins at 1:1 (close it with "}")`}},
		"another file": {export{"a.json": `{"x": 1}`}, []string{
			`a.json:1:1: file is no export this reader knows (see the documentation of package account for what is read)`,
		}},
		"no account": {export{"users/eve.json": `{}`}, []string{
			`users/eve.json:1:1: file does not say which account it is about (write account.json, or put it below a folder with the number of the account)`,
		}},
		"a wrong account": {export{"account.json": `{"account":"12"}`}, []string{
			`account.json:1:1: account.json does not say which account it is about (write {"account": "210987654321"})`,
		}},
		"an unknown member": {export{here + "/users/eve.json": `{"polices": []}`}, []string{
			here + `/users/eve.json:1:13: "polices" is no member this reader knows (it reads arn, id, groups, policies, boundary, tags)`,
		}},
		"a policy": {export{here + "/roles/app.json": `{"trust":` + trust + `,"policies":[{"Statement":[{"Effect":"Alow"}]}]}`}, []string{
			here + `/roles/app.json:1:173: policy role/app/policies[0] cannot be understood: MISSING_ACTION: `,
		}},
		"a role without trust": {export{here + "/roles/app.json": `{}`}, []string{
			here + `/roles/app.json: role/app has no trust policy that could be read (nobody can assume it as it is)`,
		}},
		"an ARN": {export{here + "/roles/app.json": `{"arn":"app","trust":` + trust + `}`}, []string{
			here + `/roles/app.json:1:1: "app" is no ARN of a user, group or role (write it whole: arn:aws:iam::ACCOUNT:role/NAME)`,
		}},
		"a resource without a policy": {export{here + "/resources/media.json": `{"arn":"arn:aws:s3:::media"}`}, []string{
			here + `/resources/media.json:1:1: resource has no policy that could be read (write it as "policy", or null where it has none)`,
		}},
		"a resource without a name": {export{here + "/resources/media.json": `{}`}, []string{
			here + `/resources/media.json:1:1: file does not say which resource it is about (write {"arn": …, "policy": …})`,
		}},
		"a policy of nobody": {export{"p.json": `{"RoleName":"app","PolicyName":"x","PolicyDocument":` + document(allow("*", "*")) + `}`}, []string{
			`p.json: policy belongs to role/app, and it is not said in which account (give the output of get-role of that account too)`,
		}},
		"a page that is missing": {export{"a.json": `{"RoleDetailList":[],"IsTruncated":true,"Marker":"AAE"}`}, []string{
			`export is cut short: a page after the last is missing (run the command without --max-items, or add the other pages)`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string][]byte{}
			for name, text := range tc.files {
				files[name] = []byte(text)
			}
			_, problems := account.Read(files)
			if len(problems) != len(tc.want) {
				t.Fatalf("Read = %v, want %v", problems, tc.want)
			}
			for i, p := range problems {
				if !strings.HasPrefix(p.Error(), tc.want[i]) {
					t.Errorf("Read = %v, want %v", p, tc.want[i])
				}
			}
		})
	}
}

// TestWhatCannotBeReadGrantsNothing shows that a policy that is wrong neither
// grants nor goes unsaid.
func TestWhatCannotBeReadGrantsNothing(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{here + "/users/eve.json": []byte(`{"policies":[{"Statement":[{"Effect":"Alow","Action":"*","Resource":"*"}]}]}`)}
	s, _ := account.Read(files)
	a, err := s.WhoCan(reading(media))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Grants) != 1 || a.Grants[0].Who.Kind != iam.Root || len(a.Notes) != 2 {
		t.Errorf("WhoCan = %v with notes %v, want the root user only, and that a policy is missing", a.Grants, a.Notes)
	}
}

func TestPrincipalIsFoundByAnyName(t *testing.T) {
	t.Parallel()
	s := read(t, export{here + "/roles/svc/app.json": role(trusts(root(here))), here + "/users/app.json": user(), there + "/users/joe.json": user(), here + "/users/joe.json": user()})
	for name, want := range map[string]string{
		"arn:aws:iam::" + here + ":role/svc/app": "arn:aws:iam::" + here + ":role/svc/app",
		"role/app":                               "arn:aws:iam::" + here + ":role/svc/app",
		"user/app":                               "arn:aws:iam::" + here + ":user/app",
		"arn:aws:sts::" + here + ":assumed-role/app/session": "arn:aws:iam::" + here + ":role/svc/app",
		"app":      "", // a user and a role
		"user/joe": "", // of which account?
		"nobody":   "",
	} {
		p, ok := s.Principal(name)
		if got := ""; ok {
			got = p.ARN
			if got != want {
				t.Errorf("Principal(%q) = %q, want %q", name, got, want)
			}
		} else if want != "" {
			t.Errorf("Principal(%q) = nothing, want %q", name, want)
		}
	}
}

// FuzzRead reads any export, and asks about whatever is in it.
func FuzzRead(f *testing.F) {
	f.Add("dump.json", []byte(details), "account.json", []byte(`{"account":"210987654321"}`))
	for name, text := range written {
		f.Add(name, []byte(text), "210987654321/scps/0/a.json", []byte(document(allow("*", "*"))))
	}
	f.Add("role.json", []byte(`{"Role":{"Arn":"arn:aws:iam::210987654321:role/app"}}`), "roles/a/b.json", []byte(`{"trust":"%7B"}`))
	f.Fuzz(func(t *testing.T, name1 string, data1 []byte, name2 string, data2 []byte) {
		if len(data1)+len(data2) > 20_000 {
			return
		}
		s, problems := account.Read(map[string][]byte{name1: data1, name2: data2})
		for _, p := range problems {
			if p.Message == "" {
				t.Errorf("problem %+v says nothing", p)
			}
		}
		for _, q := range []account.Query{{Action: "sts:AssumeRole", Resource: "*", ResourceAccount: here}, reading(media)} {
			if a, err := s.WhoCan(q); err == nil {
				for _, g := range a.Grants {
					_ = g.String()
				}
			}
		}
		for _, p := range s.Principals() {
			_ = s.Roles(p, iam.Context{}, 2)
		}
	})
}
