package sts_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

var rootUser = sts.Caller{Principal: iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: own}}

func TestGetSessionToken(t *testing.T) {
	t.Parallel()
	// No policy is asked, not even one that denies.
	caller := user(identity(t, `{"Effect":"Deny","Action":"*","Resource":"*"}`))
	caller.Facts.Tags = map[string]string{"Team": "blue"}
	s := wantSession(t, sts.GetSessionToken(&sts.GetSessionTokenCall{Caller: caller, Request: sts.Request{Time: noon}}))
	if diff := cmp.Diff(caller.Principal, s.Principal); diff != "" || s.Seconds != 43200 || s.UserID() != "AIDAEXAMPLE" || !s.Facts.MFATime.IsZero() {
		t.Errorf("session of %d s for %+v, want the user's own for twelve hours", s.Seconds, s.Principal)
	}
	next := s.Caller()
	if !next.Facts.TokenIssued.Equal(noon) || len(next.Facts.Tags) != 1 {
		t.Errorf("caller %+v, want temporary credentials with the user's tags", next)
	}
	withCode := &sts.GetSessionTokenCall{Caller: caller, SerialNumber: "arn:aws:iam::111122223333:mfa/dev", TokenCode: "123456", CodeVerified: true, Request: sts.Request{Time: noon}}
	s = wantSession(t, sts.GetSessionToken(withCode))
	if next := s.Caller(); !next.Facts.MFATime.Equal(noon) {
		t.Errorf("caller with a second factor: %+v", next)
	}
	withCode.CodeVerified = false
	wantRefusal(t, sts.GetSessionToken(withCode), sts.AccessDenied, "mfa", "invalid MFA")
}

func TestUserSessionDurations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		caller sts.Caller
		wanted *int
		want   int // 0 for refused
	}{
		{"default", user(anybody(t)), nil, 43200},
		{"least", user(anybody(t)), seconds(900), 900},
		{"most", user(anybody(t)), seconds(129600), 129600},
		{"less than the least", user(anybody(t)), seconds(899), 0},
		{"more than the most", user(anybody(t)), seconds(129601), 0},
		{"root's default", rootUser, nil, 3600},
		{"root asks for more", rootUser, seconds(43200), 3600},
		{"root asks for less", rootUser, seconds(900), 900},
	}
	for _, tc := range tests {
		for op, o := range map[sts.Operation]*sts.Outcome{
			sts.OpGetSessionToken:    sts.GetSessionToken(&sts.GetSessionTokenCall{Caller: tc.caller, DurationSeconds: tc.wanted, Request: sts.Request{Time: noon}}),
			sts.OpGetFederationToken: sts.GetFederationToken(&sts.GetFederationTokenCall{Caller: tc.caller, Name: "jean", DurationSeconds: tc.wanted, Request: sts.Request{Time: noon}}),
		} {
			if tc.want == 0 {
				wantRefusal(t, o, sts.ValidationError, "parameters", "at 'durationSeconds'")
				continue
			}
			if s := wantSession(t, o); s.Seconds != tc.want || o.Operation != op {
				t.Errorf("%s: %s gives %d s, want %d", tc.name, op, s.Seconds, tc.want)
			}
		}
	}
}

