// Package stranger knows which values of condition keys leave out callers that
// nobody chose: an organisation's ID is had by its members alone, a user agent
// by anyone who sends it.
package stranger

import (
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Keys that any caller can fill as it likes (aws:referer, aws:UserAgent, tags of
// a principal in its own account) or that say how and not who
// (aws:SecureTransport, aws:CalledVia: strangers use the same services) are not
// among these.
var keys = map[string]func(string) bool{
	"aws:principalorgid":    isIdentifier,
	"aws:principalorgpaths": namesOrganization,
	"aws:principalarn":      namesAccount,
	"aws:principalaccount":  isIdentifier,
	"aws:userid":            namesUserID,

	"aws:principalisawsservice":     isTrue,
	"aws:principalservicename":      isIdentifier,
	"aws:principalservicenameslist": isIdentifier,
	"aws:sourcearn":                 namesOwner,
	"aws:sourceaccount":             isIdentifier,
	"aws:sourceowner":               isIdentifier,
	"aws:sourceorgid":               isIdentifier,
	"aws:sourceorgpaths":            namesOrganization,
	"aws:sourcevpc":                 isIdentifier,
	"aws:sourcevpcarn":              namesOwner,
	"aws:sourcevpce":                isIdentifier,
	"aws:vpceaccount":               isIdentifier,
	"aws:vpceorgid":                 isIdentifier,
	"aws:vpceorgpaths":              namesOrganization,
	"aws:sourceip":                  leavesAddressesOut,
	"aws:vpcsourceip":               leavesAddressesOut,
	"kms:calleraccount":             isIdentifier,
	"s3:dataaccesspointaccount":     isIdentifier,
	"s3:dataaccesspointarn":         namesOwner,

	"elasticfilesystem:accesspointarn":         namesOwner,
	"elasticfilesystem:accessedviamounttarget": isTrue,
}

// LeftOut returns, for a condition key that says who is calling or from where, a
// function that reports of a value of a policy, which may have wildcards, whether
// strangers cannot have what it matches. It returns nil for other keys.
func LeftOut(key string) func(value string) bool { return keys[strings.ToLower(key)] }

// Keys returns the condition keys that say who is calling or from where, in lower
// case, in order.
func Keys() []string { return slices.Sorted(maps.Keys(keys)) }

func wild(s string) bool { return strings.ContainsAny(s, "*?") }

func isIdentifier(s string) bool { return s != "" && !wild(s) }

func isTrue(s string) bool { return strings.EqualFold(s, "true") }

// namesUserID accepts "AROA...:*": the part before the colon is the role.
func namesUserID(s string) bool {
	id, _, _ := strings.Cut(s, ":")
	return isIdentifier(id)
}

// namesOrganization accepts "o-a1b2c3d4e5/*": what stands before the first "/"
// is the organisation.
func namesOrganization(s string) bool {
	id, _, _ := strings.Cut(s, "/")
	return isIdentifier(id)
}

// namesAccount accepts ARNs of a certain account; a role's name alone can be had
// in any account.
func namesAccount(s string) bool {
	return isIdentifier(part(s, 4))
}

// namesOwner accepts ARNs of a certain account, and those without an account
// whose name is unique in the world, such as a bucket's.
func namesOwner(s string) bool {
	account, name := part(s, 4), part(s, 5)
	switch {
	case name == "":
		return isIdentifier(s)
	case account == "":
		return !wild(name[:1])
	}
	return isIdentifier(account)
}

// part returns a component of an ARN, empty where it is none.
func part(s string, i int) string {
	parts, n := arn.Split(s)
	if n < len(parts) || parts[0] != "arn" {
		return ""
	}
	return parts[i]
}

// leavesAddressesOut accepts ranges that some caller on the internet is not in:
// a list such as 0.0.0.0/1 and 128.0.0.0/1 is everyone too, so ranges no owner
// holds alone (shorter than /8, in IPv6 /16) do not count.
func leavesAddressesOut(s string) bool {
	prefix, ok := iam.ParseIPRange(s)
	if !ok {
		return true // never holds
	}
	if prefix.Addr().Is4() {
		return prefix.Bits() >= 8
	}
	return prefix.Bits() >= 16
}
