package iam_test

import (
	"math/rand/v2"
	"strings"

	"github.com/berth-project/berth/iam"
)

// choices is where a generator takes its choices from: a random source, or the
// bytes of a fuzzer.
type choices interface {
	// IntN returns a number from 0 up to n.
	IntN(n int) int
}

// fuzzed takes choices from bytes; when they have run out it always takes the
// first.
type fuzzed struct{ data []byte }

func (f *fuzzed) IntN(n int) int {
	if len(f.data) == 0 {
		return 0
	}
	b := f.data[0]
	f.data = f.data[1:]
	return int(b) % n
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x1a2b3c)) }

// generator makes policies and requests from a small vocabulary, so that they
// often have to do with each other.
type generator struct{ choices }

func (g *generator) one(in int) bool { return g.IntN(in) == 0 }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// some returns up to most of the values, now and then none or the empty list.
func some(g *generator, most int, from []string) []string {
	if g.one(60) {
		return []string{}
	}
	var out []string
	for range 1 + g.IntN(most) {
		out = append(out, pick(g, from...))
	}
	return out
}

var (
	accounts = []string{"111122223333", "444455556666"}
	actions  = []string{
		"s3:GetObject", "s3:getobject", "S3:PutObject", "s3:ListBucket", "sqs:SendMessage", "sts:AssumeRole",
		"sts:TagSession", "kms:Decrypt", "iam:PassRole", "dynamodb:GetItem", "STS:assumerole", "s3express:CreateSession", "oddity",
	}
	actionPatterns = []string{
		"*", "s3:*", "S3:Get*", "s3:GetObject", "*:GetObject", "s*", "sqs:SendMessage", "sts:*", "sts:AssumeRole", "kms:*",
		"k?s:Dec?ypt", "iam:Pass*", "dynamodb:GetItem", "s3:?etObject", "sts:TagSession", "", "oddity", "s3:*t*Object", "**", "s?s:*",
	}
	resources = []string{
		"arn:aws:s3:::data/home/dev/x", "arn:aws:s3:::data/home/eve/x", "arn:aws:s3:::data", "arn:aws:s3:::data/home/*/x",
		"arn:aws:s3:::data/home/d?v/a:b", "arn:aws:sqs:us-east-1:111122223333:jobs", "arn:aws:sqs:us-east-1:444455556666:jobs:dlq",
		"arn:aws:iam::111122223333:role/Deploy", "arn:aws:kms:us-east-1:111122223333:key/1", "*", "arn:aws:s3:::data/é/x",
		"arn:aws:dynamodb:us-east-1:111122223333:table/t", "a:b", "", "arn:aws:sqs:us:east-1:111122223333:jobs", "arn:aws:sqs:eu:us-east-1:111122223333:jobs",
	}
	resourcePatterns = []string{
		"*", "arn:aws:s3:::data/*", "arn:aws:s3:::data/home/${aws:username}/*", "arn:aws:s3:::data", "arn:*", "arn:aws:sqs:*:111122223333:jobs",
		"arn:aws:sqs:us-east-1:*:jobs", "arn:aws:*", "arn:aws:s3:::data/home/${aws:PrincipalTag/team, 'dev'}/?", "arn:aws:s3:::data/home/${*}/x",
		"arn:aws:s3:::data/home/d${?}v/*", "arn:*:kms:*:*:key/*", "arn:aws:iam::*:role/*", "${aws:PrincipalTag/arn}", "${aws:PrincipalTag/arn}*",
		"arn:aws:s?s:us-*-1:1*3:j?bs", "arn:aws:s3*data/*", "arn:aws:s3:::data/?/x", "*:jobs", "arn:aws:sqs:${aws:PrincipalTag/region}:*:jobs",
		"arn:aws:s3:::*/home/*", "arn:aws:*:us-east-1:${aws:PrincipalTag/account}*:jobs", "arn:aws:s3:::data/home/dev/x", "**", "?*", "a*b:*:?",
		"arn:aws:s3:::data/home/${s3:prefix}*x", "arn:aws:sqs:*-1:*", "arn:aws:dynamodb:*:${aws:TagKeys}:*", "",
		"arn:aws:s?s:us*-1:${aws:PrincipalTag/account}:jobs", "arn:*:us-*-1:${aws:PrincipalTag/account}:j*", "arn:a*s:*:u*1:${aws:PrincipalTag/account}*:?obs",
		"arn:aws:sqs:us?east-1:${aws:PrincipalTag/account}:jobs", "arn:aws", "arn:aws:s3", "arn:aws:s?s:us-east-1", "arn:aws:sqs:us-*-1:111122223333", "arn:aws:iam::",
	}
	keys = map[string][]string{
		"aws:username":               {"dev", "eve", "*", "d?v", "${aws:username}", "a:b"},
		"aws:PrincipalTag/team":      {"blue", "Blue", "dev", "", "b*"},
		"aws:PrincipalTag/arn":       {"arn:aws:s3:::data", "arn:aws:s3:::data/home/dev/x", "*", "arn:aws:sqs:us-east-1:111122223333:jobs", "arn"},
		"aws:PrincipalTag/region":    {"us-east-1", "*", "us-east-1:444455556666", "us-east-1:"},
		"aws:PrincipalTag/account":   {"111122223333", "4444", "*", ""},
		"s3:prefix":                  {"home/", "home/dev", "de", "é"},
		"aws:SourceIp":               {"203.0.113.9", "203.0.113.200", "10.0.0.1", "2001:db8::1", "::ffff:203.0.113.9", "none"},
		"s3:max-keys":                {"9", "10", "10.0", "1e1", "-3", "0.5", "ten", "100000000000000000000000001"},
		"aws:CurrentTime":            {"2024-06-01T12:00:00Z", "2024-06-01T08:00:00-04:00", "1717243200", "2024-06-01", "noon", "2024-06-01T12:00:00.5Z", "2024-06-01T12:00:00", "2024-06", "2024"},
		"aws:TagKeys":                {"env", "team", "Cost", "en*", ""},
		"aws:SecureTransport":        {"true", "false", "True", "maybe"},
		"aws:SourceArn":              {"arn:aws:sns:us-east-1:111122223333:alerts", "arn:aws:sns:us-east-1:111122223333:alerts:x", "arn:aws:sns", "*", "arn:aws:sns:us:east-1:111122223333:alerts", "arn:aws:sns:x:us-east-1:111122223333:alerts"},
		"acme:blob":                  {"QmluYXJ5", "QmluYXJ5VmFsdWU=", "not base64!", ""},
		"AWS:multifactorauthPRESENT": {"true", "false"},
	}
	keyNames = []string{
		"aws:username", "aws:PrincipalTag/team", "aws:PrincipalTag/arn", "aws:PrincipalTag/region", "aws:PrincipalTag/account",
		"s3:prefix", "aws:SourceIp", "s3:max-keys", "aws:CurrentTime", "aws:TagKeys", "aws:SecureTransport", "aws:SourceArn",
		"acme:blob", "AWS:multifactorauthPRESENT",
	}
	// conditionValues are values that suit no single key.
	conditionValues = []string{
		"*", "d*", "?ev", "${aws:username}", "${aws:PrincipalTag/team, 'blue'}", "${AWS:UserName}", "${aws:TagKeys}", "${*}", "x${$}{y}",
		"arn:aws:sns:*:111122223333:alerts*", "arn:aws:sns:*", "${aws:SourceArn}", "arn:aws:sns:us-east-1:${aws:PrincipalTag/account}:*", "arn:aws:*:us-east-1:${aws:PrincipalTag/account}:a*s", "arn:aws:*:${aws:PrincipalTag/account}:*",
		"arn:aws:s*:us*-1:${aws:PrincipalTag/account}:a*", "arn:aws:sns:*:${aws:PrincipalTag/account}:a*s",
		"203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "203.0.113.200", "true", "FALSE", "10", "1.0e1", "2024-06-01T12:00:00Z",
	}
)

