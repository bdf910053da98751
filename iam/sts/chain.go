package sts

import "fmt"

// Hop is one role of a chain and how it is assumed.
type Hop struct {
	// Role is the role; nil where there is none of the ARN.
	Role    *Role
	RoleARN string
	// SessionName and the rest are the parameters of the call.
	SessionName     string
	DurationSeconds *int
	ExternalID      string
	SessionPolicies
	Tags              []Tag
	TransitiveTagKeys []string
	SourceIdentity    string
	// SerialNumber, TokenCode and CodeVerified are as in [AssumeRoleCall]. Only
	// the first hop can have them: a session has no device.
	SerialNumber, TokenCode string
	CodeVerified            bool
}

// Chain assumes one role after the other, each with the session of the one
// before, all of them at the time and from the place of the request, and returns
// the outcome of each hop. It ends at the first that is refused.
//
// A hop replaces all permissions: nothing of the role before can be done any
// more. From the second hop on a session is of one hour at most. Transitive tags
// and the source identity go along, and nobody on the way can change them.
func Chain(caller Caller, request Request, hops ...Hop) []*Outcome {
	var out []*Outcome
	for _, h := range hops {
		o := AssumeRole(&AssumeRoleCall{
			Caller: caller, RoleARN: h.RoleARN, Role: h.Role, SessionName: h.SessionName,
			DurationSeconds: h.DurationSeconds, ExternalID: h.ExternalID, SessionPolicies: h.SessionPolicies,
			Tags: h.Tags, TransitiveTagKeys: h.TransitiveTagKeys, SourceIdentity: h.SourceIdentity,
			SerialNumber: h.SerialNumber, TokenCode: h.TokenCode, CodeVerified: h.CodeVerified,
			Request: request,
		})
		if o.Session != nil && len(o.Session.TransitiveTagKeys) > 0 {
			o.pass("transitive-tags", fmt.Sprintf("%d tags go along and cannot be changed: %s", len(o.Session.TransitiveTagKeys), join(o.Session.TransitiveTagKeys)))
		}
		out = append(out, o)
		if !o.Granted() {
			break
		}
		caller = o.Session.Caller()
	}
	return out
}

func join(keys []string) string {
	const most = 5
	s := ""
	for i, k := range keys {
		switch {
		case i == most:
			return s + ", …"
		case i > 0:
			s += ", "
		}
		s += k
	}
	return s
}
