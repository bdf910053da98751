package diff_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

// written returns the statements of policies as one would write them.
func written(policies []*iam.Policy) []string {
	var out []string
	for _, p := range policies {
		for _, s := range p.Statements {
			text := string(iam.Format(&iam.Policy{Kind: p.Kind, Statements: []iam.Statement{s}}, iam.FormatOptions{Minify: true, Compact: true}))
			out = append(out, strings.TrimSuffix(strings.TrimPrefix(text, `{"Statement":`), "}"))
		}
	}
	return out
}

func TestMinimise(t *testing.T) {
	t.Parallel()
	const role = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"kms:Decrypt","Resource":"*"}`
	const root = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	for name, c := range map[string]struct {
		kind      iam.Kind
		wildcards bool
		have      []string
		want      []string
	}{
		"nothing to do": {have: []string{reads}, want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::media/*"}`}},
		"an action another covers": {
			have: []string{`{"Effect":"Allow","Action":["s3:GetObject","s3:Get*","s3:getobject"],"Resource":"*"}`},
			want: []string{`{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`},
		},
		"a resource another covers": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/logs/*","arn:aws:s3:::a/*","arn:aws:s3:::a/l*"]}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}`},
		},
		"a resource two others cover": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/?","arn:aws:s3:::a/??*","arn:aws:s3:::a/x*"]}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/?","arn:aws:s3:::a/??*"]}`},
		},
		"a statement another covers": {
			have: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Sid":"Less","Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`},
			want: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`},
		},
		"what is denied need not be allowed": {
			have: []string{`{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":"*"}`, `{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, `{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`},
		},
		"a Deny counts beside other policies": {
			have: []string{reads, `{"Effect":"Deny","Action":"iam:*","Resource":"*"}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::media/*"}`, `{"Effect":"Deny","Action":"iam:*","Resource":"*"}`},
		},
		"differing in actions": {
			have: []string{`{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}`, `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*"}`},
			want: []string{`{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::a/*"}`},
		},
		"differing in resources": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}`, `{"Sid":"B","Effect":"Allow","Action":"S3:GetObject","Resource":"arn:aws:s3:::b/*"}`},
			want: []string{`{"Sid":"B","Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}`},
		},
		"differing in two": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}`, `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}`, `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`},
		},
		"differing in values": {
			have: []string{
				`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"a"},"Bool":{"aws:SecureTransport":"true"}}}`,
				`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"s3:prefix":"b"}}}`,
			},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:prefix":["a","b"]},"Bool":{"aws:SecureTransport":"true"}}}`},
		},
		"differing in negated values": {
			have: []string{
				`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"StringNotEquals":{"s3:prefix":"a"}}}`,
				`{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"StringNotEquals":{"s3:prefix":"b"}}}`,
			},
			want: []string{
				`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"StringNotEquals":{"s3:prefix":"a"}}}`,
				`{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"StringNotEquals":{"s3:prefix":"b"}}}`,
			},
		},
		"merging makes way for dropping": {
			have: []string{
				`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}`,
				`{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*"}`,
				`{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`,
			},
			want: []string{`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}`},
		},
		"a condition the others imply": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:prefix":["a","b"]},"Null":{"s3:prefix":"false"},"StringLike":{"s3:prefix":["?","a"]}}}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:prefix":["a","b"]}}}`},
		},
		"an exception another covers": {
			have: []string{`{"Effect":"Allow","NotAction":["iam:*","iam:Pass*"],"Resource":"*"}`},
			want: []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`},
		},
		"lists with different variables stay apart": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::pub/*"}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::pub/*"}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}`},
		},
		"a variable that binds the whole list": {
			have: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::home/*","arn:aws:s3:::home/${aws:username}/*"]}`},
			want: []string{`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::home/*","arn:aws:s3:::home/${aws:username}/*"]}`},
		},
		"a role of an account that is named": {kind: iam.ResourcePolicy, have: []string{root, role}, want: []string{root, role}},
		"a role twice": {
			kind: iam.ResourcePolicy, have: []string{role, strings.Replace(role, `"AWS":"arn:aws:iam::111122223333:role/app"`, `"AWS":["arn:aws:iam::111122223333:role/app","arn:aws:iam::111122223333:role/app"]`, 1)},
			want: []string{role},
		},
		"differing in principals": {
			kind: iam.ResourcePolicy, have: []string{role, strings.Replace(role, "role/app", "role/web", 1)},
			want: []string{strings.Replace(role, `"arn:aws:iam::111122223333:role/app"`, `["arn:aws:iam::111122223333:role/app","arn:aws:iam::111122223333:role/web"]`, 1)},
		},
		"no wildcards unless asked for": {
			have: []string{`{"Effect":"Allow","Action":["sqs:SendMessage","sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"*"}`},
			want: []string{`{"Effect":"Allow","Action":["sqs:SendMessage","sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"*"}`},
		},
		"levels do not mix": {
			wildcards: true,
			have:      []string{`{"Effect":"Allow","Action":["sqs:SendMessage","sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"*"}`},
			want:      []string{`{"Effect":"Allow","Action":["sqs:SendMessage","sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"*"}`},
		},
		"wildcards": {
			wildcards: true,
			have:      []string{`{"Effect":"Allow","Action":["sqs:GetQueueUrl","sqs:SendMessage","sqs:GetQueueAttributes","ecr:BatchGetImage"],"Resource":"*"}`},
			want:      []string{`{"Effect":"Allow","Action":["sqs:Get*","sqs:SendMessage","ecr:BatchGetImage"],"Resource":"*"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have := policyOf(t, c.kind, c.have...)
			before := written(have)
			got, err := diff.Minimise(have, diff.MinimiseOptions{Wildcards: c.wildcards})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, written(got.Policies)); d != "" {
				t.Errorf("Minimise (-want +got):\n%s%v", d, got.Steps)
			}
			if d := cmp.Diff(before, written(have)); d != "" {
				t.Errorf("the policies given were changed:\n%s", d)
			}
			if changed := !slices.Equal(before, written(got.Policies)); changed != (len(got.Steps) > 0) {
				t.Errorf("changed: %v, with steps %v", changed, got.Steps)
			}
		})
	}
}

func TestMinimiseSplits(t *testing.T) {
	t.Parallel()
	p := allowing([]string{"s3:GetObject", "s3:PutObject"}, repeat(300, "arn:aws:s3:::a-bucket-of-some-length-%d/*"))
	p.Statements[0].Sid = new("Objects")
	p.Statements = append(p.Statements, allowing(repeat(20, "sqs:Action%d"), []string{"*"}).Statements...)
	p.Statements = append(p.Statements, allowing([]string{"sns:Publish"}, []string{"*"}, iam.Condition{
		Written: "StringEquals", Operator: iam.Operator{Test: iam.StringEquals}, Key: "sns:Protocol", Values: []iam.Value{{Text: "https"}},
	}).Statements...)
	got, err := diff.Minimise([]*iam.Policy{p}, diff.MinimiseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Policies) != 3 || len(got.TooLarge) > 0 {
		t.Errorf("%d documents, too large %v; want 3", len(got.Policies), got.TooLarge)
	}
	sids := map[string]bool{}
	for i, q := range got.Policies {
		if n := iam.Size(iam.Format(q, iam.FormatOptions{}), q.Kind); n > 6144 {
			t.Errorf("document %d has %d characters", i, n)
		}
		for _, s := range q.Statements {
			if s.Sid != nil && sids[*s.Sid] {
				t.Errorf("two statements are named %s", *s.Sid)
			}
			if s.Sid != nil {
				sids[*s.Sid] = true
			}
		}
	}
	if r := diff.Compare([]*iam.Policy{p}, got.Policies, diff.Options{}); r.Relation != diff.Equal {
		t.Errorf("what was split is %s", r.Relation)
	}

	p.Kind = iam.BoundaryPolicy
	got, err = diff.Minimise([]*iam.Policy{p}, diff.MinimiseOptions{})
	if err != nil || len(got.Policies) != 1 || !slices.Equal(got.TooLarge, []int{0}) {
		t.Errorf("a boundary cannot be split: %d documents, too large %v, %v", len(got.Policies), got.TooLarge, err)
	}
	p.Kind = iam.IdentityPolicy
	got, err = diff.Minimise([]*iam.Policy{p}, diff.MinimiseOptions{MaxSize: -1})
	if err != nil || len(got.Policies) != 1 || len(got.TooLarge) > 0 {
		t.Errorf("without a limit: %d documents, too large %v, %v", len(got.Policies), got.TooLarge, err)
	}
}

func TestMinimiseKeepsWhatItCannotProve(t *testing.T) {
	t.Parallel()
	p := policyOf(t, iam.IdentityPolicy, reads, reads)
	got, err := diff.Minimise(p, diff.MinimiseOptions{Options: diff.Options{MaxWork: 1}})
	if !errors.Is(err, diff.ErrUnproved) || got.Policies[0] != p[0] {
		t.Errorf("Minimise = %v, %v, want the original and %v", written(got.Policies), err, diff.ErrUnproved)
	}
}

func TestMinimiseAcrossDocuments(t *testing.T) {
	t.Parallel()
	all := policyOf(t, iam.IdentityPolicy, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	got, err := diff.Minimise(append(policyOf(t, iam.IdentityPolicy, reads), all...), diff.MinimiseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(written(all), written(got.Policies)); d != "" || len(got.Policies) != 1 {
		t.Errorf("Minimise (-want +got):\n%s", d)
	}
}

// TestMinimisedMeansTheSame minimises random policies and decides random requests
// with both, alone and beside a policy that allows everything.
func TestMinimisedMeansTheSame(t *testing.T) {
	t.Parallel()
	for _, kind := range []iam.Kind{iam.IdentityPolicy, iam.ResourcePolicy} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			smaller, unproved := 0, 0
			n := *pairs / 16
			for i := range n {
				g := newGenerator(uint64(i)+1<<32, kind)
				p := g.policy()
				p.Statements = append(p.Statements, g.mutant(p).Statements...)
				got, err := diff.Minimise([]*iam.Policy{p}, diff.MinimiseOptions{})
				if err != nil {
					unproved++
					continue
				}
				if got.After < got.Before {
					smaller++
				}
				checkSame(t, g, p, got)
				again, err := diff.Minimise(got.Policies, diff.MinimiseOptions{})
				if err != nil || len(again.Steps) > 0 {
					t.Fatalf("minimised again: %v, %v\n%s\n%s", again.Steps, err, iam.Format(p, iam.FormatOptions{}), written(got.Policies))
				}
			}
			t.Logf("%d of %d are smaller, %d not proved", smaller, n, unproved)
			if smaller < n/2 || unproved > n/20 {
				t.Errorf("%d of %d are smaller, %d not proved", smaller, n, unproved)
			}
		})
	}
}

func checkSame(t *testing.T, g *generator, p *iam.Policy, got diff.Minimised) {
	t.Helper()
	text := func() string {
		return fmt.Sprintf("%s\n%s\n%v", iam.Format(p, iam.FormatOptions{}), strings.Join(written(got.Policies), "\n"), got.Steps)
	}
	q := &iam.Policy{Kind: p.Kind, Version: p.Version}
	for _, x := range got.Policies {
		q.Statements = append(q.Statements, x.Statements...)
	}
	set := lists(p)
	before, after, leftBefore, leftAfter := decider(p), decider(q), decider(guarded(p)), decider(guarded(q))
	for range 60 {
		req := g.request(set)
		in := diff.Anyway
		if p.Kind == iam.ResourcePolicy && req.Principal.Kind != iam.Root && g.one(2) {
			req.ResourceAccount = req.Principal.Account
			in = pick(g, diff.WithoutOwnPolicy, diff.BeyondBoundary)
		}
		if a, b := before(req, in), after(req, in); a != b {
			t.Fatalf("%+v is allowed before: %v, after: %v\n%s", req, a, b, text())
		}
		if a, b := leftBefore(req, diff.Anyway), leftAfter(req, diff.Anyway); a != b {
			t.Fatalf("beside full access %+v is allowed before: %v, after: %v\n%s", req, a, b, text())
		}
	}
}