func TestWhoHasUserSessions(t *testing.T) {
	t.Parallel()
	temporary := user(anybody(t))
	temporary.Facts.TokenIssued = noon
	federated := sts.Caller{Principal: iam.Principal{Kind: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/jean", Account: own}}
	for name, tc := range map[string]struct {
		caller  sts.Caller
		code    sts.Code
		message string
	}{
		"session of a role": {session(anybody(t)), sts.AccessDenied, "with session credentials"},
		"session of a user": {temporary, sts.AccessDenied, "with session credentials"},
		"federated user":    {federated, sts.AccessDenied, "with session credentials"},
		"service":           {sts.Caller{Principal: iam.Principal{Kind: iam.ServicePrincipal, Service: "ec2.amazonaws.com"}}, sts.AccessDenied, ""},
		"nobody":            {sts.Caller{}, sts.MissingAuthentication, ""},
	} {
		o := sts.GetSessionToken(&sts.GetSessionTokenCall{Caller: tc.caller, Request: sts.Request{Time: noon}})
		wantRefusal(t, o, tc.code, "caller", tc.message)
		o = sts.GetFederationToken(&sts.GetFederationTokenCall{Caller: tc.caller, Name: "jean", Request: sts.Request{Time: noon}})
		wantRefusal(t, o, tc.code, "caller", tc.message)
		if name == "session of a role" && o.Refusal.Message != "Cannot call GetFederationToken with session credentials" {
			t.Errorf("%s: %q", name, o.Refusal.Message)
		}
	}
}

func TestGetFederationToken(t *testing.T) {
	t.Parallel()
	const policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","ec2:*"],"Resource":"*"}}`
	call := func(c sts.Caller, policy string, tags ...sts.Tag) *sts.Outcome {
		return sts.GetFederationToken(&sts.GetFederationTokenCall{
			Caller: c, Name: "jean", SessionPolicies: sts.SessionPolicies{Policy: policy}, Tags: tags, Request: sts.Request{Time: noon},
		})
	}
	may := func(s *sts.Session, action string, bucket *iam.Compiled) bool {
		set := s.Policies
		set.Resource = bucket
		return set.Decide(&iam.Request{Principal: s.Principal, Action: action, Resource: "arn:aws:s3:::media/1.jpg", ResourceAccount: own}).Allowed()
	}
	c := user(allows(t, "sts:*", "s3:*"))
	s := wantSession(t, call(c, policy))
	want := iam.Principal{Kind: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/jean", UserARN: dev, Account: own}
	if diff := cmp.Diff(want, s.Principal); diff != "" || s.UserID() != "111122223333:jean" {
		t.Errorf("principal with ID %q (-want +got):\n%s", s.UserID(), diff)
	}
	for action, want := range map[string]bool{"s3:GetObject": true, "s3:PutObject": false, "ec2:RunInstances": false} {
		if got := may(s, action, nil); got != want {
			t.Errorf("with a session policy, may %s = %v, want %v", action, got, want)
		}
	}
	// Without a session policy nothing is allowed but what a resource grants the
	// session by name.
	s = wantSession(t, call(c, ""))
	named := document(t, iam.ResourcePolicy, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:federated-user/jean"},"Action":"s3:GetObject","Resource":"*"}`)
	if may(s, "s3:GetObject", nil) || !may(s, "s3:GetObject", named) {
		t.Error("without a session policy the session may do more, or less, than what names it")
	}
	// The root user's session has what its policy says.
	s = wantSession(t, call(rootUser, policy))
	if s.Principal.UserARN != "" || !may(s, "s3:GetObject", nil) || may(s, "s3:PutObject", nil) {
		t.Error("the session by the root user is not what its policy says")
	}
	// Tags are an action of their own.
	s = wantSession(t, call(c, policy, sts.Tag{"Team", "blue"}))
	if len(s.Facts.Tags) != 1 {
		t.Errorf("tags %v, want one", s.Facts.Tags)
	}
	only := user(allows(t, "sts:GetFederationToken"))
	wantRefusal(t, call(only, policy, sts.Tag{"Team", "blue"}), sts.AccessDenied, "tag-session",
		"User: "+dev+" is not authorized to perform: sts:TagSession on resource: arn:aws:sts::111122223333:federated-user/jean because no identity-based policy allows the sts:TagSession action")
	wantRefusal(t, call(user(), policy), sts.AccessDenied, "permission", "because no identity-based policy allows the sts:GetFederationToken action")
	wantRefusal(t, call(c, "{"), sts.MalformedPolicyDocument, "session-policies", "")
}

func TestGetFederationTokenParameters(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{
		"":                                  "Value null at 'name'",
		"a":                                 "greater than or equal to 2",
		"a b":                               "regular expression pattern",
		"abcdefghijklmnopqrstuvwxyzabcdefg": "less than or equal to 32",
	} {
		o := sts.GetFederationToken(&sts.GetFederationTokenCall{Caller: user(anybody(t)), Name: name, Request: sts.Request{Time: noon}})
		wantRefusal(t, o, sts.ValidationError, "parameters", message)
	}
}

func TestBarred(t *testing.T) {
	t.Parallel()
	plain := wantSession(t, sts.GetSessionToken(&sts.GetSessionTokenCall{Caller: user(), Request: sts.Request{Time: noon}}))
	strong := wantSession(t, sts.GetSessionToken(&sts.GetSessionTokenCall{Caller: user(), SerialNumber: "arn:aws:iam::111122223333:mfa/dev", TokenCode: "123456", CodeVerified: true, Request: sts.Request{Time: noon}}))
	federated := wantSession(t, sts.GetFederationToken(&sts.GetFederationTokenCall{Caller: user(anybody(t)), Name: "jean", Request: sts.Request{Time: noon}}))
	role := wantSession(t, sts.AssumeRole(assuming(t, user(anybody(t)))))
	tests := []struct {
		name    string
		session *sts.Session
		action  string
		want    bool
	}{
		{"user", plain, "iam:ListUsers", true},
		{"user", plain, "IAM:listusers", true},
		{"user with a second factor", strong, "iam:ListUsers", false},
		{"user", plain, "sts:AssumeRole", false},
		{"user", plain, "sts:GetCallerIdentity", false},
		{"user", plain, "sts:GetFederationToken", true},
		{"user", plain, "s3:GetObject", false},
		{"federated user", federated, "iam:ListUsers", true},
		{"federated user", federated, "sts:AssumeRole", true},
		{"federated user", federated, "sts:GetCallerIdentity", false},
		{"federated user", federated, "s3:GetObject", false},
		{"role", role, "iam:ListUsers", false},
		{"role", role, "sts:AssumeRole", false},
	}
	for _, tc := range tests {
		why, got := tc.session.Barred(tc.action)
		if got != tc.want || got != (why != "") {
			t.Errorf("session of a %s: Barred(%q) = %q, %v, want %v", tc.name, tc.action, why, got, tc.want)
		}
	}
}

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	denied := user(identity(t, `{"Effect":"Deny","Action":"*","Resource":"*"}`))
	s := session()
	for name, tc := range map[string]struct {
		caller sts.Caller
		want   sts.Identity
	}{
		"a user who is denied everything": {denied, sts.Identity{Account: own, ARN: dev, UserID: "AIDAEXAMPLE"}},
		"a session":                       {s, sts.Identity{Account: own, ARN: "arn:aws:sts::111122223333:assumed-role/App/s1", UserID: "AROAAPP:s1"}},
		"the root user":                   {rootUser, sts.Identity{Account: own, ARN: "arn:aws:iam::111122223333:root", UserID: own}},
	} {
		got, err := sts.GetCallerIdentity(&tc.caller)
		if err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, tc.want)
		}
	}
	var r *sts.Refusal
	if _, err := sts.GetCallerIdentity(&sts.Caller{}); !errors.As(err, &r) || r.Code != sts.MissingAuthentication || r.Status != 403 {
		t.Errorf("nobody: %v, want %s", err, sts.MissingAuthentication)
	}
}
