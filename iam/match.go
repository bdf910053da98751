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
	// request. The variable matches nothing, and neither does the element.
	unresolved
	// besides is an element with such a variable that is about the request all
	// the same: by another of its values, or because it asks for no match. An
	// Allow does not count then, as the statement may be invalid (IAM User Guide,
	// "Policy variables"). A Deny does: the vendor's own "StringNotEquals":
	// {"aws:Ec2InstanceSourceVpc": "${aws:SourceVpc}"} denies the requests that
	// come from no VPC ("AWS global condition context keys").
	besides
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
	case !negate, v > holds: // only fails and holds are negated
		return v
	case v == holds:
		return fails
	}
	return holds
}

// lacking turns the verdict of an element's other values into that of the whole,
// where one of its variables has no value.
func (v verdict) lacking() verdict {
	switch v {
	case fails:
		return unresolved
	case holds:
		return besides
	}
	return v
}

// passes reports whether an element with this verdict lets a statement of the
// effect match.
func (v verdict) passes(effect Effect) bool {
	return v == holds || (v == unreadable || v == besides) && effect == Deny
}

// maxWildcard is the longest text, in bytes, that is matched with a pattern, and
// the longest pattern: the work is their product. No ARN is longer. What is
// longer is unreadable, so that nobody slips past a Deny with a long value.
const maxWildcard = 2048

// maxValues is how many bytes the values of one key may have together where they
// are more than one. No service sends as many; what has more is unreadable.
const maxValues = 64 << 10