// condition makes a condition.
func (g *generator) condition() iam.Condition {
	op := iam.Operator{
		Qualifier: pick(g, iam.SingleValue, iam.SingleValue, iam.SingleValue, iam.ForAllValues, iam.ForAnyValue),
		Test:      iam.StringEquals + iam.Test(g.IntN(int(iam.Null))),
		IfExists:  g.one(4),
	}
	key := pick(g, keyNames...)
	if g.one(40) {
		op.Test = iam.UnknownTest
	}
	if op.Test == iam.Null {
		op.IfExists = g.one(20)
	}
	c := iam.Condition{Written: op.String(), Operator: op, Key: key}
	if g.one(5) {
		c.Key = strings.ToUpper(key)
	}
	for range 1 + g.IntN(2) {
		v := pick(g, conditionValues...)
		if !g.one(3) {
			v = pick(g, keys[key]...)
		}
		if op.Test == iam.Null {
			v = pick(g, "true", "false", "true", "false", "no")
		}
		c.Values = append(c.Values, iam.Value{Text: v})
	}
	return c
}

// principals makes a Principal element.
func (g *generator) principals() *iam.Principals {
	p := &iam.Principals{Not: g.one(6)}
	if g.one(4) {
		p.Star = true
		return p
	}
	for range 1 + g.IntN(3) {
		a := pick(g, accounts...)
		key, v := "AWS", pick(g, "arn:aws:iam::"+a+":user/dev", "arn:aws:iam::"+a+":role/App", "arn:aws:sts::"+a+":assumed-role/App/s",
			"arn:aws:iam::"+a+":root", a, "arn:aws:sts::"+a+":federated-user/bob", "*", "AIDAJQABLZS4A3QDU576Q", "arn:aws-cn:iam::"+a+":root")
		switch g.IntN(8) {
		case 0:
			key, v = "Service", pick(g, "sns.amazonaws.com", "lambda.amazonaws.com", "*")
		case 1:
			key, v = "Federated", pick(g, "arn:aws:iam::111122223333:saml-provider/okta", "accounts.google.com", "*")
		case 2:
			key, v = "CanonicalUser", "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
		}
		p.Entries = append(p.Entries, iam.PrincipalEntry{Key: key, Values: []string{v}})
	}
	return p
}

