package diff_test

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
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

// generator makes policies and requests from a small vocabulary, so that they
// often have to do with each other.
type generator struct {
	choices
	kind iam.Kind
}

func newGenerator(seed uint64, kind iam.Kind) *generator {
	return &generator{rand.New(rand.NewPCG(seed, 0xd1ff)), kind}
}

func (g *generator) one(in int) bool { return g.IntN(in) == 0 }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func some(g *generator, most int, from []string) []string {
	if g.one(80) {
		return []string{}
	}
	var out []string
	for range 1 + g.IntN(most) {
		out = append(out, pick(g, from...))
	}
	return out
}

var (
	actions = []string{
		"s3:GetObject", "s3:getobject", "S3:PutObject", "s3:ListBucket", "s3:GetBucketTagging", "s3:FlyObject", "sqs:SendMessage",
		"sts:AssumeRole", "iam:PassRole", "acme:Launch", "acme:x", "dynamodb:GetItem", "sts:GetCallerIdentity", "zz:top",
	}
	actionPatterns = []string{
		"*", "s3:*", "S3:Get*", "s3:GetObject", "s3:PutObject", "sqs:SendMessage", "sts:*", "sts:AssumeRole",
		"s3:*Object", "s3:?etObject", "s3:*Tagging", "s3:ListBucket", "", "s3:Fly*", "acme:*", "acme:Launch", "s3:*e*", "s3:P*",
	}
	// acrossServices are rarer: they take a look at every action there is.
	acrossServices = []string{"*:Get*", "s*", "s?s:*", "oddity", "*:*"}
	resources      = []string{
		"*", "arn:aws:s3:::data", "arn:aws:s3:::data/", "arn:aws:s3:::data/home/dev/x", "arn:aws:s3:::data/home/eve/x", "arn:aws:s3:::data/home/*/x",
		"arn:aws:s3:::data/logs/1", "arn:aws:s3:::data/logs/10", "arn:aws:s3:::other/a:b", "arn:aws:sqs:us-east-1:111122223333:jobs",
		"arn:aws:sqs:us-east-1:444455556666:jobs:dlq", "arn:aws-cn:iam::111122223333:role/Deploy", "arn:aws:s3:::data/home/", "arn:aws:s3:::data/home/a/b/x",
	}
	resourcePatterns = []string{
		"*", "arn:aws:s3:::data/*", "arn:aws:s3:::data/home/*", "arn:aws:s3:::data/home/${aws:username}/*", "arn:aws:s3:::data/home/dev/*", "arn:aws:s3:::data",
		"arn:*", "arn:aws:sqs:*:111122223333:jobs", "arn:aws:sqs:us-east-1:*:jobs", "arn:aws:*", "arn:aws:s3:::data/home/${aws:PrincipalTag/team, 'dev'}/?",
		"arn:aws:s3:::data/home/${*}/x", "arn:aws:s3:::data/logs/?", "arn:aws:s3:::data/logs/*", "${aws:PrincipalTag/arn}", "arn:aws:sqs:*:${aws:PrincipalTag/account}:jobs*",
		"arn:aws:s3*data/*", "arn:aws:s3:::*/home/*", "arn:aws:s3:::data/home/*/x", "arn:aws:s3:::data/home/${aws:username}/x", "oddity", "?", "arn:aws:s3:::data/home/${aws:username",
		"arn:aws:*:us-*:${aws:PrincipalTag/account}*:*", "arn:aws:s3:::data/h*", "arn:*:s3:::data/*o*", "arn:aws:s3", "arn:aws:sqs:us-east-1", "arn:aws",
	}
	keys = map[string][]string{
		"aws:username":             {"dev", "eve", "d*", "?ev", "${aws:username}", "Dev", "", "home"},
		"aws:PrincipalTag/team":    {"blue", "Blue", "dev", "", "b*", "*", "blue-${aws:username}"},
		"aws:PrincipalTag/arn":     {"arn:aws:s3:::data", "arn:aws:s3:::data/home/dev/x", "*"},
		"aws:PrincipalTag/account": {"111122223333", "4444", "111122223333:jobs"},
		"s3:prefix":                {"home/", "home/dev", "home/*", "${aws:username}/*", "home/${aws:username}", "home/${aws:username}*", "de"},
		"aws:SourceIp":             {"203.0.113.0/24", "203.0.113.128/25", "203.0.113.200", "10.0.0.0/8", "2001:db8::/32", "2001:db8::1", "0.0.0.0/0", "none"},
		"s3:max-keys":              {"9", "10", "10.0", "1e1", "-3", "0", "0.5", "ten", "100000000000000000000000001"},
		"aws:CurrentTime":          {"2024-06-01T12:00:00Z", "2024-06-01T08:00:00-04:00", "1717243200", "2024-06-01", "noon", "2030-01-01T00:00:00Z", "2024", "2024-06-01T12:00:00"},
		"aws:TagKeys":              {"env", "team", "Cost", "en*", "t*", "ENV", "", "*"},
		"aws:SecureTransport":      {"true", "false", "True", "maybe"},
		"aws:SourceArn":            {"arn:aws:sns:us-east-1:111122223333:alerts", "arn:aws:sns:*:111122223333:alerts*", "arn:aws:sns:*", "arn:*:sns:*:*:*", "arn:aws:sns:us-east-1:${aws:PrincipalTag/account}:*"},
		"acme:blob":                {"QmluYXJ5", "QmluYXJ5VmFsdWU=", "not base64!"},
		"acme:labels":              {"a", "b", "ab", "a*", "?", ""},
	}
	keyNames = slices.Sorted(func(yield func(string) bool) {
		for k := range keys {
			if !yield(k) {
				return
			}
		}
	})
)

