package diff_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	const root = `{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}`
	const role = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "kms:Decrypt", "Resource": "*"}`
	with := func(conditions string) string {
		return `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*", "Condition": ` + conditions + `}`
	}
	for name, c := range map[string]struct {
		kind iam.Kind
		a, b []string
		want diff.Relation
	}{
		"a role named beside its account": {iam.ResourcePolicy, []string{root, role}, []string{root}, diff.Narrower},
		"an account by its ARN":           {iam.ResourcePolicy, []string{root}, []string{strings.Replace(root, "111122223333", "arn:aws:iam::111122223333:root", 1)}, diff.Equal},
		"everyone and an account":         {iam.ResourcePolicy, []string{strings.Replace(root, `{"AWS": "111122223333"}`, `"*"`, 1)}, []string{root}, diff.Narrower},
		"everyone twice": {
			iam.ResourcePolicy,
			[]string{strings.Replace(root, `{"AWS": "111122223333"}`, `"*"`, 1)},
			[]string{strings.Replace(root, `"111122223333"`, `"*"`, 1)},
			diff.Equal,
		},
		"a star may run over colons at the end of a segment": {
			iam.IdentityPolicy,
			[]string{`{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*"}`},
			[]string{`{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:*"}`},
			diff.Equal,
		},
		"a star inside a segment does not": {
			iam.IdentityPolicy,
			[]string{`{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:eu-*-1:111122223333:jobs"}`},
			[]string{`{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:eu-*1:111122223333:jobs"}`},
			diff.Wider,
		},
		"the same variable": {
			iam.IdentityPolicy,
			[]string{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}`},
			[]string{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${AWS:UserName}/docs/*"}`},
			diff.Narrower,
		},
		"a variable and a star": {
			iam.IdentityPolicy,
			[]string{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}`},
			[]string{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/*"}`},
			diff.Wider,
		},
		"a variable may be a name": {
			iam.IdentityPolicy,
			[]string{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/bob/*"}`},
			[]string{
				`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/bob/*"}`,
				`{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}`,
			},
			diff.Narrower,
		},
		"two halves of a condition": {
			iam.IdentityPolicy,
			[]string{with(`{"StringEquals": {"s3:prefix": "a"}}`), with(`{"StringNotEquals": {"s3:prefix": "a"}}`)},
			[]string{with(`{}`)},
			diff.Equal,
		},
		"two ranges make one": {
			iam.IdentityPolicy,
			[]string{with(`{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`)},
			[]string{with(`{"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}}`)},
			diff.Equal,
		},
		"IPv6": {
			iam.IdentityPolicy,
			[]string{with(`{"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}`)},
			[]string{with(`{"IpAddress": {"aws:SourceIp": "2001:db8:1::/48"}}`)},
			diff.Narrower,
		},
		"numbers in other words": {
			iam.IdentityPolicy,
			[]string{with(`{"NumericLessThan": {"s3:max-keys": "10"}}`)},
			[]string{with(`{"NumericLessThan": {"s3:max-keys": "1.0e1"}}`)},
			diff.Equal,
		},
		"a bound on the other side": {
			iam.IdentityPolicy,
			[]string{with(`{"DateLessThan": {"aws:CurrentTime": "2024-06-01T12:00:00Z"}}`)},
			[]string{with(`{"DateLessThanEquals": {"aws:CurrentTime": "2024-06-01T08:00:00-04:00"}}`)},
			diff.Wider,
		},
		"present and IfExists is plain": {
			iam.IdentityPolicy,
			[]string{with(`{"StringEquals": {"s3:prefix": "a"}}`)},
			[]string{with(`{"StringEqualsIfExists": {"s3:prefix": "a"}, "Null": {"s3:prefix": "false"}}`)},
			diff.Equal,
		},
		"case is folded": {
			iam.IdentityPolicy,
			[]string{with(`{"StringEqualsIgnoreCase": {"s3:prefix": "home"}}`)},
			[]string{with(`{"StringEquals": {"S3:Prefix": ["home", "HOME"]}}`)},
			diff.Narrower,
		},
		"ArnEquals is ArnLike": {
			iam.IdentityPolicy,
			[]string{with(`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a*"}}`)},
			[]string{with(`{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/a*"}}`)},
			diff.Equal,
		},
		"a set operator on a key of one value": {
			iam.IdentityPolicy,
			[]string{with(`{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a"}}`)},
			[]string{with(`{"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a"}}`)},
			diff.Equal,
		},
		"all and any of several values": {
			iam.IdentityPolicy,
			[]string{with(`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}`)},
			[]string{with(`{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:TagKeys": "false"}}`)},
			diff.Narrower,
		},
		"conditions that cannot hold together": {
			iam.IdentityPolicy,
			[]string{with(`{"StringEquals": {"s3:prefix": "a"}, "StringLike": {"s3:prefix": "b*"}}`), `{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}`},
			[]string{`{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}`},
			diff.Equal,
		},
		"what nobody can be denied": {
			iam.IdentityPolicy,
			[]string{with(`{}`)},
			[]string{with(`{}`), `{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}`},
			diff.Equal,
		},
		"guard rails alone": {
			iam.ServiceControlPolicy,
			[]string{`{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`},
			[]string{`{"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}`},
			diff.Wider,
		},
		"resource control policies": {
			iam.ResourceControlPolicy,
			[]string{`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}`},
			[]string{`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}`, `{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}`},
			diff.Narrower,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := policyOf(t, c.kind, c.a...), policyOf(t, c.kind, c.b...)
			r := diff.Compare(a, b, diff.Options{})
			if r.Relation != c.want {
				t.Errorf("Compare = %s, want %s\n%v", r.Relation, c.want, r)
			}
			if back := diff.Compare(b, a, diff.Options{}); back.Relation != opposite(c.want) {
				t.Errorf("the other way it is %s", back.Relation)
			}
			for _, g := range append(r.Gained, r.Lost...) {
				if g.Witness == nil {
					t.Errorf("no witness: %+v", g)
				}
			}
		})
	}
}

func opposite(r diff.Relation) diff.Relation {
	switch r {
	case diff.Narrower:
		return diff.Wider
	case diff.Wider:
		return diff.Narrower
	}
	return r
}

// TestSettingOfAWitness: a role named in its own account needs no policy of its
// own, one of which only the account is named does.
func TestSettingOfAWitness(t *testing.T) {
	t.Parallel()
	statement := func(who string) []*iam.Policy {
		return policyOf(t, iam.ResourcePolicy, `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:`+who+`"}, "Action": "sqs:SendMessage", "Resource": "*"}`)
	}
	root, role := statement("root"), statement("role/app")
	both := []*iam.Policy{{Kind: iam.ResourcePolicy, Version: iam.Version2012, Statements: append(root[0].Statements[:1:1], role[0].Statements...)}}
	r := diff.Compare(root, both, diff.Options{})
	if r.Relation != diff.Wider || len(r.Gained) != 1 || r.Gained[0].Witness.Setting != diff.WithoutOwnPolicy {
		t.Errorf("naming a role of an account that is named: %v", r)
	}
}

func TestGuardRailsSayWhatIsCompared(t *testing.T) {
	t.Parallel()
	a := policyOf(t, iam.ServiceControlPolicy, `{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`)
	r := diff.Compare(a, nil, diff.Options{})
	if r.Relation != diff.Wider || r.Basis == "" || r.Denies != diff.Narrower {
		t.Errorf("Compare = %+v, want wider with a basis", r)
	}
	// Beside a policy that allows, the same Deny does not touch the relation.
	full := policyOf(t, iam.ServiceControlPolicy, `{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}`)
	r = diff.Compare(append(full, a...), full, diff.Options{})
	if r.Relation != diff.Equal || r.Denies != diff.Narrower {
		t.Errorf("Compare = %s with denies %s, want equal with narrower ones", r.Relation, r.Denies)
	}
	if !strings.Contains(r.String(), "refuses less") {
		t.Errorf("the text does not say that B refuses less:\n%s", r)
	}
}

func TestKnownActionsOnly(t *testing.T) {
	t.Parallel()
	all := policyOf(t, iam.IdentityPolicy, `{"Effect": "Allow", "Action": "sqs:*Message", "Resource": "*"}`)
	list := policyOf(t, iam.IdentityPolicy, `{"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": "*"}`)
	if r := diff.Compare(list, all, diff.Options{}); r.Relation != diff.Wider || len(r.Gained) != 1 || len(r.Gained[0].Unlisted) != 1 {
		t.Errorf("a pattern and the list of today's actions: %v", r)
	}
	if r := diff.Compare(list, all, diff.Options{KnownActions: true}); r.Relation != diff.Equal {
		t.Errorf("of known actions: %v", r)
	}
}

func TestKindsThatDoNotMix(t *testing.T) {
	t.Parallel()
	identity := policyOf(t, iam.IdentityPolicy, reads)
	bucket := policyOf(t, iam.ResourcePolicy, `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`)
	if r := diff.Compare(identity, bucket, diff.Options{}); r.Relation != diff.Unknown || !r.NewAccess || len(r.Reasons) == 0 {
		t.Errorf("Compare = %+v, want unknown", r)
	}
	if r := diff.Compare(nil, nil, diff.Options{}); r.Relation != diff.Equal {
		t.Errorf("nothing and nothing: %v", r)
	}
	if r := diff.Compare([]*iam.Policy{nil}, identity, diff.Options{}); r.Relation != diff.Wider {
		t.Errorf("a nil policy and one that allows: %v", r)
	}
}

func TestChangedConditions(t *testing.T) {
	t.Parallel()
	a := policyOf(t, iam.IdentityPolicy, `{"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["*"], "Condition": {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:prefix": "a"}}}`)
	b := policyOf(t, iam.IdentityPolicy, reads, `{"Sid": "B", "Effect": "Allow", "Action": ["S3:getobject"], "Resource": "*", "Condition": {"StringEquals": {"s3:prefix": ["a", "b"]}, "Bool": {"aws:SecureTransport": "true"}}}`)
	r := diff.Compare(a, b, diff.Options{})
	if len(r.Changed) != 1 {
		t.Fatalf("Changed = %+v", r.Changed)
	}
	got, err := json.Marshal(r.Changed[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a":{"policy":0,"statement":0,"sid":"A"},"b":{"policy":0,"statement":1,"sid":"B"},"effect":"Allow","removed":["StringEquals s3:prefix a"],"added":["StringEquals s3:prefix a, b"]}`
	if string(got) != want {
		t.Errorf("Changed = %s, want %s", got, want)
	}
}

// TestVariablesNeedTheNewVersion: in a document of the older version "${...}" is
// plain text.
func TestVariablesNeedTheNewVersion(t *testing.T) {
	t.Parallel()
	a := policyOf(t, iam.IdentityPolicy, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}`)
	old := *a[0]
	old.Version = iam.Version2008
	r := diff.Compare(a, []*iam.Policy{&old}, diff.Options{})
	if r.Relation != diff.Incomparable || r.Gained[0].Witness.Resource != "arn:aws:s3:::home/${aws:username}/example" {
		t.Errorf("Compare = %v", r)
	}
}

// TestDoubtIsSaid: which texts are which numbers is not worked out, so that a
// text of two characters which begins with 1 is below 20 is not known.
func TestDoubtIsSaid(t *testing.T) {
	t.Parallel()
	statement := func(conditions string) []*iam.Policy {
		return policyOf(t, iam.IdentityPolicy, `{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": `+conditions+`}`)
	}
	a := statement(`{"NumericLessThan": {"s3:max-keys": "20"}}`)
	b := statement(`{"StringLike": {"s3:max-keys": "1?"}, "NumericGreaterThan": {"s3:max-keys": "5"}}`)
	r := diff.Compare(a, b, diff.Options{})
	if r.Relation != diff.Unknown || !r.NewAccess || len(r.Reasons) != 1 || r.Gained[0].Doubt == "" {
		t.Errorf("Compare = %+v, want unknown with a reason", r)
	}
	if v, err := (diff.Rule{Kind: diff.NewAccess}).Check(a, b, diff.Options{}); err != nil || len(v) != 1 || v[0].Grant.Witness != nil {
		t.Errorf("Check = %v, %v, want a violation without witness", v, err)
	}
}
