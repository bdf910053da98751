package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
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

	request *iam.Request
}

// Request returns the request as the evaluator takes it. It must not be changed.
//
// Its resource belongs to another account than the caller where policies name
// principals, so that theirs is what decides.
func (w *Witness) Request() *iam.Request { return w.request }

func newWitness(r *iam.Request, principals bool, spelled func(string) string) *Witness {
	w := &Witness{Action: r.Action, Resource: r.Resource, request: r}
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
	return b.String()
}
