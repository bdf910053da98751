package iam

import (
	"maps"
	"slices"
	"strings"
)

// PrincipalKind is what kind of caller makes a request.
type PrincipalKind uint8

// The kinds of callers.
const (
	// Anonymous is nobody: the request is not signed.
	Anonymous PrincipalKind = iota
	// User is an IAM user.
	User
	// AssumedRole is a session of a role.
	AssumedRole
	// FederatedUser is a session from GetFederationToken.
	FederatedUser
	// Root is the account's root user.
	Root
	// ServicePrincipal is a service of the vendor acting on its own behalf.
	ServicePrincipal
	// SAMLIdentity presents an assertion of a SAML provider.
	SAMLIdentity
	// WebIdentity presents a token of an OpenID Connect provider.
	WebIdentity
)

var principalKindNames = [...]string{
	Anonymous: "anonymous", User: "user", AssumedRole: "assumed-role", FederatedUser: "federated-user",
	Root: "root", ServicePrincipal: "service", SAMLIdentity: "saml", WebIdentity: "web-identity",
}

// String returns the word that [ParsePrincipalKind] reads.
func (k PrincipalKind) String() string { return principalKindNames[k] }

// MarshalText implements [encoding.TextMarshaler].
func (k PrincipalKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParsePrincipalKind returns the kind of a word such as "assumed-role".
func ParsePrincipalKind(word string) (PrincipalKind, bool) {
	i := slices.Index(principalKindNames[:], word)
	return PrincipalKind(max(i, 0)), i >= 0
}

// Principal is who makes a request, as already authenticated.
type Principal struct {
	Kind PrincipalKind
	// ARN is the caller: of a role session the STS session ARN.
	ARN string
	// RoleARN is the role of a session, with its path.
	RoleARN string
	// UserARN is the user who issued a federated user's session.
	UserARN string
	// Account is the 12-digit account the caller belongs to.
	Account string
	// Service is the service principal: "lambda.amazonaws.com".
	Service string
	// Provider is the identity provider of a SAML or web identity: its ARN, or
	// a well-known name such as "accounts.google.com".
	Provider string
	// CanonicalUser is the caller's canonical user ID, where known.
	CanonicalUser string
}

// Request is one question: may this principal do this to that resource.
type Request struct {
	Principal Principal
	// Action is "prefix:Name", in any case.
	Action string
	// Resource is an ARN, or "*" for actions that have no resource.
	Resource string
	// ResourceAccount is the account that owns the resource.
	ResourceAccount string
	// Context are the condition keys of the request.
	Context Context
}

// Context holds the condition keys of a request. Names are without regard to
// case, tag keys included. The zero value is empty and ready to read; a context
// is not changed while a request with it is decided.
type Context struct {
	keys map[string]ContextValue
}

// ContextValue is the value of a condition key.
type ContextValue struct {
	Values []string
	// Multi is set for keys that can have several values at once.
	Multi bool
}

// NewContext returns a context of single-valued keys. One that is there in
// several spellings has their values, of which none can be told to be meant.
func NewContext(keys map[string]string) Context {
	var c Context
	c.setAll("", keys)
	return c
}

// setAll sets the keys of a prefix, which differ in more than their case or have
// all their values: the vendor says that a condition on a tag matches one
// spelling of its key "but not both".
func (c *Context) setAll(prefix string, keys map[string]string) {
	spelled := map[string][]string{}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		name := strings.ToLower(prefix + k)
		spelled[name] = append(spelled[name], keys[k])
	}
	for name, values := range spelled {
		c.put(name, ContextValue{Values: values})
	}
}

// valuesOf returns the values of a key in lower case. Of a multivalued key, texts
// that are all empty are none (IAM User Guide, "Set operators for multivalued
// context keys": "a null dataset, such as an empty string").
func (c *Context) valuesOf(key string) []string {
	v := c.keys[key]
	if v.Multi && !slices.ContainsFunc(v.Values, func(s string) bool { return s != "" }) {
		return nil
	}
	return v.Values
}

// Set gives a key its one value.
func (c *Context) Set(key, value string) {
	c.put(key, ContextValue{Values: []string{value}})
}

// SetMulti gives a multivalued key its values. A key without values counts as
// absent.
func (c *Context) SetMulti(key string, values ...string) {
	c.put(key, ContextValue{Values: slices.Clone(values), Multi: true})
}

// Delete removes a key.
func (c *Context) Delete(key string) { delete(c.keys, strings.ToLower(key)) }

func (c *Context) put(key string, v ContextValue) {
	if c.keys == nil {
		c.keys = map[string]ContextValue{}
	}
	c.keys[strings.ToLower(key)] = v
}

// Get returns the value of a key; ok is false where it is absent or has no
// values.
func (c Context) Get(key string) (v ContextValue, ok bool) {
	v, ok = c.keys[strings.ToLower(key)]
	return v, ok && len(v.Values) > 0
}

// Keys returns the names of the keys that are present, in lower case, sorted.
func (c Context) Keys() []string {
	var names []string
	for k, v := range c.keys {
		if len(v.Values) > 0 {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	return names
}

// Clone returns a copy that can be changed on its own.
func (c Context) Clone() Context {
	var out Context
	for k, v := range c.keys {
		out.put(k, v)
	}
	return out
}
