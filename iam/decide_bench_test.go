package iam_test

import (
	"fmt"
	"testing"

	"github.com/berth-project/berth/iam"
)

// manyPolicies returns ten policies of ten statements, as an account of some
// size has them, and the one that allows last.
func manyPolicies(b testing.TB, last iam.Statement) *iam.PolicySet {
	b.Helper()
	services := []string{"s3", "sqs", "sns", "dynamodb", "lambda", "logs", "ecr", "ssm", "kms", "secretsmanager"}
	set := &iam.PolicySet{}
	for i := range 10 {
		p := &iam.Policy{Version: iam.Version2012}
		for j, service := range services {
			p.Statements = append(p.Statements, iam.Statement{
				Effect:    iam.Allow,
				Actions:   iam.Elements{Values: []string{service + ":Get*", service + ":List*", service + ":DescribeThing"}},
				Resources: iam.Elements{Values: []string{fmt.Sprintf("arn:aws:%s:*:111122223333:app-%d-%d/*", service, i, j), fmt.Sprintf("arn:aws:%s:::bucket-%d", service, i)}},
			})
		}
		set.Identity = append(set.Identity, iam.Compile(p))
	}
	p := *set.Identity[9].Policy()
	p.Statements = append(p.Statements[:9:9], last)
	set.Identity[9] = iam.Compile(&p)
	return set
}

func request(action, resource string) *iam.Request {
	const account = "111122223333"
	return &iam.Request{
		Principal: iam.Principal{
			Kind: iam.AssumedRole, ARN: "arn:aws:sts::" + account + ":assumed-role/App/s", RoleARN: "arn:aws:iam::" + account + ":role/App", Account: account,
		},
		Action: action, Resource: resource, ResourceAccount: account,
		Context: iam.NewContext(map[string]string{
			"aws:PrincipalTag/team": "blue", "aws:ResourceTag/team": "blue", "aws:SourceIp": "203.0.113.9", "aws:username": "dev",
			"aws:CurrentTime": "2024-06-01T12:00:00Z", "s3:max-keys": "10", "aws:SecureTransport": "true", "aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:alerts",
			"acme:blob": "QmluYXJ5VmFsdWU=",
		}),
	}
}

var plainStatement = iam.Statement{
	Effect: iam.Allow, Actions: iam.Elements{Values: []string{"s3:GetObject"}},
	Resources: iam.Elements{Values: []string{"arn:aws:s3:::media/*"}},
}

func condition(operator, key, value string) iam.Condition {
	o, ok := iam.ParseOperator(operator)
	if !ok {
		panic(operator)
	}
	return iam.Condition{Written: operator, Operator: o, Key: key, Values: []iam.Value{{Text: value}}}
}

// conditionsStatement has variables in all places, and an operator of each
// family.
var conditionsStatement = iam.Statement{
	Effect: iam.Allow, Actions: iam.Elements{Values: []string{"s3:*Object"}},
	Resources: iam.Elements{Values: []string{"arn:aws:s3:::media/${aws:username}/*", "arn:aws:s3:::media/*/${aws:PrincipalTag/team, 'none'}/?.jpg"}},
	Conditions: []iam.Condition{
		condition("StringEquals", "aws:ResourceTag/team", "${aws:PrincipalTag/team}"),
		condition("StringEqualsIgnoreCase", "aws:ResourceTag/team", "Blue"),
		condition("StringLike", "aws:ResourceTag/team", "b*e"),
		condition("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
		condition("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00+02:00"),
		condition("NumericLessThanEquals", "s3:max-keys", "1e2"),
		condition("Bool", "aws:SecureTransport", "true"),
		condition("ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:alerts"),
		condition("BinaryEquals", "acme:blob", "QmluYXJ5VmFsdWU="),
		condition("Null", "aws:TokenIssueTime", "true"),
	},
}

// allowing are the requests that must be allowed without an allocation.
func allowing(t testing.TB) map[string]struct {
	set *iam.PolicySet
	req *iam.Request
} {
	t.Helper()
	type pair = struct {
		set *iam.PolicySet
		req *iam.Request
	}
	full := manyPolicies(t, plainStatement)
	all := []*iam.Compiled{iam.Compile(&iam.Policy{Statements: []iam.Statement{{
		Effect: iam.Allow, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{"*"}},
	}}})}
	full.SCPs, full.RCPs, full.Session, full.Boundary = [][]*iam.Compiled{all, all}, [][]*iam.Compiled{all}, all, all[0]
	full.Endpoint = iam.Compile(&iam.Policy{Statements: []iam.Statement{{
		Effect: iam.Allow, Principals: &iam.Principals{Star: true}, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{"*"}},
	}}})
	full.Resource = iam.Compile(&iam.Policy{Statements: []iam.Statement{{
		Effect: iam.Allow, Principals: &iam.Principals{Entries: []iam.PrincipalEntry{{Key: "AWS", Values: []string{"111122223333", "arn:aws:iam::111122223333:role/Other"}}}},
		Actions: iam.Elements{Values: []string{"s3:*"}}, Resources: iam.Elements{Values: []string{"arn:aws:s3:::media/*"}},
	}}})
	return map[string]pair{
		"plain":      {manyPolicies(t, plainStatement), request("s3:GetObject", "arn:aws:s3:::media/1.jpg")},
		"UpperCase":  {manyPolicies(t, plainStatement), request("S3:GETOBJECT", "arn:aws:s3:::media/1.jpg")},
		"conditions": {manyPolicies(t, conditionsStatement), request("s3:GetObject", "arn:aws:s3:::media/albums/2024/blue/1.jpg")},
		"allLayers":  {full, request("s3:GetObject", "arn:aws:s3:::media/1.jpg")},
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	for name, c := range allowing(t) {
		if d := c.set.Decide(c.req); !d.Allowed() {
			t.Fatalf("%s: %s\n%s", name, d.Reason, c.set.Explain(c.req))
		}
		if n := testing.AllocsPerRun(100, func() { c.set.Decide(c.req) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	cases := allowing(b)
	denied := cases["plain"]
	denied.req = request("s3:GetObject", "arn:aws:s3:::private/1.jpg")
	cases["implicitDeny"] = denied
	explicit := iam.Statement{
		Effect: iam.Deny, Actions: iam.Elements{Values: []string{"s3:*"}}, Resources: iam.Elements{Values: []string{"*"}},
		Conditions: []iam.Condition{condition("NotIpAddress", "aws:SourceIp", "198.51.100.0/24")},
	}
	denied.set = manyPolicies(b, explicit)
	cases["explicitDeny"] = denied
	for _, name := range []string{"plain", "UpperCase", "conditions", "allLayers", "implicitDeny", "explicitDeny"} {
		c := cases[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.set.Decide(c.req)
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	c := allowing(b)["plain"]
	b.ReportAllocs()
	for b.Loop() {
		c.set.Explain(c.req)
	}
}

func BenchmarkCompile(b *testing.B) {
	p := &iam.Policy{Version: iam.Version2012, Statements: []iam.Statement{plainStatement, conditionsStatement}}
	b.ReportAllocs()
	for b.Loop() {
		iam.Compile(p)
	}
}
