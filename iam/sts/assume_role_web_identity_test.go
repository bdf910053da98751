package sts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/sts"
)

func TestAssumeRoleWithWebIdentityGivesASession(t *testing.T) {
	t.Parallel()
	tok := token()
	tok.Tags, tok.TransitiveTagKeys, tok.SourceIdentity = []sts.Tag{{"Team", "blue"}}, []string{"Team"}, "jean"
	c := presenting(t, tok)
	c.DurationSeconds = seconds(7200)
	s := wantSession(t, sts.AssumeRoleWithWebIdentity(c))
	if want := "arn:aws:sts::111122223333:assumed-role/Deploy/run-7"; s.Principal.ARN != want || s.UserID() != "" || s.Seconds != 7200 || s.Facts.SourceIdentity != "jean" || s.Facts.FederatedProvider != github {
		t.Errorf("session %+v, want %s for two hours", s, want)
	}
	if diff := cmp.Diff(map[string]string{"Team": "blue"}, s.Facts.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	want := &sts.WebIdentityFacts{Subject: tok.Subject, Audience: "sts.amazonaws.com", Provider: github}
	if diff := cmp.Diff(want, s.WebIdentity); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{"token.actions.githubusercontent.com:sub": tok.Subject} {
		if v, ok := s.Context.Get(key); !ok || v.Values[0] != want {
			t.Errorf("the session's key %s = %v, want %q", key, v.Values, want)
		}
	}
}

func TestWebIdentityChecks(t *testing.T) {
	t.Parallel()
	const denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	tests := []struct {
		name    string
		change  func(*sts.AssumeRoleWithWebIdentityCall)
		code    sts.Code
		check   string
		message string
	}{
		{"no session name", func(c *sts.AssumeRoleWithWebIdentityCall) { c.SessionName = "" }, sts.ValidationError, "parameters", "roleSessionName"},
		{"no token", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token = nil }, sts.InvalidIdentityToken, "token", "not a valid JWT"},
		{"unreadable token", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token, c.TokenError = nil, errors.New("three parts") }, sts.InvalidIdentityToken, "token", "not a valid JWT"},
		{"no subject", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Subject = "" }, sts.InvalidIdentityToken, "token", "Missing a required claim: sub"},
		{"no audience", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Audiences = nil }, sts.InvalidIdentityToken, "token", "Missing a required claim: aud"},
		{"no end", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.ExpiresAt = time.Time{} }, sts.InvalidIdentityToken, "token", "Missing a required claim: exp"},
		{"no beginning", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.IssuedAt = time.Time{} }, sts.InvalidIdentityToken, "token", "Missing a required claim: iat"},
		{"no issuer", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Issuer = "" }, sts.InvalidIdentityToken, "token", "Missing a required claim: iss"},
		{"no provider", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Provider = nil }, sts.InvalidIdentityToken, "provider", "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com"},
		{"another issuer", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Issuer = "https://evil.example" }, sts.InvalidIdentityToken, "provider", "No OpenIDConnect provider found in your account for https://evil.example"},
		{"issuer without scheme", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Issuer = "token.actions.githubusercontent.com" }, sts.InvalidIdentityToken, "provider", ""},
		{"provider of another account", func(c *sts.AssumeRoleWithWebIdentityCall) {
			c.Provider.ARN = "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com"
		}, sts.InvalidIdentityToken, "provider", "No OpenIDConnect provider found"},
		{"provider that is none", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Provider.ARN = corp }, sts.InvalidIdentityToken, "provider", ""},
		{"nobody verified", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Signature = sts.Signature{} }, sts.InvalidIdentityToken, "signature", "signature is invalid"},
		{"bad signature", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Signature.Problem = "no such key" }, sts.InvalidIdentityToken, "signature", ""},
		{"expired", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.ExpiresAt = noon }, sts.ExpiredToken, "time", "Token expired: current date/time 1772452800 must be before the expiration date/time 1772452800"},
		{"from the future", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.IssuedAt = noon.Add(61 * time.Second) }, sts.InvalidIdentityToken, "time", ""},
		{"not yet", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.NotBefore = noon.Add(61 * time.Second) }, sts.InvalidIdentityToken, "time", ""},
		{"another audience", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Audiences = []string{"https://github.com/acme"} }, sts.InvalidIdentityToken, "audience", "Incorrect token audience"},
		{"bad tag", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Tags = []sts.Tag{{"k", "*"}} }, sts.InvalidIdentityToken, "tags", ""},
		{"bad source identity", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.SourceIdentity = "a b" }, sts.InvalidIdentityToken, "source-identity", "Source Identity must match"},
		{"no such role", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Role = nil }, sts.AccessDenied, "trust", denied},
		{"another subject", func(c *sts.AssumeRoleWithWebIdentityCall) { c.Token.Subject = "repo:evil/app:ref:refs/heads/main" }, sts.AccessDenied, "trust", denied},
		{"role that trusts another", func(c *sts.AssumeRoleWithWebIdentityCall) {
			c.Role.Trust = trusting(t, `{"Federated":"accounts.google.com"}`)
		}, sts.AccessDenied, "trust", denied},
		{"tags that the role does not take", func(c *sts.AssumeRoleWithWebIdentityCall) {
			c.Token.Tags = []sts.Tag{{"Team", "blue"}}
			c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"Federated":"`+github+`"},"Action":"sts:AssumeRoleWithWebIdentity"}`)
		}, sts.AccessDenied, "tag-session", "Not authorized to perform sts:TagSession"},
		{"long session", func(c *sts.AssumeRoleWithWebIdentityCall) {
			c.Role.MaxSessionSeconds, c.DurationSeconds = 3600, seconds(7200)
		}, sts.ValidationError, "duration", "exceeds the MaxSessionDuration"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := presenting(t, token())
			tc.change(c)
			wantRefusal(t, sts.AssumeRoleWithWebIdentity(c), tc.code, tc.check, tc.message)
		})
	}
}

// TestTokenKeys holds the keys that a trust policy sees of a token: which there
// are is a matter of the provider.
func TestTokenKeys(t *testing.T) {
	t.Parallel()
	const eks = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
	registered := func(host string, claims ...string) *sts.OIDCProvider {
		return &sts.OIDCProvider{ARN: "arn:aws:iam::111122223333:oidc-provider/" + host, URL: "https://" + host, ClientIDs: []string{"client"}, ClaimKeys: claims}
	}
	builtIn := func(host string) *sts.OIDCProvider { return &sts.OIDCProvider{ARN: host, URL: "https://" + host} }
	tests := []struct {
		name      string
		provider  *sts.OIDCProvider
		change    func(*sts.Token)
		condition string
		want      bool
	}{
		{"path is part of the key", registered(eks), func(*sts.Token) {}, `"StringEquals":{"` + eks + `:sub":"somebody","` + eks + `:aud":"client"}`, true},
		{"any of two audiences", registered(eks), func(tok *sts.Token) { tok.Audiences = []string{"other", "client"} }, `"StringEquals":{"` + eks + `:aud":"client"}`, true},
		{"ways of signing in", registered(eks), func(tok *sts.Token) { tok.AMR = []string{"pwd", "mfa"} }, `"ForAnyValue:StringEquals":{"` + eks + `:amr":"mfa"}`, true},
		{"claim nobody mapped", registered(eks), func(tok *sts.Token) { tok.Claims["email"] = "jean@corp.example" }, `"StringEquals":{"` + eks + `:email":"jean@corp.example"}`, false},
		{"claim that is mapped", registered(eks, "email"), func(tok *sts.Token) { tok.Claims["email"] = "jean@corp.example" }, `"StringEquals":{"` + eks + `:email":"jean@corp.example"}`, true},
		{"claim the vendor knows", registered("token.actions.githubusercontent.com"), func(tok *sts.Token) { tok.Claims["repository"] = "acme/app" }, `"StringEquals":{"token.actions.githubusercontent.com:repository":"acme/app"}`, true},
		{"of another claim it does not", registered("token.actions.githubusercontent.com"), func(tok *sts.Token) { tok.Claims["run_id"] = "7" }, `"StringEquals":{"token.actions.githubusercontent.com:run_id":"7"}`, false},
		{"enterprise's own host", registered("token.actions.acme.ghe.com"), func(tok *sts.Token) { tok.Claims["ref"] = "refs/heads/main" }, `"StringEquals":{"token.actions.acme.ghe.com:ref":"refs/heads/main"}`, true},
		{"provider that is built in", builtIn("cognito-identity.amazonaws.com"), func(tok *sts.Token) { tok.AMR = []string{"authenticated"} }, `"StringEquals":{"cognito-identity.amazonaws.com:aud":"client"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}`, true},
		{"its issuer without scheme", builtIn("accounts.google.com"), func(tok *sts.Token) { tok.Issuer = "accounts.google.com" }, `"StringEquals":{"accounts.google.com:sub":"somebody"}`, true},
		{"client and audience apart", builtIn("accounts.google.com"), func(tok *sts.Token) { tok.AuthorizedParty = "android" }, `"StringEquals":{"accounts.google.com:aud":"android","accounts.google.com:oaud":"client"}`, true},
		{"other names for the same", builtIn("graph.facebook.com"), func(*sts.Token) {}, `"StringEquals":{"graph.facebook.com:app_id":"client","graph.facebook.com:id":"somebody"}`, true},
		{"and others", builtIn("www.amazon.com"), func(*sts.Token) {}, `"StringEquals":{"www.amazon.com:app_id":"client","www.amazon.com:user_id":"somebody"}`, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tok := token()
			tok.Issuer, tok.Subject, tok.Audiences = tc.provider.URL, "somebody", []string{"client"}
			tc.change(tok)
			c := presenting(t, tok)
			c.Provider = tc.provider
			c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"Federated":"`+tc.provider.ARN+`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{`+tc.condition+`}}`)
			o := sts.AssumeRoleWithWebIdentity(c)
			if tc.want {
				wantSession(t, o)
				return
			}
			wantRefusal(t, o, sts.AccessDenied, "trust", "")
		})
	}
}