// statement makes a statement for a layer.
func (g *generator) statement(l iam.Layer) iam.Statement {
	s := iam.Statement{
		Effect:    pick(g, iam.Allow, iam.Allow, iam.Allow, iam.Deny),
		Actions:   iam.Elements{Not: g.one(8), Values: some(g, 3, actionPatterns)},
		Resources: iam.Elements{Not: g.one(8), Values: some(g, 2, resourcePatterns)},
	}
	switch g.IntN(50) {
	case 0:
		s.Actions = iam.Elements{}
	case 1, 2:
		s.Resources = iam.Elements{}
	case 3:
		s.Effect = iam.NoEffect
	case 4: // enough to be looked up in a map
		s.Actions.Values = append(s.Actions.Values, actions...)
	}
	if s.Effect == iam.Allow && g.one(3) {
		s.Actions, s.Resources = iam.Elements{Values: []string{"*"}}, iam.Elements{Values: []string{"*"}}
	}
	if l == iam.ResourceLayer || l == iam.EndpointLayer || l == iam.RCPLayer || g.one(60) {
		s.Principals = g.principals()
		if g.one(40) {
			s.Principals = nil
		}
	}
	for range g.IntN(3) {
		s.Conditions = append(s.Conditions, g.condition())
	}
	return s
}

var kindOf = map[iam.Layer]iam.Kind{
	iam.SCPLayer: iam.ServiceControlPolicy, iam.RCPLayer: iam.ResourceControlPolicy, iam.EndpointLayer: iam.EndpointPolicy,
	iam.ResourceLayer: iam.ResourcePolicy, iam.IdentityLayer: iam.IdentityPolicy, iam.BoundaryLayer: iam.BoundaryPolicy, iam.SessionLayer: iam.SessionPolicy,
}

func (g *generator) policy(l iam.Layer) *iam.Policy {
	p := &iam.Policy{Version: pick(g, iam.Version2012, iam.Version2012, iam.Version2012, iam.Version2008, ""), Kind: kindOf[l]}
	for range 1 + g.IntN(3) {
		p.Statements = append(p.Statements, g.statement(l))
	}
	return p
}

