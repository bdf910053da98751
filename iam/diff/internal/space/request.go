package space

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

// resourceOwner is the account of resources in requests; a caller of the same
// account asks for a resource of another.
const resourceOwner = "999988887777"

// request puts the samples of all dimensions together.
func (v *view) request(sc *scene, x *situation, caller int, s solution) *iam.Request {
	who := v.space.callers[caller].principal
	r := &iam.Request{Principal: who, Action: sc.actions.Sample(), Resource: x.sample, ResourceAccount: resourceOwner}
	switch {
	case v.space.layer == iam.IdentityLayer || sc.question.Reach != Any:
		r.ResourceAccount = who.Account
	case who.Account == resourceOwner:
		r.ResourceAccount = "888877776666"
	}
	for key, value := range v.values {
		r.Context.Set(v.space.nameOf(key), value)
	}
	for key, st := range s.states {
		name := v.space.nameOf(key)
		switch {
		case len(st.values) == 0:
		case st.list:
			r.Context.SetMulti(name, st.values...)
		default:
			r.Context.Set(name, st.values[0])
		}
	}
	return r
}

// KeyName returns a condition key as policies spell it.
func (s *Space) KeyName(key string) string { return s.nameOf(strings.ToLower(key)) }

// nameOf returns a key as policies spell it.
func (s *Space) nameOf(key string) string {
	for i := range s.literals {
		if s.literals[i].key == key {
			return s.literals[i].name
		}
	}
	return key
}