// tests are those that suit a key, most of the time.
func (g *generator) test(key string) iam.Test {
	text := []iam.Test{iam.StringEquals, iam.StringNotEquals, iam.StringLike, iam.StringNotLike, iam.StringEqualsIgnoreCase, iam.StringNotEqualsIgnoreCase}
	from := func(a, b iam.Test) iam.Test { return a + iam.Test(g.IntN(int(b-a)+1)) }
	if g.one(8) {
		return iam.Null
	}
	if g.one(25) {
		return from(iam.StringEquals, iam.Null)
	}
	switch key {
	case "aws:SourceIp":
		return pick(g, iam.IPAddress, iam.NotIPAddress)
	case "s3:max-keys":
		return from(iam.NumericEquals, iam.NumericGreaterThanEquals)
	case "aws:CurrentTime":
		return from(iam.DateEquals, iam.DateGreaterThanEquals)
	case "aws:SecureTransport":
		return iam.Bool
	case "aws:SourceArn":
		return pick(g, iam.ARNLike, iam.ARNEquals, iam.ARNNotLike, iam.StringLike, iam.StringEquals)
	case "acme:blob":
		return iam.BinaryEquals
	}
	return pick(g, text...)
}

func (g *generator) condition() iam.Condition {
	key := pick(g, keyNames...)
	op := iam.Operator{Test: g.test(key), IfExists: g.one(4)}
	if key == "aws:TagKeys" || key == "acme:labels" || g.one(12) {
		op.Qualifier = pick(g, iam.SingleValue, iam.ForAllValues, iam.ForAnyValue)
	}
	if g.one(100) {
		op.Test = iam.UnknownTest
	}
	if op.Test == iam.Null {
		op.IfExists = g.one(30)
	}
	c := iam.Condition{Written: op.String(), Operator: op, Key: key}
	if g.one(5) {
		c.Key = strings.ToUpper(key)
	}
	for range 1 + g.IntN(2) {
		v := pick(g, keys[key]...)
		if op.Test == iam.Null {
			v = pick(g, "true", "false", "true", "false", "no")
		}
		c.Values = append(c.Values, iam.Value{Text: v})
	}
	return c
}

var accounts = []string{"111122223333", "444455556666"}

