package account_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/account"
)

func TestWhoCan(t *testing.T) {
	t.Parallel()
	const get = "s3:GetObject"
	reads := document(allow(get, "arn:aws:s3:::media/*"))
	assumes := func(name string) string { return document(allow("sts:AssumeRole", roleARN(here, name))) }
	service := trusts(`{"Service":"ecs-tasks.amazonaws.com"}`)
	for _, tc := range []struct {
		name  string
		files export
		query account.Query
		want  []string
	}{
		{
			"own, managed and group policies",
			export{
				"roles/app.json": role(trusts(root(here)), reads), "roles/other.json": role(trusts(root(here)), document(allow(get, "arn:aws:s3:::logs/*"))),
				"users/eve.json": user(named("read")), "users/joe.json": `{"groups":["readers"]}`, "users/tom.json": `{"groups":[]}`,
				"groups/readers.json": user(named("read")), "policies/read.json": reads,
			},
			reading(media),
			[]string{
				"always: user/eve → policy/read Statement[0]",
				"always: user/joe → policy/read Statement[0]",
				"always: role/app → role/app/policies[0] Statement[0]",
			},
		},
		{
			"a Deny of a group, a boundary",
			export{
				"users/eve.json": `{"groups":["out"],"policies":["read"]}`, "groups/out.json": user(document(deny("s3:*", "*"))),
				"users/joe.json": `{"policies":["read"],"boundary":"small"}`, "users/tom.json": `{"policies":["read"],"boundary":"large"}`,
				"policies/read.json": reads, "policies/small.json": document(allow("sqs:*", "*")), "policies/large.json": document(allow("s3:*", "*")),
			},
			reading(media),
			[]string{"always: user/tom → policy/read Statement[0]"},
		},
		{
			"service control policies",
			export{
				"users/eve.json": user(reads), "users/adm.json": user(document(allow("*", "*"))),
				"scps/0-root/full.json": document(allow("*", "*")), "scps/1-unit/no.json": document(allow("*", "*"), deny(get, "arn:aws:s3:::media/*")),
			},
			reading(media),
			nil,
		},
		{
			"a level of service control policies that allows something else",
			export{
				"users/eve.json":        user(document(allow("*", "*"))),
				"scps/0-root/full.json": document(allow("*", "*")), "scps/1-unit/some.json": document(allow("sqs:*", "*")),
			},
			reading(media),
			nil,
		},
		{
			"a chain, the shortest first",
			export{
				"users/eve.json": user(assumes("a"), assumes("b")), "users/joe.json": user(assumes("a")),
				"roles/a.json": role(trusts(root(here)), assumes("b")), "roles/b.json": role(trusts(root(here)), assumes("app")),
				"roles/app.json": role(trusts(aws(roleARN(here, "b"))), reads),
			},
			reading(media),
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: role/b → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]",
				"always: user/eve → role/b (user/eve/policies[1] Statement[0]) → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]",
				"always: role/a → role/b (role/a/policies[0] Statement[0]) → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]",
				"always: user/joe → role/a (user/joe/policies[0] Statement[0]) → role/b (role/a/policies[0] Statement[0]) → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]",
			},
		},
		{
			"a circle",
			export{
				"roles/a.json":   role(trusts(aws(roleARN(here, "b"))), assumes("b")),
				"roles/b.json":   role(trusts(aws(roleARN(here, "a"))), assumes("a"), assumes("app")),
				"roles/app.json": role(trusts(root(here)), reads, assumes("b")),
			},
			reading(media),
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: role/b → role/app (role/b/policies[1] Statement[0]) → role/app/policies[0] Statement[0]",
				"always: role/a → role/b (trust of role/b Statement[0]) → role/app (role/b/policies[1] Statement[0]) → role/app/policies[0] Statement[0]",
			},
		},
		{
			"a chain that is too long",
			export{
				"users/eve.json": user(assumes("b")), "roles/b.json": role(trusts(root(here)), assumes("app")),
				"roles/app.json": role(trusts(root(here)), reads),
			},
			account.Query{Action: get, Resource: media, MaxLinks: 1},
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: role/b → role/app (role/b/policies[0] Statement[0]) → role/app/policies[0] Statement[0]",
			},
		},
		{
			"a Deny on a link, and a trust of nobody else",
			export{
				"users/eve.json": user(document(allow("sts:*", "*"), deny("sts:AssumeRole", roleARN(here, "app")))),
				"users/joe.json": user(document(allow("sts:*", "*"))),
				"users/tom.json": user(document(allow("sts:*", "*"))),
				"roles/app.json": role(trusts(`{"AWS":["arn:aws:iam::`+here+`:user/eve","arn:aws:iam::`+here+`:user/joe"]}`), reads),
			},
			reading(media),
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: user/joe → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]",
			},
		},
		{
			"a boundary on a link",
			export{
				"users/eve.json": `{"policies":[` + assumes("app") + `],"boundary":"small"}`, "policies/small.json": document(allow("s3:*", "*")),
				"roles/app.json": role(trusts(root(here)), reads),
			},
			reading(media),
			[]string{"always: role/app → role/app/policies[0] Statement[0]"},
		},
		{
			"services and identity providers",
			export{
				"roles/app.json":  role(service, reads),
				"roles/app2.json": role(service, reads),
				"roles/saml.json": role(when(trusts(`{"Federated":"arn:aws:iam::`+here+`:saml-provider/okta"}`), `{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}`), reads),
				"roles/web.json":  role(trusts(`{"Federated":"accounts.google.com"}`), reads),
			},
			reading(media),
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: role/app2 → role/app2/policies[0] Statement[0]",
				"always: role/saml → role/saml/policies[0] Statement[0]",
				"always: role/web → role/web/policies[0] Statement[0]",
				"always: ecs-tasks.amazonaws.com → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0], and through another role",
				"always: accounts.google.com → role/web (trust of role/web Statement[0]) → role/web/policies[0] Statement[0]",
				"conditional: arn:aws:iam::" + here + ":saml-provider/okta → role/saml (trust of role/saml Statement[0]) → role/saml/policies[0] Statement[0]; if SAML:aud StringEquals https://signin.aws.amazon.com/saml",
			},
		},
		{
			"a public bucket",
			export{
				"account.json":           `{"account":"` + here + `"}`,
				"resources/media.json":   `{"arn":"arn:aws:s3:::media","policy":` + document(to(`"*"`, allow(get, "arn:aws:s3:::media/*"))) + `}`,
				"resources/private.json": `{"arn":"arn:aws:s3:::private","policy":` + document(to(`"*"`, allow(get, "arn:aws:s3:::private/*"))) + `}`,
			},
			reading(media),
			[]string{
				"always: anyone → arn:aws:s3:::media Statement[0]",
				"always: account of anyone → arn:aws:s3:::media Statement[0]",
			},
		},
		{
			"a bucket for an organisation and for a distribution",
			export{
				"account.json": `{"account":"` + here + `","organization":"o-a1b2c3d4e5"}`, "users/eve.json": user(),
				"resources/media.json": `{"arn":"arn:aws:s3:::media","policy":` + document(
					when(to(`"*"`, allow(get, "arn:aws:s3:::media/*")), `{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`),
					when(to(`{"Service":"cloudfront.amazonaws.com"}`, allow(get, "arn:aws:s3:::media/*")), `{"ArnLike":{"aws:SourceArn":"arn:aws:cloudfront::`+here+`:distribution/E1"}}`)) + `}`,
			},
			reading(media),
			[]string{
				"always: user/eve → arn:aws:s3:::media Statement[0]",
				"conditional: account of anyone → arn:aws:s3:::media Statement[0]; if aws:PrincipalOrgID StringEquals o-a1b2c3d4e5",
				"conditional: cloudfront.amazonaws.com → arn:aws:s3:::media Statement[1]; if aws:SourceArn ArnLike arn:aws:cloudfront::" + here + ":distribution/E1",
			},
		},
		{
			"another account that is not in the export",
			export{
				"roles/app.json": role(when(trusts(root(there)), `{"StringEquals":{"sts:ExternalId":"x1y2z3w4"}}`), reads),
				"roles/two.json": role(trusts(aws(roleARN(there, "ci"))), reads),
			},
			reading(media),
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: role/two → role/two/policies[0] Statement[0]",
				"always: arn:aws:iam::" + there + ":role/ci → role/two (trust of role/two Statement[0]) → role/two/policies[0] Statement[0]",
				"conditional: account " + there + " → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]; if sts:ExternalId StringEquals x1y2z3w4",
			},
		},
		{
			"another account of the export: both sides must allow",
			export{
				here + "/roles/app.json":       role(trusts(root(there)), reads),
				there + "/users/eve.json":      user(assumes("app")),
				there + "/users/joe.json":      user(),
				there + "/users/tom.json":      user(reads),
				there + "/users/kim.json":      user(),
				here + "/resources/media.json": `{"arn":"arn:aws:s3:::media","policy":` + document(to(`{"AWS":["arn:aws:iam::`+there+`:user/tom","arn:aws:iam::`+there+`:user/kim"]}`, allow(get, "arn:aws:s3:::media/*"))) + `}`,
			},
			reading(media),
			[]string{
				"always: user/tom → arn:aws:s3:::media Statement[0]",
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: user/eve → role/app (trust of role/app Statement[0]) → role/app/policies[0] Statement[0]",
			},
		},
		{
			"what depends on keys of the call",
			export{
				"users/net.json": user(document(when(allow(get, "*"), `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`))),
				"users/mfa.json": user(document(allow(get, "*"), when(deny("*", "*"), `{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`))),
				"users/tag.json": `{"tags":{"team":"blue"},"policies":[` + document(when(allow(get, "*"), `{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`)) + `]}`,
				"users/not.json": `{"tags":{"team":"red"},"policies":[` + document(when(allow(get, "*"), `{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`)) + `]}`,
			},
			reading(media),
			[]string{
				"always: user/tag → user/tag/policies[0] Statement[0]",
				"as-asked: user/mfa → user/mfa/policies[0] Statement[0]; unless aws:MultiFactorAuthPresent Bool false",
				"conditional: user/net → user/net/policies[0] Statement[0]; if aws:SourceIp IpAddress 203.0.113.0/24",
			},
		},
		{
			"keys of the call that are given",
			export{
				"users/net.json": user(document(when(allow(get, "*"), `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`))),
				"users/not.json": user(document(when(allow(get, "*"), `{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`))),
			},
			account.Query{Action: get, Resource: media, Context: iam.NewContext(map[string]string{"aws:SourceIp": "203.0.113.7"})},
			[]string{"always: user/net → user/net/policies[0] Statement[0]"},
		},
		{
			"an open link: sure paths before open ones, however long",
			export{
				"users/eve.json": user(assumes("app"), assumes("mid")),
				"users/joe.json": user(assumes("app")),
				"roles/mid.json": role(trusts(root(here)), assumes("app")),
				"roles/app.json": `{"trust":` + document(
					when(trusts(root(here)), `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), trusts(aws(roleARN(here, "mid")))) + `,"policies":[` + reads + `]}`,
			},
			reading(media),
			[]string{
				"always: role/app → role/app/policies[0] Statement[0]",
				"always: role/mid → role/app (trust of role/app Statement[1]) → role/app/policies[0] Statement[0]",
				"always: user/eve → role/mid (user/eve/policies[1] Statement[0]) → role/app (trust of role/app Statement[1]) → role/app/policies[0] Statement[0]",
				"conditional: user/joe → role/app (user/joe/policies[0] Statement[0]) → role/app/policies[0] Statement[0]; if aws:MultiFactorAuthPresent Bool true",
			},
		},
		{
			"one session of a role",
			export{
				"roles/app.json": role(trusts(root(here))),
				"users/eve.json": user(assumes("app")),
				"resources/media.json": `{"arn":"arn:aws:s3:::media","policy":` + document(
					to(aws("arn:aws:sts::"+here+":assumed-role/app/batch"), allow(get, "arn:aws:s3:::media/*"))) + `}`,
			},
			reading(media),
			[]string{
				"conditional: role/app → arn:aws:s3:::media Statement[0]; if the session is named batch",
				"conditional: user/eve → role/app (user/eve/policies[0] Statement[0]) → arn:aws:s3:::media Statement[0]; if the session is named batch",
			},
		},
		{
			"a boundary that the export does not have",
			export{"users/eve.json": `{"policies":[` + reads + `],"boundary":"arn:aws:iam::` + here + `:policy/gone"}`, "account.json": `{"account":"` + here + `"}`},
			reading(media),
			[]string{"conditional: user/eve → user/eve/policies[0] Statement[0]; if the boundary arn:aws:iam::" + here + ":policy/gone, which the export does not have, allows it"},
		},
		{
			"who can assume a role",
			export{
				"users/eve.json": user(assumes("app")), "users/joe.json": user(),
				"roles/app.json": role(trusts(`{"AWS":"`+here+`","Service":"ec2.amazonaws.com"}`), reads),
			},
			account.Query{Action: "sts:AssumeRole", Resource: roleARN(here, "app")},
			[]string{
				"always: user/eve → user/eve/policies[0] Statement[0]",
				"always: ec2.amazonaws.com → trust of role/app Statement[0]",
			},
		},
		{
			"a key with the default policy",
			export{"users/eve.json": user(document(allow("kms:Decrypt", "*"))), "users/joe.json": user()},
			account.Query{Action: "kms:Decrypt", Resource: "arn:aws:kms:us-east-1:" + here + ":key/1"},
			[]string{"always: user/eve → user/eve/policies[0] Statement[0]"},
		},
		{
			"a key that names who may",
			export{
				"users/eve.json": user(document(allow("kms:Decrypt", "*"))), "users/joe.json": user(),
				"resources/key.json": `{"arn":"arn:aws:kms:us-east-1:` + here + `:key/1","policy":` + document(to(aws("arn:aws:iam::"+here+":user/joe"), allow("kms:*", "*"))) + `}`,
			},
			account.Query{Action: "kms:Decrypt", Resource: "arn:aws:kms:us-east-1:" + here + ":key/1"},
			[]string{"always: user/joe → arn:aws:kms:us-east-1:" + here + ":key/1 Statement[0]"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, ok := tc.files["account.json"]; !ok && !strings.Contains(strings.Join(keys(tc.files), " "), here) {
				tc.files["account.json"] = `{"account":"` + here + `"}`
			}
			got := whoCan(t, read(t, tc.files), tc.query)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("WhoCan differs (-want +got):\n%s", diff)
			}
		})
	}
}

func keys(e export) []string {
	var all []string
	for k := range e {
		all = append(all, k)
	}
	return all
}

func TestRootUsersCanWhatTheirAccountMay(t *testing.T) {
	t.Parallel()
	s := read(t, export{here + "/users/eve.json": user(), there + "/users/eve.json": user(), there + "/scps/no.json": document(allow("*", "*"), deny("sqs:*", "*"))})
	for _, tc := range []struct {
		owner string
		want  int
	}{{here, 1}, {there, 0}} {
		a, err := s.WhoCan(account.Query{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:" + tc.owner + ":jobs"})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Grants) != tc.want || tc.want == 1 && a.Grants[0].String() != "root of "+here+" → being the root user" {
			t.Errorf("WhoCan on a queue of %s = %v, want %d root user", tc.owner, a.Grants, tc.want)
		}
	}
}

func TestNotesSayWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	s := read(t, export{here + "/users/eve.json": user(named("arn:aws:iam::aws:policy/ReadOnlyAccess"))})
	a, err := s.WhoCan(reading(media))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"no policy of " + media + " is in the export: what it grants or denies is not in this answer",
		"policies that the export does not have: user/eve: arn:aws:iam::aws:policy/ReadOnlyAccess",
	}
	if diff := cmp.Diff(want, a.Notes); diff != "" {
		t.Errorf("notes differ (-want +got):\n%s", diff)
	}
}

func TestAResourceCanHaveNoPolicy(t *testing.T) {
	t.Parallel()
	s := read(t, export{
		here + "/users/eve.json":       user(document(allow("s3:GetObject", "*"))),
		here + "/resources/media.json": `{"arn":"arn:aws:s3:::media","policy":null}`,
	})
	answer, err := s.WhoCan(reading(media))
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Notes) > 0 {
		t.Errorf("notes %q, want none: it is known that the bucket has no policy", answer.Notes)
	}
	if len(answer.Grants) == 0 {
		t.Error("nobody can, want user/eve")
	}
}

func TestQuestionsWithoutAnAnswerAreRefused(t *testing.T) {
	t.Parallel()
	s := read(t, export{here + "/users/eve.json": user(), there + "/users/eve.json": user()})
	for _, q := range []account.Query{
		{Action: "GetObject", Resource: media},
		{Action: "s3:*", Resource: media},
		{Action: "s3:GetObject", Resource: "media"},
		{Action: "s3:GetObject", Resource: media}, // whose is it?
	} {
		if a, err := s.WhoCan(q); err == nil {
			t.Errorf("WhoCan(%+v) = %v, want an error", q, a.Grants)
		}
	}
}
