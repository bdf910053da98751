package iam_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

// keysOf returns the context as a map; the values of multivalued keys are
// marked.
func keysOf(c iam.Context) map[string][]string {
	out := map[string][]string{}
	for _, k := range c.Keys() {
		v, _ := c.Get(k)
		out[k] = v.Values
		if v.Multi {
			out[k] = append([]string{"multi:"}, v.Values...)
		}
	}
	return out
}

var noon = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func TestDeriveContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		facts iam.Facts
		want  map[string][]string
	}{
		"user with a long-term key": {
			facts: iam.Facts{
				Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/team/dev", Account: own},
				Caller: iam.CallerFacts{
					UniqueID: "AIDAEXAMPLE", Tags: map[string]string{"team": "blue", "note": ""}, OrgID: "o-1", OrgPaths: []string{"o-1/r-1/"},
				},
				Call:     iam.CallFacts{SourceIP: netip.MustParseAddr("::ffff:203.0.113.9"), TLS: true, Region: "eu-west-1", UserAgent: "cli", Referer: "https://example.com"},
				Resource: iam.ResourceFacts{Account: own, OrgID: "o-1", Tags: map[string]string{"Env": "prod"}},
				Time:     noon,
			},
			want: map[string][]string{
				"aws:principalarn": {"arn:aws:iam::111122223333:user/team/dev"}, "aws:principalaccount": {own}, "aws:principaltype": {"User"},
				"aws:userid": {"AIDAEXAMPLE"}, "aws:username": {"dev"}, "aws:principaltag/team": {"blue"}, "aws:principaltag/note": {""},
				"aws:principalorgid": {"o-1"}, "aws:principalorgpaths": {"multi:", "o-1/r-1/"}, "aws:principalisawsservice": {"false"},
				"aws:sourceip": {"203.0.113.9"}, "aws:securetransport": {"true"}, "aws:requestedregion": {"eu-west-1"}, "aws:useragent": {"cli"},
				"aws:referer": {"https://example.com"}, "aws:currenttime": {"2024-06-01T12:00:00Z"}, "aws:epochtime": {"1717243200"},
				"aws:viaawsservice": {"false"}, "aws:resourceaccount": {own}, "aws:resourceorgid": {"o-1"}, "aws:resourcetag/env": {"prod"},
			},
		},
		"session of a role with MFA, through an endpoint": {
			facts: iam.Facts{
				Principal: iam.Principal{Kind: iam.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/App/s", RoleARN: "arn:aws:iam::111122223333:role/x/App", Account: own},
				Caller: iam.CallerFacts{
					UniqueID: "AROAEXAMPLE", TokenIssued: noon.Add(-time.Hour), MFATime: noon.Add(-90 * time.Minute),
					FederatedProvider: "arn:aws:iam::111122223333:saml-provider/okta", SourceIdentity: "alice",
				},
				Call: iam.CallFacts{SourceIP: netip.MustParseAddr("10.0.0.5"), VPC: "vpc-1", VPCEndpoint: "vpce-1"},
				Time: noon,
			},
			want: map[string][]string{
				"aws:principalarn": {"arn:aws:iam::111122223333:role/x/App"}, "aws:principalaccount": {own}, "aws:principaltype": {"AssumedRole"},
				"aws:userid": {"AROAEXAMPLE:s"}, "aws:principalisawsservice": {"false"},
				"aws:tokenissuetime": {"2024-06-01T11:00:00Z"}, "aws:multifactorauthpresent": {"true"}, "aws:multifactorauthage": {"5400"},
				"aws:federatedprovider": {"arn:aws:iam::111122223333:saml-provider/okta"}, "aws:sourceidentity": {"alice"},
				"aws:sourcevpc": {"vpc-1"}, "aws:sourcevpce": {"vpce-1"}, "aws:vpcsourceip": {"10.0.0.5"}, "aws:securetransport": {"false"},
				"aws:currenttime": {"2024-06-01T12:00:00Z"}, "aws:epochtime": {"1717243200"}, "aws:viaawsservice": {"false"},
			},
		},
		"federated user without MFA, through other services": {
			facts: iam.Facts{
				Principal: iam.Principal{Kind: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/bob", Account: own},
				Caller:    iam.CallerFacts{TokenIssued: noon},
				Call:      iam.CallFacts{CalledVia: []string{"cloudformation.amazonaws.com", "dynamodb.amazonaws.com"}},
			},
			want: map[string][]string{
				"aws:principalarn": {"arn:aws:sts::111122223333:federated-user/bob"}, "aws:principalaccount": {own}, "aws:principaltype": {"FederatedUser"},
				"aws:userid": {own + ":bob"}, "aws:principalisawsservice": {"false"}, "aws:tokenissuetime": {"2024-06-01T12:00:00Z"},
				"aws:securetransport": {"false"}, "aws:viaawsservice": {"true"},
				"aws:calledvia":      {"multi:", "cloudformation.amazonaws.com", "dynamodb.amazonaws.com"},
				"aws:calledviafirst": {"cloudformation.amazonaws.com"}, "aws:calledvialast": {"dynamodb.amazonaws.com"},
			},
		},
		"privileged session of a root user": {
			facts: iam.Facts{
				Principal: iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: own},
				Caller:    iam.CallerFacts{AssumedRoot: true},
			},
			want: map[string][]string{
				"aws:principalarn": {"arn:aws:iam::111122223333:root"}, "aws:principalaccount": {own}, "aws:principaltype": {"Account"}, "aws:userid": {own},
				"aws:assumedroot": {"true"}, "aws:principalisawsservice": {"false"}, "aws:securetransport": {"false"}, "aws:viaawsservice": {"false"},
			},
		},
		"service for a topic": {
			facts: iam.Facts{
				Principal: iam.Principal{Kind: iam.ServicePrincipal, Service: "sns.amazonaws.com"},
				Caller:    iam.CallerFacts{ServiceNames: []string{"sns.amazonaws.com", "sns.eu-west-1.amazonaws.com"}, TokenIssued: noon},
				Source:    iam.SourceFacts{ARN: "arn:aws:sns:eu-west-1:111122223333:t", Account: own, OrgID: "o-1", OrgPaths: []string{"o-1/r-1/"}},
			},
			want: map[string][]string{
				"aws:principalisawsservice": {"true"}, "aws:principalservicename": {"sns.amazonaws.com"},
				"aws:principalservicenameslist": {"multi:", "sns.amazonaws.com", "sns.eu-west-1.amazonaws.com"},
				"aws:sourcearn":                 {"arn:aws:sns:eu-west-1:111122223333:t"}, "aws:sourceaccount": {own}, "aws:sourceorgid": {"o-1"},
				"aws:sourceorgpaths": {"multi:", "o-1/r-1/"}, "aws:securetransport": {"false"}, "aws:viaawsservice": {"false"},
			},
		},
		"anonymous caller that sets tags": {
			facts: iam.Facts{RequestTags: map[string]string{"b": "2", "a": ""}, RequestTagKeys: []string{"old"}},
			want: map[string][]string{
				"aws:principaltype": {"Anonymous"}, "aws:principalaccount": {"anonymous"}, "aws:requesttag/a": {""}, "aws:requesttag/b": {"2"},
				"aws:tagkeys": {"multi:", "a", "b", "old"}, "aws:securetransport": {"false"}, "aws:viaawsservice": {"false"},
			},
		},
		"SAML identity": {
			facts: iam.Facts{Principal: callers()["saml"]},
			want:  map[string][]string{"aws:securetransport": {"false"}, "aws:viaawsservice": {"false"}},
		},
		"session of a role without MFA": {
			facts: iam.Facts{Principal: callers()["session"], Caller: iam.CallerFacts{TokenIssued: noon}},
			want: map[string][]string{
				"aws:principalarn": {"arn:aws:iam::111122223333:role/path/App"}, "aws:principalaccount": {own}, "aws:principaltype": {"AssumedRole"},
				"aws:principalisawsservice": {"false"}, "aws:tokenissuetime": {"2024-06-01T12:00:00Z"}, "aws:multifactorauthpresent": {"false"},
				"aws:securetransport": {"false"}, "aws:viaawsservice": {"false"},
			},
		},
		"session of a role for a token": {
			facts: iam.Facts{Principal: callers()["session"], Caller: iam.CallerFacts{TokenIssued: noon, FederatedProvider: "accounts.google.com"}},
			want: map[string][]string{
				"aws:principalarn": {"arn:aws:iam::111122223333:role/path/App"}, "aws:principalaccount": {own}, "aws:principaltype": {"AssumedRole"},
				"aws:principalisawsservice": {"false"}, "aws:tokenissuetime": {"2024-06-01T12:00:00Z"}, "aws:federatedprovider": {"accounts.google.com"},
				"aws:securetransport": {"false"}, "aws:viaawsservice": {"false"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, keysOf(iam.DeriveContext(c.facts))); diff != "" {
				t.Errorf("DeriveContext (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMFAIsAbsentForLongTermKeys is the difference between Bool and
// BoolIfExists.
func TestMFAIsAbsentForLongTermKeys(t *testing.T) {
	t.Parallel()
	facts := iam.Facts{Principal: callers()["user"], Time: noon}
	for operator, want := range map[string]bool{"Bool": true, "BoolIfExists": false} {
		set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, nil), statement(iam.Deny, func(s *iam.Statement) {
			s.Conditions = []iam.Condition{condition(operator, "aws:MultiFactorAuthPresent", "false")}
		})}}
		req := user(nil)
		req.Context = iam.DeriveContext(facts)
		if got := set.Decide(req).Allowed(); got != want {
			t.Errorf("Deny with %s lets a long-term key pass = %v, want %v", operator, got, want)
		}
	}
}

// TestTagsThatDifferInCaseAreOneKey of which no value can be told to be meant:
// no tag added in another spelling passes an Allow, nor keeps a Deny from
// matching. K and the sign of the kelvin are one letter.
func TestTagsThatDifferInCaseAreOneKey(t *testing.T) {
	t.Parallel()
	for _, tags := range []map[string]string{
		{"kind": "a", "Kind": "b"}, {"kind": "b", "KIND": "a"}, {"kind": "a", "\u212Aind": "b"}, {"kind": "a", "kInd": "c", "kinD": "b"},
	} {
		for range 20 { // maps have no order
			for _, context := range []iam.Context{
				iam.DeriveContext(iam.Facts{RequestTags: tags}),
				iam.NewContext(map[string]string{"aws:RequestTag/kind": "a", "AWS:requesttag/KIND": "b"}),
			} {
				for _, c := range []struct {
					operator       string
					allows, denies bool
				}{
					{"StringEquals", false, true},
					{"StringNotEquals", false, true},
					{"StringEqualsIfExists", false, true},
				} {
					edit := func(s *iam.Statement) {
						s.Conditions = []iam.Condition{condition(c.operator, "aws:RequestTag/Kind", "a")}
					}
					req := user(nil)
					req.Context = context
					set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, edit)}}
					if got := set.Decide(req).Allowed(); got != c.allows {
						t.Fatalf("tags %v: Allow with %s allows = %v, want %v", tags, c.operator, got, c.allows)
					}
					set.Identity = []*iam.Compiled{statement(iam.Allow, nil), statement(iam.Deny, edit)}
					if got := !set.Decide(req).Allowed(); got != c.denies {
						t.Fatalf("tags %v: Deny with %s denies = %v, want %v", tags, c.operator, got, c.denies)
					}
				}
			}
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	c := iam.NewContext(map[string]string{"aws:UserName": "dev"})
	c.SetMulti("aws:TagKeys", "a", "b")
	c.SetMulti("empty")
	d := c.Clone()
	d.Set("AWS:username", "eve")
	d.Delete("aws:tagkeys")
	if diff := cmp.Diff([]string{"aws:tagkeys", "aws:username"}, c.Keys()); diff != "" {
		t.Errorf("Keys (-want +got):\n%s", diff)
	}
	if v, ok := c.Get("AWS:USERNAME"); !ok || v.Multi || v.Values[0] != "dev" {
		t.Errorf("Get = %v, %v after a clone was changed", v, ok)
	}
	if _, ok := c.Get("empty"); ok {
		t.Error("a key without values is present")
	}
	if diff := cmp.Diff([]string{"aws:username"}, d.Keys()); diff != "" {
		t.Errorf("Keys of the clone (-want +got):\n%s", diff)
	}
	var zero iam.Context
	zero.Delete("x")
	if _, ok := zero.Get("x"); ok || zero.Keys() != nil {
		t.Error("the zero context has keys")
	}
}