func (g *generator) compiled(l iam.Layer) *iam.Compiled { return iam.Compile(g.policy(l)) }

func (g *generator) list(l iam.Layer, most int) []*iam.Compiled {
	out := []*iam.Compiled{}
	for range g.IntN(most + 1) {
		out = append(out, g.compiled(l))
	}
	return out
}

func (g *generator) levels(l iam.Layer) [][]*iam.Compiled {
	var out [][]*iam.Compiled
	for range g.IntN(3) {
		out = append(out, append(g.list(l, 1), g.compiled(l)))
	}
	return out
}

// set makes the policies of a request. Each layer that limits is there in one
// of a few sets only, as otherwise hardly anything would be allowed.
func (g *generator) set() *iam.PolicySet {
	s := &iam.PolicySet{Identity: g.list(iam.IdentityLayer, 3), Target: pick(g, iam.AnyResource, iam.AnyResource, iam.RoleTrust, iam.KMSKey)}
	if g.one(2) {
		s.Resource = g.compiled(iam.ResourceLayer)
	}
	if g.one(4) {
		s.Boundary = g.compiled(iam.BoundaryLayer)
	}
	if g.one(5) {
		s.Session = g.list(iam.SessionLayer, 2)
	}
	if g.one(5) {
		s.SCPs = g.levels(iam.SCPLayer)
	}
	if g.one(5) {
		s.RCPs = g.levels(iam.RCPLayer)
	}
	if g.one(8) {
		s.Endpoint = g.compiled(iam.EndpointLayer)
	}
	s.PrincipalInManagementAccount, s.ResourceInManagementAccount, s.ServiceLinkedRole = g.one(8), g.one(8), g.one(12)
	return s
}

func (g *generator) principal() iam.Principal {
	a := pick(g, accounts...)
	p := iam.Principal{Kind: pick(g, iam.User, iam.User, iam.AssumedRole, iam.AssumedRole, iam.FederatedUser, iam.Root,
		iam.ServicePrincipal, iam.Anonymous, iam.SAMLIdentity, iam.WebIdentity), Account: a}
	switch p.Kind {
	case iam.User:
		p.ARN = "arn:aws:iam::" + a + ":user/" + pick(g, "dev", "eve")
	case iam.AssumedRole:
		p.ARN, p.RoleARN = "arn:aws:sts::"+a+":assumed-role/App/"+pick(g, "s", "t"), "arn:aws:iam::"+a+":role/App"
	case iam.FederatedUser:
		p.ARN, p.UserARN = "arn:aws:sts::"+a+":federated-user/bob", "arn:aws:iam::"+a+":user/dev"
	case iam.Root:
		p.ARN = "arn:aws:iam::" + a + ":root"
	case iam.ServicePrincipal:
		p.Account, p.Service = "", pick(g, "sns.amazonaws.com", "events.amazonaws.com")
	case iam.SAMLIdentity:
		p.Account, p.Provider = "", "arn:aws:iam::111122223333:saml-provider/okta"
	case iam.WebIdentity:
		p.Account, p.Provider = "", "accounts.google.com"
	case iam.Anonymous:
		p.Account = ""
	}
	if p.Account != "" && g.one(6) {
		p.CanonicalUser = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	}
	return p
}

func (g *generator) request() *iam.Request {
	r := &iam.Request{
		Principal: g.principal(), Action: pick(g, actions...), Resource: pick(g, resources...), ResourceAccount: pick(g, accounts...),
	}
	if g.one(200) {
		r.Action = "sts:GetCallerIdentity"
	}
	if r.Principal.Account != "" && !g.one(3) {
		r.ResourceAccount = r.Principal.Account
	}
	for _, k := range keyNames {
		switch {
		case g.one(2):
		case k == "aws:TagKeys" || g.one(20):
			r.Context.SetMulti(k, some(g, 2, keys[k])...)
		default:
			r.Context.Set(k, pick(g, keys[k]...))
		}
	}
	return r
}
