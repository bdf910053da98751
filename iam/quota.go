package iam

import "unicode/utf8"

// Quota is how large policies of a kind may be.
type Quota struct {
	// Name says what is limited: "managed policy".
	Name string
	// Limit is the largest [Size] by default.
	Limit int
	// Sum is set where the limit is for all the policies of one user, group or
	// role together.
	Sum bool
	// Raisable is set where the vendor raises the limit on request.
	Raisable bool
	// Recalled is set where the vendor's pages do not agree on the number, or the
	// service counts in another way: more than that is worth a warning only.
	Recalled bool
}

// QuotaFor returns the quota for a kind of policy; of a [ResourcePolicy] that
// for its type of resource, as in [ParseOptions.ResourceType]. It reports false
// where none is known.
//
// IAM User Guide, "IAM and AWS STS quotas"; Organizations User Guide, "Quotas";
// Amazon VPC User Guide, "Amazon VPC quotas"; for resources the services' pages.
func QuotaFor(kind Kind, resource string) (Quota, bool) {
	switch kind {
	case IdentityPolicy, BoundaryPolicy:
		return Quota{Name: "managed policy", Limit: 6144}, true
	case InlineUserPolicy:
		return Quota{Name: "inline policies of a user", Limit: 2048, Sum: true}, true
	case InlineGroupPolicy:
		return Quota{Name: "inline policies of a group", Limit: 5120, Sum: true}, true
	case InlineRolePolicy:
		return Quota{Name: "inline policies of a role", Limit: 10_240, Sum: true}, true
	case SessionPolicy:
		return Quota{Name: "session policy", Limit: 2048, Sum: true}, true
	case TrustPolicy:
		return Quota{Name: "trust policy", Limit: 2048, Raisable: true}, true
	case ServiceControlPolicy:
		return Quota{Name: "service control policy", Limit: 5120, Recalled: true}, true
	case ResourceControlPolicy:
		return Quota{Name: "resource control policy", Limit: 5120, Recalled: true}, true
	case EndpointPolicy:
		return Quota{Name: "endpoint policy", Limit: 20_480}, true
	}
	t := findResourceType(resource)
	return Quota{Name: "policy of " + t.name, Limit: t.quota, Recalled: true}, t.quota > 0
}

// Size counts a document as its quota does. IAM counts characters without the
// white space outside strings. A session policy is a parameter of a call and
// counts whole, as do the documents of Organizations and VPC. Other services
// count bytes.
//
// The text need not be a policy; of one that is URL-encoded the decoded text
// counts.
func Size(text []byte, kind Kind) int {
	if decoded, bad := decodeURL(text); bad < 0 {
		text = decoded
	}
	switch kind {
	case ResourcePolicy:
		return len(text)
	case SessionPolicy, ServiceControlPolicy, ResourceControlPolicy, EndpointPolicy:
		return utf8.RuneCount(text)
	}
	return utf8.RuneCount(text) - outerSpace(text)
}

// outerSpace counts the white space outside strings.
func outerSpace(text []byte) int {
	n, inside := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inside = !inside
		case c == '\\' && inside:
			i++ // what is escaped closes no string
		case !inside && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			n++
		}
	}
	return n
}
