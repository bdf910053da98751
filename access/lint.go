package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The codes of findings.
const (
	// FindingUnreachable: an earlier rule takes every request of this one.
	FindingUnreachable = "unreachable"
	// FindingPublicBeforePrivate: this rule lets everybody in where a later,
	// narrower rule asks for something.
	FindingPublicBeforePrivate = "public_before_private"
	// FindingNoCatchAll: no rule is for every request; what none is for is
	// refused.
	FindingNoCatchAll = "no_catch_all"
	// FindingLiteralTenant: "of" looks like a parameter and is a tenant id,
	// because the path has no such parameter.
	FindingLiteralTenant = "literal_tenant"
	// FindingTenantIgnored: the path names a tenant and the requirement does
	// not ask about it.
	FindingTenantIgnored = "tenant_ignored"
	// FindingEncodedPath: the path is written percent-encoded and will be
	// compared with decoded ones.
	FindingEncodedPath = "encoded_path"
)

// Finding is something about a list of rules that is allowed and probably not
// meant.
type Finding struct {
	// Rule is the index of the rule, -1 for the list as a whole.
	Rule int `json:"rule"`
	// Code is the stable name of the kind of finding.
	Code string `json:"code"`
	// Message says what was found.
	Message string `json:"message"`
	// Help says what to do about it.
	Help string `json:"help,omitempty"`
}

// Lint returns what is suspicious about the rules, in their order, what is
// about the list as a whole last. Its time grows with the square of the number
// of rules: it is for checking a manifest, not for a request.
func (p *Policy) Lint() []Finding {
	if p == nil {
		return nil
	}
	l := linter{p: p, tenantNames: p.tenantNames()}
	for i := range p.rules {
		l.shadow(i)
		l.publicFirst(i)
		l.literalTenant(i, &p.rules[i].need)
		l.tenantIgnored(i)
		l.encoded(i)
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int { return cmp.Compare(a.Rule, b.Rule) })
	l.catchAll()
	return l.found
}

type linter struct {
	p *Policy
	// tenantNames are the parameters that name a tenant in any rule.
	tenantNames map[string]bool
	found       []Finding
}

func (l *linter) add(f Finding) { l.found = append(l.found, f) }

// name is how findings call a rule.
func (l *linter) name(i int) string {
	return fmt.Sprintf("rule %d (%s)", i+1, l.p.source[i].Path)
}

// shadow finds the first rule before i that takes all its requests.
func (l *linter) shadow(i int) {
	later := &l.p.rules[i]
	for j := range i {
		r := &l.p.rules[j]
		if r.pattern.covers(later.pattern) && r.methods.covers(later.methods) && hostsCover(r.hosts, later.hosts) {
			l.add(Finding{
				Rule: i, Code: FindingUnreachable,
				Message: fmt.Sprintf("never decides: %s comes first and is for every request this one is for", l.name(j)),
				Help:    "move it before " + l.name(j) + ", or delete it",
			})
			return
		}
	}
}

// publicFirst finds the first rule after i that guards a part of what i, being
// public, lets everybody into.
func (l *linter) publicFirst(i int) {
	r := &l.p.rules[i]
	if !r.need.public() {
		return
	}
	for j := i + 1; j < len(l.p.rules); j++ {
		later := &l.p.rules[j]
		if !later.need.public() && r.pattern.covers(later.pattern) && r.methods.overlaps(later.methods) && hostsOverlap(r.hosts, later.hosts) {
			l.add(Finding{
				Rule: i, Code: FindingPublicBeforePrivate,
				Message: fmt.Sprintf("lets everybody in where %s, which comes later, needs %s", l.name(j), l.p.source[j].Allow),
				Help:    "move " + l.name(j) + " before it",
			})
			return
		}
	}
}

// public reports whether the requirement is satisfied by every caller.
func (r *requirement) public() bool {
	isPublic := func(s requirement) bool { return s.public() }
	switch r.kind {
	case Anyone:
		return true
	case Any:
		return slices.ContainsFunc(r.sub, isPublic)
	case All:
		return !slices.ContainsFunc(r.sub, func(s requirement) bool { return !s.public() })
	}
	return false
}

// tenantNames returns the names of parameters that requirements take tenants
// from, and "tenant".
func (p *Policy) tenantNames() map[string]bool {
	names := map[string]bool{"tenant": true}
	for i := range p.rules {
		r := &p.rules[i]
		for s, seg := range r.pattern.segments {
			if seg.name != "" && r.need.asks(s) {
				names[seg.name] = true
			}
		}
	}
	return names
}

// asks reports whether a role or plan is asked of the tenant a segment names.
func (r *requirement) asks(segment int) bool {
	return r.segment == segment || slices.ContainsFunc(r.sub, func(s requirement) bool { return s.asks(segment) })
}

// literalTenant finds tenants by the name of a parameter.
func (l *linter) literalTenant(i int, r *requirement) {
	if (r.kind == Role || r.kind == Plan) && r.segment < 0 && l.tenantNames[r.tenant] {
		l.add(Finding{
			Rule: i, Code: FindingLiteralTenant,
			Message: fmt.Sprintf("asks for the tenant whose id is %q: the path has no parameter of that name", r.tenant),
			Help:    fmt.Sprintf("write {%s} into the path, or rename the tenant", r.tenant),
		})
	}
	for s := range r.sub {
		l.literalTenant(i, &r.sub[s])
	}
}

// tenantIgnored finds rules that let people of one tenant into another's
// paths.
func (l *linter) tenantIgnored(i int) {
	r := &l.p.rules[i]
	if r.need.public() || r.need.expressive() {
		return
	}
	for s, seg := range r.pattern.segments {
		if l.tenantNames[seg.name] && !r.need.asks(s) {
			l.add(Finding{
				Rule: i, Code: FindingTenantIgnored,
				Message: fmt.Sprintf("path names a tenant with {%s}, but the rule does not ask what the caller is in it", seg.name),
				Help:    fmt.Sprintf("ask for a role of {%s}", seg.name),
			})
		}
	}
}

// expressive reports whether an expression takes part, which may look at any
// parameter.
func (r *requirement) expressive() bool {
	return r.kind == When || slices.ContainsFunc(r.sub, func(s requirement) bool { return s.expressive() })
}

// encoded finds paths somebody copied from an address bar.
func (l *linter) encoded(i int) {
	for _, s := range l.p.rules[i].pattern.segments {
		if percentEncoded(s.literal) {
			l.add(Finding{
				Rule: i, Code: FindingEncodedPath,
				Message: fmt.Sprintf("path segment %q is percent-encoded; rules are compared with decoded paths", s.literal),
				Help:    "write the characters themselves",
			})
			return
		}
	}
}

func percentEncoded(s string) bool {
	const hex = "0123456789abcdefABCDEF"
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && strings.IndexByte(hex, s[i+1]) >= 0 && strings.IndexByte(hex, s[i+2]) >= 0 {
			return true
		}
	}
	return false
}

func (l *linter) catchAll() {
	for i := range l.p.rules {
		r := &l.p.rules[i]
		if r.pattern.rest && len(r.pattern.segments) == 0 && r.methods == 0 && len(r.hosts) == 0 {
			return
		}
	}
	l.add(Finding{
		Rule: -1, Code: FindingNoCatchAll,
		Message: "no rule is for every request; requests that none is for are refused",
		Help:    `a last rule for "/**" would say so in the file`,
	})
}
