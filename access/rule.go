package access

import (
	"fmt"
	"strings"
)

// Rule says who may make the requests it matches.
type Rule struct {
	// ID names the rule in logs and traces. Empty: "rule-N", counted from 1.
	ID string `json:"id"`
	// Path is a pattern: "/a/{tenant}/b", "/a/**", "/**".
	Path string `json:"path"`
	// Methods limits the rule to these HTTP methods; GET covers HEAD. Empty:
	// every method.
	Methods []string `json:"methods,omitempty"`
	// Hosts limits the rule to these hosts: "example.com", or ".example.com"
	// for it and everything below it. Empty: every host.
	Hosts []string `json:"hosts,omitempty"`
	// Allow is what the caller must be.
	Allow Requirement `json:"allow"`
}

// Kind is the kind of a [Requirement]. The zero Kind is not valid, so that a
// requirement somebody forgot to write is never satisfied.
type Kind uint8

// The kinds of requirements.
const (
	// Anyone is satisfied by every caller, anonymous ones too.
	Anyone Kind = iota + 1
	// SignedIn is satisfied by every user.
	SignedIn
	// Role is satisfied by a user who has one of Roles in the tenant Of.
	Role
	// Plan is satisfied by a user of the tenant Of when the tenant has one of
	// Plans.
	Plan
	// When is satisfied when the CEL expression Expr is true.
	When
	// All is satisfied when each of Sub is.
	All
	// Any is satisfied when one of Sub is.
	Any
	// Not is satisfied when its one Sub is definitely not.
	Not
)

// String returns the word the kind has in a manifest.
func (k Kind) String() string {
	switch k {
	case Anyone:
		return "anyone"
	case SignedIn:
		return "signed-in"
	case Role:
		return "role"
	case Plan:
		return "plan"
	case When:
		return "when"
	case All:
		return "all"
	case Any:
		return "any"
	case Not:
		return "not"
	}
	return "unset"
}

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Requirement is what a caller must be. Only the fields of its Kind are set.
type Requirement struct {
	Kind Kind `json:"kind"`
	// Roles are the roles of which one is needed, for [Role].
	Roles []string `json:"roles,omitempty"`
	// Plans are the plans of which one is needed, for [Plan].
	Plans []string `json:"plans,omitempty"`
	// Of names the tenant, for [Role] and [Plan]: the parameter of the rule's
	// path, written "{tenant}" or "tenant", when the path has one of that name;
	// else a tenant id.
	Of string `json:"of,omitempty"`
	// Expr is a CEL expression that yields a bool, for [When].
	Expr string `json:"when,omitempty"`
	// Sub are the requirements [All], [Any] and [Not] combine; exactly one for
	// Not.
	Sub []Requirement `json:"sub,omitempty"`
}

// String returns the requirement as a phrase: "role manager of {tenant}".
func (r Requirement) String() string {
	switch r.Kind {
	case SignedIn:
		return "a signed-in user"
	case Role:
		return "role " + orList(r.Roles) + " of " + r.Of
	case Plan:
		return "plan " + orList(r.Plans) + " of " + r.Of
	case When:
		return "when " + r.Expr
	case All, Any, Not:
		parts := make([]string, len(r.Sub))
		for i, s := range r.Sub {
			parts[i] = s.String()
		}
		return fmt.Sprintf("%s(%s)", r.Kind, strings.Join(parts, "; "))
	}
	return r.Kind.String()
}

func orList(words []string) string { return strings.Join(words, " or ") }
