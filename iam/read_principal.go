package iam

import (
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/internal/jsonsource"
)

func (r *reader) principals(i int, n *jsonsource.Node, e elements) *Principals {
	m, not := r.oneOf(i, e.principal, e.notPrincipal)
	kind := r.options.Kind
	switch {
	case m == nil && kind.HasPrincipal():
		f := fault{codeMissingPrincipal, "statement has neither Principal nor NotPrincipal", `add "Principal": {"AWS": [...]}`}
		if kind == ResourceControlPolicy {
			f.help = `add "Principal": "*"`
		}
		r.refuse(f, StatementPath(i), r.span(n))
		return nil
	case m == nil:
		return nil
	case !kind.HasPrincipal():
		f := fault{codePrincipal, m.Name + " has no place in a policy of the kind " + kind.String(), "remove it: the policy is about whom it is attached to"}
		if kind == ServiceControlPolicy {
			f.code = codeSCPPrincipal
		}
		r.refuse(f, StatementPath(i)+"."+m.Name, r.nameSpan(m))
	case not && kind == TrustPolicy:
		r.tolerate(fault{codeTrustNotPrincipal, "NotPrincipal has no place in a trust policy", "list who may assume the role in Principal"},
			StatementPath(i)+".NotPrincipal", r.nameSpan(m))
	}
	p := &Principals{Not: not}
	path := StatementPath(i) + "." + m.Name
	switch value := &m.Value; {
	case value.Kind == jsonsource.String && value.Text == "*":
		p.Star = true
		if kind == TrustPolicy && !not {
			r.tolerate(fault{codeTrustStar, m.Name + ` "*" has no place in a trust policy`, `name who may assume the role; everyone is {"AWS": "*"} here`}, path, r.span(value))
		}
	case value.Kind == jsonsource.String:
		r.refuse(fault{codePrincipalFormat, m.Name + " " + quoted(value.Text) + " does not say what it names", `write "*" or an object: {"AWS": [...]}`}, path, r.span(value))
	case value.Kind == jsonsource.Object:
		twins := r.duplicates(value, func() string { return path })
		for k := range value.Members {
			m := &value.Members[k]
			p.Entries = append(p.Entries, r.principalEntry(path, m, twins[m]))
		}
	default:
		r.mismatch(value, path, `"*" or an object`, false)
	}
	return p
}

func (r *reader) principalEntry(path string, m *jsonsource.Member, twin bool) PrincipalEntry {
	path += "." + m.Name
	check, ok := r.principalCheck(m.Name)
	if !ok && !twin {
		known := []string{"AWS", "Service", "Federated", "CanonicalUser"}
		f := fault{codePrincipalKey, "key " + quoted(m.Name) + " of a principal does not exist", "write one of " + strings.Join(known, ", ")}
		near := nearest(m.Name, known)
		if near != "" {
			f.help = "write " + quoted(near)
		}
		r.report(f, path, r.nameSpan(m), near == "")
	}
	values, scalar := r.texts(&m.Value, func() string { return path }, check)
	return PrincipalEntry{Key: m.Name, Values: values, Scalar: scalar}
}

// principalCheck returns what checks the values under a key of Principal.
func (r *reader) principalCheck(key string) (func(string) []fault, bool) {
	var check func(string) fault
	switch key {
	case "AWS":
		check = awsPrincipalFault
	case "Service":
		check = servicePrincipalFault
	case "Federated":
		check = r.federatedPrincipalFault
	case "CanonicalUser":
		check = canonicalUserFault
		if r.options.Kind == TrustPolicy {
			check = func(string) fault {
				return fault{codePrincipal, "canonical user cannot assume a role", "name the account, role or user under AWS"}
			}
		}
	default:
		return func(string) []fault { return nil }, false
	}
	return func(s string) []fault {
		f := check(s)
		if r.variables && strings.Contains(s, "${") {
			f = fault{codeVariableElement, "principal " + quoted(s) + " has a variable", "name the principal, or compare aws:PrincipalArn in Condition"}
		}
		if f.code == "" {
			return nil
		}
		return []fault{f}
	}, true
}

