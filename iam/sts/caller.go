package sts

import (
	"time"

	"github.com/berth-project/berth/iam"
)

// Caller is who calls an operation, as already authenticated, with all that is
// known of it. The caller of one operation is made from the session of another
// with [Session.Caller].
type Caller struct {
	Principal iam.Principal
	// Facts are what is known of the principal. Credentials whose TokenIssued is
	// set are temporary ones.
	Facts iam.CallerFacts
	// TransitiveTagKeys are the keys of those session tags that go along when
	// this session assumes a further role.
	TransitiveTagKeys []string
	// Policies are the caller's own: Identity, Boundary, Session, SCPs and what
	// exempts from these. The rest is filled in from the role.
	Policies iam.PolicySet
	// Context are the keys that go with the caller's requests because of how the
	// credentials were obtained, such as those of an identity provider.
	Context iam.Context
}

// Request is what is known of the way a call came.
type Request struct {
	// Call and Source are facts that condition keys follow from. The service takes
	// calls over TLS only, so Call.TLS need not be set.
	Call   iam.CallFacts
	Source iam.SourceFacts
	// Context are further keys. They are over those that follow from facts, and
	// under those of the call's own parameters.
	Context iam.Context
	// Time is when the call is made. It must be given.
	Time time.Time
}

// temporary reports whether the caller's credentials have a session token.
func (c *Caller) temporary() bool {
	return !c.Facts.TokenIssued.IsZero() || c.Principal.Kind == iam.AssumedRole || c.Principal.Kind == iam.FederatedUser
}

// chained reports whether a role assumed by the caller is a link of a chain. The
// guide speaks of role sessions only; that credentials of GetSessionToken are
// held to the same hour is what many people have met.
func (c *Caller) chained() bool { return c.temporary() }

// inherited are the tags that go along from the caller's session.
func (c *Caller) inherited() []Tag {
	var out []Tag
	for _, t := range tagList(c.Facts.Tags) {
		if containsFold(c.TransitiveTagKeys, t.Key) {
			out = append(out, t)
		}
	}
	return out
}

// context returns the keys of the call that do not depend on its parameters.
func (c *Caller) context(r *Request, resource iam.ResourceFacts) iam.Context {
	call := r.Call
	call.TLS = true
	ctx := iam.DeriveContext(iam.Facts{
		Principal: c.Principal, Caller: c.Facts, Call: call, Resource: resource, Source: r.Source, Time: r.Time,
	})
	for _, given := range []iam.Context{c.Context, r.Context} {
		for _, k := range given.Keys() {
			v, _ := given.Get(k)
			set(&ctx, k, v)
		}
	}
	return ctx
}

// set gives a key a value of another context.
func set(ctx *iam.Context, key string, v iam.ContextValue) {
	if v.Multi || len(v.Values) != 1 {
		ctx.SetMulti(key, v.Values...)
		return
	}
	ctx.Set(key, v.Values[0])
}

// setParameters sets the keys of the parameters that several operations have.
// Keys of tags that go along from the session before are not among them.
func setParameters(ctx *iam.Context, session, source string, tags []Tag, transitive []string) {
	if session != "" {
		ctx.Set("sts:RoleSessionName", session)
	}
	if source != "" {
		ctx.Set("sts:SourceIdentity", source)
	}
	keys := make([]string, len(tags))
	for i, t := range tags {
		keys[i] = t.Key
		ctx.Set("aws:RequestTag/"+t.Key, t.Value)
	}
	ctx.SetMulti("aws:TagKeys", keys...)
	ctx.SetMulti("sts:TransitiveTagKeys", transitive...)
}