func (g *generator) principals() *iam.Principals {
	p := &iam.Principals{Not: g.one(6)}
	if g.one(4) {
		p.Star = true
		return p
	}
	for range 1 + g.IntN(3) {
		a := pick(g, accounts...)
		key, v := "AWS", pick(g, "arn:aws:iam::"+a+":user/dev", "arn:aws:iam::"+a+":role/App", "arn:aws:iam::"+a+":role/path/App", "arn:aws:sts::"+a+":assumed-role/App/s",
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

func (g *generator) statement() iam.Statement {
	s := iam.Statement{
		Effect:    pick(g, iam.Allow, iam.Allow, iam.Deny),
		Actions:   iam.Elements{Not: g.one(10), Values: some(g, 3, actionPatterns)},
		Resources: iam.Elements{Not: g.one(10), Values: some(g, 3, resourcePatterns)},
	}
	if g.one(25) {
		s.Actions.Values = append(s.Actions.Values, pick(g, acrossServices...))
	}
	switch g.IntN(60) {
	case 0:
		s.Actions = iam.Elements{}
	case 1, 2:
		s.Resources = iam.Elements{}
	case 3:
		s.Effect = iam.NoEffect
	}
	if g.kind.HasPrincipal() || g.one(60) {
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

func (g *generator) policy() *iam.Policy {
	p := &iam.Policy{Kind: g.kind, Version: pick(g, iam.Version2012, iam.Version2012, iam.Version2012, iam.Version2008)}
	for range 1 + g.IntN(3) {
		p.Statements = append(p.Statements, g.statement())
	}
	return p
}

// mutant returns the policy with one change, or two.
func (g *generator) mutant(p *iam.Policy) *iam.Policy {
	q := &iam.Policy{Kind: p.Kind, Version: p.Version, Statements: slices.Clone(p.Statements)}
	for range 1 + g.IntN(2) {
		if len(q.Statements) == 0 {
			break
		}
		i := g.IntN(len(q.Statements))
		s := &q.Statements[i]
		switch g.IntN(9) {
		case 0:
			s.Actions.Values = append(slices.Clone(s.Actions.Values), pick(g, actionPatterns...))
		case 1:
			s.Resources.Values = append(slices.Clone(s.Resources.Values), pick(g, resourcePatterns...))
		case 2:
			s.Conditions = append(slices.Clone(s.Conditions), g.condition())
		case 3:
			if n := len(s.Conditions); n > 0 {
				s.Conditions = s.Conditions[: n-1 : n-1]
			}
		case 4:
			if n := len(s.Resources.Values); n > 1 {
				s.Resources.Values = s.Resources.Values[: n-1 : n-1]
			}
		case 5:
			if n := len(s.Conditions); n > 0 {
				s.Conditions = slices.Clone(s.Conditions)
				c := &s.Conditions[n-1]
				c.Values = append(slices.Clone(c.Values), iam.Value{Text: pick(g, keys[keyNamed(c.Key)]...)})
			}
		case 6:
			q.Statements = append(q.Statements, g.statement())
		case 7: // a statement for each action
			for _, a := range s.Actions.Values {
				if !s.Actions.Not {
					t := *s
					t.Actions.Values = []string{a}
					q.Statements = append(q.Statements, t)
				}
			}
		case 8:
			q.Statements = slices.Delete(q.Statements, i, i+1)
		}
	}
	return q
}

func (g *generator) principal() iam.Principal {
	a := pick(g, accounts...)
	p := iam.Principal{Kind: pick(g, iam.User, iam.AssumedRole, iam.FederatedUser), Account: a}
	if g.kind.HasPrincipal() {
		p.Kind = pick(g, iam.User, iam.User, iam.AssumedRole, iam.AssumedRole, iam.FederatedUser, iam.Root,
			iam.ServicePrincipal, iam.Anonymous, iam.SAMLIdentity, iam.WebIdentity)
	}
	switch p.Kind {
	case iam.User:
		p.ARN = "arn:aws:iam::" + a + ":user/" + pick(g, "dev", "eve")
	case iam.AssumedRole:
		p.ARN, p.RoleARN = "arn:aws:sts::"+a+":assumed-role/App/"+pick(g, "s", "t"), "arn:aws:iam::"+a+":role/"+pick(g, "App", "path/App", "other/App")
	case iam.FederatedUser:
		p.ARN, p.UserARN = "arn:aws:sts::"+a+":federated-user/bob", "arn:aws:iam::"+a+":user/"+pick(g, "dev", "eve")
	case iam.Root:
		p.ARN = "arn:aws:iam::" + a + ":root"
	case iam.ServicePrincipal:
		p.Account, p.Service = "", pick(g, "sns.amazonaws.com", "events.amazonaws.com")
	case iam.SAMLIdentity:
		p.Account, p.Provider = "", pick(g, "arn:aws:iam::111122223333:saml-provider/okta", "arn:aws:iam::111122223333:saml-provider/else")
	case iam.WebIdentity:
		p.Account, p.Provider = "", pick(g, "accounts.google.com", "graph.facebook.com")
	case iam.Anonymous:
		p.Account = ""
	}
	if p.Account != "" && g.one(6) {
		p.CanonicalUser = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	}
	return p
}

// request makes a request; lists are the keys that can have several values.
func (g *generator) request(lists map[string]bool) *iam.Request {
	r := &iam.Request{Principal: g.principal(), Action: pick(g, actions...), Resource: pick(g, resources...), ResourceAccount: "777788889999"}
	if !g.kind.HasPrincipal() {
		r.ResourceAccount = r.Principal.Account
	}
	for _, k := range keyNames {
		value := func() string {
			v := pick(g, keys[k]...)
			if k == "aws:SourceIp" {
				v = pick(g, "203.0.113.9", "203.0.113.200", "10.0.0.1", "2001:db8::1", "2001:db9::1", "none", v)
			}
			return v
		}
		switch {
		case g.one(3):
		case k == "aws:TagKeys", lists[k] && g.one(2):
			var values []string
			for range g.IntN(4) {
				values = append(values, value())
			}
			r.Context.SetMulti(k, values...)
		default:
			r.Context.Set(k, value())
		}
	}
	return r
}

// keyNamed returns a key as the vocabulary spells it.
func keyNamed(name string) string {
	return keyNames[slices.IndexFunc(keyNames, func(k string) bool { return strings.EqualFold(k, name) })]
}

// lists returns the keys that policies use set operators with.
func lists(policies ...*iam.Policy) map[string]bool {
	out := map[string]bool{}
	for _, p := range policies {
		for _, s := range p.Statements {
			for _, c := range s.Conditions {
				key := keyNamed(c.Key)
				if _, ok := catalog.Default().Key(key); !ok && c.Operator.Qualifier != iam.SingleValue {
					out[key] = true
				}
			}
		}
	}
	return out
}