// awsPrincipalFault checks an account, a user, role or session, or the ID that
// is left of a deleted one (IAM User Guide, "Principal").
func awsPrincipalFault(s string) fault {
	switch {
	case s == "*", arn.ValidAccount(s), uniqueID(s):
		return fault{}
	case strings.ContainsAny(s, "*?"):
		return fault{codePrincipalWildcard, "principal " + quoted(s) + " has a wildcard", `name principals in full, or write "*" and compare aws:PrincipalArn in Condition`}
	case !strings.HasPrefix(s, "arn:"):
		return fault{codePrincipalFormat, "principal " + quoted(s) + " is neither an ARN nor an account", "write the ARN of a role, user or session, or 12 digits"}
	}
	a := splitARN(s, false)
	if f := a.incomplete("principal"); f.code != "" {
		return fault{codePrincipalFormat, f.message, f.help}
	}
	service, account, resource := a.fields[2], a.fields[4], a.fields[5]
	kind, name, _ := strings.Cut(resource, "/")
	var ok bool
	switch {
	case !arn.ValidPartition(a.fields[1]) || a.fields[3] != "":
	case service == "iam" && account == "cloudfront": // an origin access identity
		ok = kind == "user" && name != ""
	case service == "iam":
		ok = arn.ValidAccount(account) && (resource == "root" || (kind == "user" || kind == "role") && name != "" && !strings.HasSuffix(name, "/"))
	case service == "sts":
		ok = arn.ValidAccount(account) && (kind == "federated-user" && name != "" || kind == "assumed-role" && roleSession(name))
	}
	switch {
	case ok:
		return fault{}
	case service == "iam" && kind == "group":
		return fault{codePrincipalFormat, "group " + quoted(s) + " cannot be a principal", "name its users, or give them a role"}
	}
	return fault{codePrincipalFormat, "principal " + quoted(s) + " is not an account, role, user or session", `write it as "arn:aws:iam::111122223333:role/name"`}
}

// roleSession reports whether a name is that of a role and one of a session.
func roleSession(name string) bool {
	role, s, ok := strings.Cut(name, "/")
	return ok && role != "" && s != "" && !strings.Contains(s, "/")
}

// uniqueID reports whether a text has the form of the ID of a user or role, to
// which IAM changes the ARN of one that is deleted.
func uniqueID(s string) bool {
	if len(s) < 16 || len(s) > 128 || !strings.HasPrefix(s, "AIDA") && !strings.HasPrefix(s, "AROA") {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return !alphanumeric(c) || 'a' <= c && c <= 'z' })
}

func servicePrincipalFault(s string) fault {
	switch {
	case strings.ContainsAny(s, "*?"):
		return fault{codePrincipalWildcard, "service " + quoted(s) + " has a wildcard", "name the service"}
	case !hostName(s) || !vendorDomain(s):
		return fault{codeServicePrincipal, "service " + quoted(s) + " is not a service principal", `write it as "lambda.amazonaws.com"`}
	}
	return fault{}
}

// vendorDomain reports whether a name is in a domain of the partitions, or in
// one of the two in which a few older services are.
func vendorDomain(s string) bool {
	for _, name := range arn.Partitions() {
		if p, _ := arn.LookupPartition(name); strings.HasSuffix(s, "."+p.DNSSuffix) {
			return true
		}
	}
	return strings.HasSuffix(s, ".amazon.com") || strings.HasSuffix(s, ".aws.internal")
}

// hostName reports whether a text is a DNS name of at least two labels.
func hostName(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || strings.ContainsFunc(l, func(c rune) bool { return !alphanumeric(c) && c != '-' && c != '_' }) {
			return false
		}
	}
	return len(labels) > 1
}

// federatedPrincipalFault checks an identity provider: its ARN, or the name of
// one that needs none. Only trust policies have them.
func (r *reader) federatedPrincipalFault(s string) fault {
	code := codePrincipalFormat
	switch {
	case strings.ContainsAny(s, "*?"):
		return fault{codePrincipalWildcard, "identity provider " + quoted(s) + " has a wildcard", "name the provider"}
	case r.options.Kind == TrustPolicy:
		code = codeTrustFederated
	case r.options.Kind.HasPrincipal():
		return fault{codeFederated, "identity provider " + quoted(s) + " calls no service", "name the role that its users assume, under AWS"}
	}
	if identityProvider(s) || hostName(s) {
		return fault{}
	}
	return fault{code, "identity provider " + quoted(s) + " is neither the ARN of one nor a well-known name", `write it as "arn:aws:iam::111122223333:saml-provider/name" or "accounts.google.com"`}
}

// identityProvider reports whether a text is the ARN of an identity provider.
func identityProvider(s string) bool {
	a := splitARN(s, false)
	kind, name, _ := strings.Cut(a.fields[5], "/")
	return a.fields[0] == "arn" && arn.ValidPartition(a.fields[1]) && a.fields[2] == "iam" && a.fields[3] == "" && arn.ValidAccount(a.fields[4]) &&
		(kind == "saml-provider" || kind == "oidc-provider") && name != ""
}

// canonicalUserFault checks the ID of an account (64 digits) or of an origin
// access identity (96).
func canonicalUserFault(s string) fault {
	switch {
	case strings.ContainsAny(s, "*?"):
		return fault{codePrincipalWildcard, "canonical user " + quoted(s) + " has a wildcard", "name the user"}
	case len(s) < 32 || len(s) > 128 || strings.Trim(s, "0123456789abcdefABCDEF") != "":
		return fault{codePrincipalFormat, "canonical user " + quoted(s) + " is not a canonical user ID", "write 64 hexadecimal digits"}
	}
	return fault{}
}
