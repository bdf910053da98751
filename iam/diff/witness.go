package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/space"
)

// Witness is a request that the evaluator allows under one side and not under
// the other.
type Witness struct {
	// Principal is who asks, in the words of a policy; empty where policies do
	// not name principals.
	Principal string `json:"principal,omitempty"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	// Context are the condition keys with their values.
	Context map[string][]string `json:"context,omitempty"`

	// Setting says which policies of the caller's own there are besides.
	Setting Setting `json:"setting,omitempty"`

	request *iam.Request
}

// Setting is what besides a resource's policy decides about a request. A
// statement that names a user or a role of the resource's own account grants
// more than one that names the account: it suffices without a policy of the
// caller.
type Setting string

// The settings.
const (
	// Anyway is a request that the caller's own policies allow.
	Anyway Setting = ""
	// WithoutOwnPolicy is a request within the account of the resource, by a
	// caller that has no policies.
	WithoutOwnPolicy Setting = "within the account, without a policy of the caller"
	// BeyondBoundary is the same by a caller whose permissions boundary allows
	// nothing.
	BeyondBoundary Setting = "within the account, beyond the caller's permissions boundary"
)

// Request returns the request as the evaluator takes it. It must not be changed.
//
// Where policies name principals its resource belongs to another account than the
// caller, so that theirs is what decides, unless the setting says otherwise.
func (w *Witness) Request() *iam.Request { return w.request }

func newWitness(r *iam.Request, principals bool, reach space.Reach, spelled func(string) string) *Witness {
	w := &Witness{Action: r.Action, Resource: r.Resource, request: r}
	switch reach {
	case space.Alone:
		w.Setting = WithoutOwnPolicy
	case space.Unbounded:
		w.Setting = BeyondBoundary
	}
	if principals {
		w.Principal = nameOf(&r.Principal)
	}
	for _, key := range r.Context.Keys() {
		v, _ := r.Context.Get(key)
		if w.Context == nil {
			w.Context = map[string][]string{}
		}
		w.Context[spelled(key)] = v.Values
	}
	return w
}

// nameOf returns what policies call a caller.
func nameOf(p *iam.Principal) string {
	switch p.Kind {
	case iam.Anonymous:
		return "anonymous"
	case iam.ServicePrincipal:
		return p.Service
	case iam.SAMLIdentity, iam.WebIdentity:
		return p.Provider
	}
	if p.CanonicalUser != "" {
		return p.ARN + " (canonical user " + p.CanonicalUser + ")"
	}
	return p.ARN
}

// String returns the request in one line.
func (w *Witness) String() string {
	var b strings.Builder
	if w.Principal != "" {
		b.WriteString(w.Principal + " ")
	}
	b.WriteString(w.Action + " on " + w.Resource)
	for i, key := range slices.Sorted(maps.Keys(w.Context)) {
		sep := ", "
		if i == 0 {
			sep = " with "
		}
		fmt.Fprintf(&b, "%s%s=%s", sep, key, strings.Join(w.Context[key], ","))
	}
	if w.Setting != Anyway {
		b.WriteString(", " + string(w.Setting))
	}
	return b.String()
}
