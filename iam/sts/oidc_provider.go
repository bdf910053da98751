package sts

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// OIDCProvider is an OpenID Connect provider registered with an account, or one
// of those that every account has.
type OIDCProvider struct {
	// ARN is "arn:aws:iam::111122223333:oidc-provider/token.example.com/path", or
	// for a provider that is built in its name: "accounts.google.com".
	ARN string
	// URL is the issuer: "https://token.example.com/path".
	URL string
	// ClientIDs are the audiences the provider is registered with. One that is
	// built in has none and takes any.
	ClientIDs []string
	// ClaimKeys are further claims that become condition keys, "email" for
	// "token.example.com/path:email". The ones that the vendor knows need not be
	// listed.
	ClaimKeys []string
}

// OIDCProviderARN returns the ARN that the provider of an issuer has where it is
// registered with an account; of one that is built in its name.
func OIDCProviderARN(issuer, partition, account string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
	if slices.Contains(builtIn, host) {
		return host
	}
	return arn.ARN{Partition: partition, Service: "iam", Account: account, Resource: "oidc-provider/" + host}.String()
}

// builtIn are the providers that need not be registered.
var builtIn = []string{"accounts.google.com", "www.amazon.com", "graph.facebook.com", "cognito-identity.amazonaws.com"}

// host returns the issuer as condition keys have it: without the scheme.
func (p *OIDCProvider) host() string {
	return strings.TrimSuffix(strings.TrimPrefix(p.URL, "https://"), "/")
}

// known reports whether the provider is one that is built in.
func (p *OIDCProvider) known() bool { return slices.Contains(builtIn, p.ARN) }

// account returns the account the provider is registered with; empty for one
// that is built in.
func (p *OIDCProvider) account() (string, error) {
	if p.known() {
		return "", nil
	}
	_, account, _, err := splitIAM(p.ARN, "oidc-provider/")
	return account, err
}

// vendorClaims are the claims that become condition keys for providers the
// vendor knows, by the beginning and the end of their issuer (Service
// Authorization Reference, condition keys of AssumeRoleWithWebIdentity).
var vendorClaims = []struct {
	prefix, suffix string
	claims         []string
}{
	{"token.actions.githubusercontent.com", "", githubClaims},
	{"token.actions.", ".ghe.com", githubClaims},
	{"gitlab.com", "", []string{"namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment", "user_access_level", "user_email", "user_id", "user_login"}},
	{"agent.buildkite.com", "", buildkiteClaims},
	{"agent.", ".buildkite.dev", buildkiteClaims},
	{"agent.", ".buildkite.site", buildkiteClaims},
	{"oidc.circleci.com/org/", "", []string{"oidc.circleci.com/project-id"}},
	{"idcs-", ".identity.oraclecloud.com", []string{"rpst_id"}},
	{"accounts.google.com", "", []string{"google/organization_number"}},
}

var (
	githubClaims    = []string{"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id", "repository_owner_id", "workflow"}
	buildkiteClaims = []string{"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id", "pipeline_slug"}
)

// claimKeys are the claims that become condition keys besides aud, sub and amr.
func (p *OIDCProvider) claimKeys() []string {
	keys := slices.Clone(p.ClaimKeys)
	host := p.host()
	for _, v := range vendorClaims {
		if strings.HasPrefix(host, v.prefix) && strings.HasSuffix(host, v.suffix) {
			keys = append(keys, v.claims...)
		}
	}
	return keys
}

// setToken sets the keys about the token: "token.example.com/path:sub".
func (p *OIDCProvider) setToken(ctx *iam.Context, t *Token, audience string) {
	prefix := p.host() + ":"
	aud, sub := "aud", "sub"
	switch p.host() {
	case "www.amazon.com":
		aud, sub = "app_id", "user_id"
	case "graph.facebook.com":
		aud, sub = "app_id", "id"
	case "accounts.google.com":
		// Of a token for several clients of one application, aud is whom it was
		// issued to and oaud whom it is for.
		if t.AuthorizedParty != "" {
			ctx.Set(prefix+"oaud", audience)
			audience = t.AuthorizedParty
		}
	}
	ctx.Set(prefix+aud, audience)
	ctx.Set(prefix+sub, t.Subject)
	ctx.SetMulti(prefix+"amr", t.AMR...)
	for _, k := range p.claimKeys() {
		if v, ok := t.Claims[k]; ok {
			ctx.Set(prefix+k, v)
		}
	}
}
