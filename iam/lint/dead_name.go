package lint

import (
	"net/netip"
	"strings"

	"github.com/berth-project/berth/iam"
)

// deadNames finds resources whose names cannot exist.
func deadNames(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		for j, text := range s.Resources.Values {
			path := p.policy.ResourcePath(i, j)
			if why := badBucket(bucketOf(text)); why != "" && !isPlaceholder(text) {
				f := p.dead("DEAD_BUCKET_NAME", path, s, s.Resources.Not, "no bucket can be named %q: %s", bucketOf(text), why)
				f.Help = "write the name as the bucket has it"
			}
			if form, id := p.badID(text); form != nil && !asksForID(text) {
				f := p.dead("DEAD_ARN_ID_FORMAT", path, s, s.Resources.Not, "%q is no %s, which looks like %s", id, form.what, form.example)
				f.Help = form.help
			}
		}
	})
}

// bucketOf returns the bucket of an S3 ARN, up to where a variable or a wildcard
// leaves it open; empty where the text names none.
func bucketOf(text string) string {
	if arnPart(text, 2) != "s3" || arnPart(text, 3) != "" || arnPart(text, 4) != "" {
		return ""
	}
	bucket, _, _ := strings.Cut(arnPart(text, 5), "/")
	return bucket
}

// badBucket says why a bucket's name, which may hold wildcards and variables,
// cannot exist (S3 User Guide, "General purpose bucket naming rules"); empty
// where it can.
func badBucket(name string) string {
	if name == "" {
		return ""
	}
	name = withoutVariables(name)
	sure, _, open := strings.Cut(name, "*") // behind it may stand the name of an object
	for i := range len(sure) {
		c := sure[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.', c == '?':
		case c >= 'A' && c <= 'Z':
			return "names have no capital letters"
		default:
			return "names are made of lower-case letters, digits, \".\" and \"-\""
		}
	}
	if open || wild(name) {
		if len(sure) > 63 {
			return "names have at most 63 characters"
		}
		return ""
	}
	return badWholeBucket(name)
}

func badWholeBucket(name string) string {
	edge := func(c byte) bool { return c != '-' && c != '.' }
	_, err := netip.ParseAddr(name)
	switch {
	case len(name) < 3 || len(name) > 63:
		return "names have 3 to 63 characters"
	case !edge(name[0]) || !edge(name[len(name)-1]):
		return "names begin and end with a letter or a digit"
	case strings.Contains(name, ".."):
		return "names have no two dots in a row"
	case err == nil:
		return "names are no addresses"
	case strings.HasPrefix(name, "amzn-s3-demo-"):
		return "the prefix is reserved for the vendor's examples"
	case strings.HasPrefix(name, "xn--"), strings.HasPrefix(name, "sthree-"):
		return "the prefix is reserved"
	case strings.HasSuffix(name, "-s3alias"), strings.HasSuffix(name, "--ol-s3"), strings.HasSuffix(name, ".mrap"), strings.HasSuffix(name, "--x-s3"),
		strings.HasSuffix(name, "--table-s3"):
		return "the suffix is reserved"
	}
	return ""
}

// withoutVariables replaces each "${...}" by a "*".
func withoutVariables(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('*')
		if _, s, found = strings.Cut(rest, "}"); !found {
			return b.String()
		}
	}
}

// deletedPrefixes begin the internal identifiers of users, roles, groups and
// sessions (IAM User Guide, "Unique identifiers").
var deletedPrefixes = []string{"AIDA", "AROA", "AGPA", "AIPA", "ANPA"}

// deadPrincipals finds principals that were deleted.
func deadPrincipals(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		for _, m := range members(s.Principals) {
			if m.key != "AWS" || !isUniqueID(m.text) {
				continue
			}
			f := p.dead("DEAD_PRINCIPAL_UNKNOWN", m.path(p.policy, i), s, s.Principals.Not, "%s stands where a user or role was deleted, and matches nobody", m.text)
			f.Help = "remove it, or put the new principal's ARN"
			if m.entry >= 0 && len(s.Principals.Entries[m.entry].Values) > 1 {
				p.fix(f, true, "remove the deleted principal", p.drop(m.path(p.policy, i)))
			}
		}
	})
}

func isUniqueID(s string) bool {
	for _, prefix := range deletedPrefixes {
		if strings.HasPrefix(s, prefix) && len(s) >= 16 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" {
			return true
		}
	}
	return false
}
