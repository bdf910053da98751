package iam

// verdict is what an element of a statement says about a request.
type verdict uint8

const (
	// fails is an element that is not about the request.
	fails verdict = iota
	// holds is an element that is about it.
	holds
	// unreadable is an element that cannot be evaluated. It fails closed: it
	// keeps an Allow from matching, and not a Deny.
	unreadable
	// unresolved is an element with a variable that has no value in the
	// request. Such a statement does not match, be it Allow or Deny (IAM User
	// Guide, "Policy variables": the statement may be invalid).
	unresolved
)

// is returns holds for true.
func is(ok bool) verdict {
	if ok {
		return holds
	}
	return fails
}

// not turns a verdict into that of the element's Not form.
func (v verdict) not(negate bool) verdict {
	switch {
	case !negate, v > holds:
		return v
	case v == holds:
		return fails
	}
	return holds
}

// passes reports whether an element with this verdict lets a statement of the
// effect match.
func (v verdict) passes(effect Effect) bool {
	return v == holds || v == unreadable && effect == Deny
}

// maxWildcard is the longest text, in bytes, that is matched with a pattern, and
// the longest pattern: the work is their product. No ARN is longer. What is
// longer is unreadable, so that nobody slips past a Deny with a long value.
const maxWildcard = 2048
