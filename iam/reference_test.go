package iam_test

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// The reference decides requests as the words of the specification do: from the
// policies as written, one rule after the other, with recursive wildcards, no
// index, nothing compiled and nothing shared with the evaluator but the values
// of the language. It is slow and meant to be read.
type reference struct {
	set *iam.PolicySet
	req *iam.Request
}

// truth is what an element says; unknown fails closed.
type truth int

const (
	no truth = iota
	yes
	unknown
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func negate(t truth) truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return t
}

// anyOf returns yes where a truth is, else unknown where one is.
func anyOf(ts ...truth) truth {
	switch {
	case slices.Contains(ts, yes):
		return yes
	case slices.Contains(ts, unknown):
		return unknown
	}
	return no
}

// doubted makes a yes unknown, where a variable has no value.
func doubted(t truth, lacking bool) truth {
	if lacking && t == yes {
		return unknown
	}
	return t
}

// match is a statement that is about the request.
type match struct {
	at   iam.StatementRef
	s    *iam.Statement
	kind string // how it names the caller
}

func (r *reference) decide() (iam.Outcome, iam.Reason) {
	p := &r.req.Principal
	signed := p.Kind != iam.Anonymous && p.Kind != iam.SAMLIdentity && p.Kind != iam.WebIdentity
	if signed && strings.ToLower(r.req.Action) == "sts:getcalleridentity" {
		return iam.Allowed, iam.AllowAlways
	}
	member := slices.Contains([]iam.PrincipalKind{iam.User, iam.AssumedRole, iam.FederatedUser, iam.Root}, p.Kind)
	scps, rcps, session := r.set.SCPs, r.set.RCPs, r.set.Session
	if !member || r.set.PrincipalInManagementAccount || r.set.ServiceLinkedRole {
		scps = nil
	}
	prefix, _, colon := strings.Cut(strings.ToLower(r.req.Action), ":")
	if !colon || !catalog.RCPSupported(prefix) || r.set.ResourceInManagementAccount || r.set.ServiceLinkedRole {
		rcps = nil
	}
	identity, boundary := r.set.Identity, one(r.set.Boundary)
	if !member || p.Kind == iam.Root {
		identity, boundary = nil, nil
	}
	if !member {
		session = nil
	}
	if p.Kind == iam.FederatedUser && session == nil {
		session = []*iam.Compiled{}
	}

	var scp, rcp [][]match
	for i, level := range scps {
		scp = append(scp, r.matches(iam.SCPLayer, i, level))
	}
	for i, level := range rcps {
		rcp = append(rcp, r.matches(iam.RCPLayer, i, level))
	}
	endpoint := r.matches(iam.EndpointLayer, 0, one(r.set.Endpoint))
	resource := r.matches(iam.ResourceLayer, 0, one(r.set.Resource))
	ident := r.matches(iam.IdentityLayer, 0, identity)
	bound := r.matches(iam.BoundaryLayer, 0, boundary)
	sess := r.matches(iam.SessionLayer, 0, session)

	for _, c := range []struct {
		ms     []match
		reason iam.Reason
	}{
		{slices.Concat(scp...), iam.DeniedBySCP},
		{slices.Concat(rcp...), iam.DeniedByRCP},
		{endpoint, iam.DeniedByEndpoint},
		{resource, iam.DeniedByResource},
		{ident, iam.DeniedByIdentity},
		{bound, iam.DeniedByBoundary},
		{sess, iam.DeniedBySession},
	} {
		if has(c.ms, iam.Deny) {
			return iam.ExplicitDeny, c.reason
		}
	}
	for _, level := range scp {
		if !has(level, iam.Allow) {
			return iam.ImplicitDeny, iam.NoAllowSCP
		}
	}
	if r.set.Endpoint != nil && !has(endpoint, iam.Allow) {
		return iam.ImplicitDeny, iam.NoAllowEndpoint
	}
	if !member {
		if has(resource, iam.Allow) {
			return iam.Allowed, iam.AllowResource
		}
		return iam.ImplicitDeny, iam.NoAllow
	}

	limits := func(reason iam.Reason) (iam.Outcome, iam.Reason) {
		if boundary != nil && !has(bound, iam.Allow) {
			return iam.ImplicitDeny, iam.NoAllowBoundary
		}
		if session != nil && !has(sess, iam.Allow) {
			return iam.ImplicitDeny, iam.NoAllowSession
		}
		return iam.Allowed, reason
	}
	strict := iam.Reason("")
	assume := []string{"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:tagsession", "sts:setsourceidentity"}
	if r.set.Target == iam.RoleTrust && slices.Contains(assume, strings.ToLower(r.req.Action)) {
		strict = iam.NoAllowTrust
	}
	if r.set.Target == iam.KMSKey {
		strict = iam.NoAllowKeyPolicy
	}
	granted := p.Kind == iam.Root || has(ident, iam.Allow)

	if p.Account == "" || p.Account != r.req.ResourceAccount {
		if !has(resource, iam.Allow) {
			if strict != "" {
				return iam.ImplicitDeny, strict
			}
			return iam.ImplicitDeny, iam.NoAllowFromResource
		}
		if !granted {
			return iam.ImplicitDeny, iam.NoAllowFromIdentity
		}
		return limits(iam.AllowCrossAccount)
	}

	kinds := map[string]bool{}
	for _, m := range resource {
		kinds[m.kind] = kinds[m.kind] || m.s.Effect == iam.Allow
	}
	switch {
	case kinds["user"], kinds["session"], kinds["wild"]:
		return iam.Allowed, iam.AllowResource
	case kinds["role"], kinds["issuer"]:
		return limits(iam.AllowResource)
	case strict != "" && !kinds["account"] && !kinds["root"]:
		return iam.ImplicitDeny, strict
	case !granted:
		return iam.ImplicitDeny, iam.NoAllow
	}
	return limits(iam.AllowIdentity)
}

func one(c *iam.Compiled) []*iam.Compiled {
	if c == nil {
		return nil
	}
	return []*iam.Compiled{c}
}

func has(ms []match, e iam.Effect) bool {
	return slices.ContainsFunc(ms, func(m match) bool { return m.s.Effect == e })
}

// matches returns the statements that are about the request.
func (r *reference) matches(l iam.Layer, level int, policies []*iam.Compiled) []match {
	var out []match
	for i, c := range policies {
		for j := range c.Policy().Statements {
			s := &c.Policy().Statements[j]
			if kind, ok := r.applies(l, c.Policy(), s); ok {
				out = append(out, match{iam.StatementRef{Layer: l, Level: level, Policy: i, Statement: j}, s, kind})
			}
		}
	}
	return out
}

func (r *reference) applies(l iam.Layer, p *iam.Policy, s *iam.Statement) (kind string, ok bool) {
	kind, principal := r.principal(l, s)
	all := []truth{r.action(s), r.resource(l, p, s), principal}
	for i := range s.Conditions {
		all = append(all, r.condition(p, &s.Conditions[i]))
	}
	for _, t := range all {
		switch {
		case t == no, t == unknown && s.Effect != iam.Deny:
			return "", false
		}
	}
	return kind, true
}

func (r *reference) action(s *iam.Statement) truth {
	if s.Actions.Values == nil {
		return unknown
	}
	hit := false
	for _, v := range s.Actions.Values {
		hit = hit || globs(symbols(strings.ToLower(v)), []rune(strings.ToLower(r.req.Action)))
	}
	return truthOf(hit != s.Actions.Not)
}

func (r *reference) resource(l iam.Layer, p *iam.Policy, s *iam.Statement) truth {
	if s.Resources.Values == nil {
		if l == iam.ResourceLayer {
			return yes
		}
		return unknown
	}
	hit, lacking := false, false
	for _, v := range s.Resources.Values {
		pattern, ok := r.expand(p, v, true)
		lacking = lacking || !ok
		identity := l == iam.IdentityLayer || l == iam.BoundaryLayer || l == iam.SessionLayer
		denies := s.Effect == iam.Deny && !s.Resources.Not || s.Effect == iam.Allow && s.Resources.Not
		if (identity || denies) && (p.Version != iam.Version2012 || !strings.Contains(v, "${")) {
			pattern = completed(pattern)
		}
		hit = hit || ok && resourceGlobs(pattern, []rune(r.req.Resource))
	}
	return doubted(truthOf(hit != s.Resources.Not), lacking)
}

// principal returns how the statement names the caller.
func (r *reference) principal(l iam.Layer, s *iam.Statement) (string, truth) {
	p := &r.req.Principal
	if s.Principals == nil {
		if l == iam.ResourceLayer || l == iam.EndpointLayer || l == iam.RCPLayer {
			return "", unknown
		}
		return "", yes
	}
	listed := func(key, name string) bool {
		for _, e := range s.Principals.Entries {
			if e.Key == key && name != "" && slices.Contains(e.Values, name) {
				return true
			}
		}
		return false
	}
	kind := func(key, name string) bool { return listed(key, name) || name != "" && listed(key, "*") }
	partition := strings.Join(strings.Split(p.ARN+"::", ":")[:2], ":")
	account := listed("AWS", p.Account) || listed("AWS", partition+":iam::"+p.Account+":root") || listed("CanonicalUser", p.CanonicalUser)
	star := s.Principals.Star || listed("AWS", "*")
	if s.Principals.Not {
		var chain []bool
		switch p.Kind {
		case iam.User:
			chain = []bool{listed("AWS", p.ARN), account}
		case iam.AssumedRole:
			chain = []bool{listed("AWS", p.ARN), listed("AWS", p.RoleARN), account}
		case iam.FederatedUser:
			chain = []bool{listed("AWS", p.ARN), listed("AWS", p.UserARN), account}
		case iam.Root:
			chain = []bool{account}
		case iam.ServicePrincipal:
			chain = []bool{kind("Service", p.Service)}
		case iam.SAMLIdentity, iam.WebIdentity:
			chain = []bool{kind("Federated", p.Provider)}
		case iam.Anonymous:
			chain = []bool{false}
		}
		spared := slices.Contains(chain, true)
		if s.Effect == iam.Deny {
			spared = !slices.Contains(chain, false)
		}
		return "wild", truthOf(!star && !spared)
	}
	switch k := p.Kind; {
	case k == iam.User && listed("AWS", p.ARN):
		return "user", yes
	case (k == iam.AssumedRole || k == iam.FederatedUser) && listed("AWS", p.ARN):
		return "session", yes
	case star:
		return "wild", yes
	case k == iam.AssumedRole && listed("AWS", p.RoleARN):
		return "role", yes
	case k == iam.FederatedUser && listed("AWS", p.UserARN):
		return "issuer", yes
	case k == iam.ServicePrincipal && kind("Service", p.Service):
		return "service", yes
	case (k == iam.SAMLIdentity || k == iam.WebIdentity) && kind("Federated", p.Provider):
		return "federated", yes
	case k == iam.Root && account:
		return "root", yes
	case (k == iam.User || k == iam.AssumedRole || k == iam.FederatedUser) && account:
		return "account", yes
	}
	return "", no
}

func (r *reference) condition(p *iam.Policy, c *iam.Condition) truth {
	op := c.Operator
	if op.Test == iam.UnknownTest || op.Test == iam.Null && op.IfExists {
		return unknown
	}
	got, _ := r.req.Context.Get(c.Key)
	values := got.Values
	if got.Multi && strings.Join(values, "") == "" {
		values = nil
	}
	var want []value
	lacking := false
	for _, v := range c.Values {
		w := value{text: v.Text}
		switch op.Test.Family() {
		case iam.StringFamily, iam.ARNFamily, iam.BoolFamily:
			like := op.Test.Family() == iam.ARNFamily || op.Test == iam.StringLike || op.Test == iam.StringNotLike
			var ok bool
			if w.pattern, ok = r.expand(p, v.Text, like); !ok {
				lacking = true
				continue
			}
			w.written = p.Version != iam.Version2012 || !strings.Contains(v.Text, "${")
		}
		want = append(want, w)
	}
	return doubted(tests(op, want, values), lacking)
}

// tests applies an operator to the values of the policy that are there.
func tests(op iam.Operator, want []value, values []string) truth {
	var each []truth
	for _, v := range values {
		var hits []truth
		for _, w := range want {
			hits = append(hits, compares(op.Test, w, v))
		}
		hit := anyOf(hits...)
		if len(want) == 0 && !readable(op.Test, v) {
			hit = unknown
		}
		if op.Test.Negated() {
			hit = negate(hit)
		}
		each = append(each, hit)
	}
	switch {
	case op.Qualifier == iam.ForAllValues && slices.Contains(each, no):
		return no
	case op.Qualifier == iam.ForAllValues && slices.Contains(each, unknown):
		return unknown
	case op.Qualifier == iam.ForAllValues:
		return yes
	case op.Qualifier == iam.ForAnyValue:
		return anyOf(each...)
	case op.Test == iam.Null:
		var hits []truth
		for _, w := range want {
			switch strings.ToLower(w.text) {
			case "true":
				hits = append(hits, truthOf(len(values) == 0))
			case "false":
				hits = append(hits, truthOf(len(values) > 0))
			default:
				hits = append(hits, unknown)
			}
		}
		return anyOf(hits...)
	case len(values) == 0:
		return truthOf(op.IfExists || op.Test.Negated())
	case len(values) > 1 && anyOf(each...) != no:
		return unknown
	}
	return anyOf(each...)
}

// readable reports whether a value of a request is of the type of a test.
func readable(t iam.Test, got string) bool {
	ok := true
	switch t.Family() {
	case iam.NumericFamily:
		_, ok = rational(got)
	case iam.DateFamily:
		_, ok = moment(got)
	case iam.IPFamily:
		_, err := netip.ParseAddr(got)
		ok = err == nil
	case iam.BinaryFamily:
		_, err := base64.StdEncoding.DecodeString(got)
		ok = err == nil
	case iam.BoolFamily:
		ok = strings.EqualFold(got, "true") || strings.EqualFold(got, "false")
	}
	return ok
}

// value is a value of the policy, as written and with variables replaced.
type value struct {
	text    string
	pattern []symbol
	written bool // the pattern is the text, without variables
}

// compares applies the positive form of a test to one pair of values.
func compares(t iam.Test, want value, got string) truth {
	if !readable(t, got) {
		return unknown
	}
	switch t {
	case iam.StringEquals, iam.StringNotEquals:
		return truthOf(text(want.pattern) == got)
	case iam.StringEqualsIgnoreCase, iam.StringNotEqualsIgnoreCase:
		return truthOf(strings.EqualFold(text(want.pattern), got))
	case iam.StringLike, iam.StringNotLike:
		return truthOf(globs(want.pattern, []rune(got)))
	case iam.ARNEquals, iam.ARNLike, iam.ARNNotEquals, iam.ARNNotLike:
		if want.written && strings.Count(want.text, ":") < 5 {
			return unknown
		}
		return truthOf(arnGlobs(want.pattern, got))
	case iam.Bool:
		if want.written && !readable(t, want.text) {
			return unknown
		}
		return truthOf(strings.EqualFold(text(want.pattern), got))
	case iam.IPAddress, iam.NotIPAddress:
		prefix, err := netip.ParsePrefix(want.text)
		if err != nil {
			addr, err := netip.ParseAddr(want.text)
			if err != nil {
				return unknown
			}
			prefix = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())
		}
		addr, err := netip.ParseAddr(got)
		return truthOf(err == nil && prefix.Contains(addr.Unmap()))
	case iam.BinaryEquals:
		w, err := base64.StdEncoding.DecodeString(want.text)
		g, _ := base64.StdEncoding.DecodeString(got)
		if err != nil {
			return unknown
		}
		return truthOf(string(w) == string(g))
	case iam.Null:
		if !readable(iam.Bool, want.text) {
			return unknown
		}
		return truthOf(strings.EqualFold(want.text, "false"))
	}
	var c int
	if t.Family() == iam.NumericFamily {
		w, ok := rational(want.text)
		if !ok {
			return unknown
		}
		g, _ := rational(got)
		c = g.Cmp(w)
	} else {
		w, ok := moment(want.text)
		if !ok {
			return unknown
		}
		g, _ := moment(got)
		c = g.Compare(w)
	}
	return ordered(t, c)
}

func ordered(t iam.Test, c int) truth {
	switch t {
	case iam.NumericLessThan, iam.DateLessThan:
		return truthOf(c < 0)
	case iam.NumericLessThanEquals, iam.DateLessThanEquals:
		return truthOf(c <= 0)
	case iam.NumericGreaterThan, iam.DateGreaterThan:
		return truthOf(c > 0)
	case iam.NumericGreaterThanEquals, iam.DateGreaterThanEquals:
		return truthOf(c >= 0)
	}
	return truthOf(c == 0)
}

var decimals = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)

func rational(s string) (*big.Rat, bool) {
	if !decimals.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var epochs = regexp.MustCompile(`^-?[0-9]{1,11}$`)

func moment(s string) (time.Time, bool) {
	for _, layout := range []string{"2006", "2006-01"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	if epochs.MatchString(s) {
		n, _ := new(big.Int).SetString(s, 10)
		return time.Unix(n.Int64(), 0), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// symbol is a character of a pattern, or a wildcard.
type symbol struct {
	r    rune
	wild bool
}

// symbols reads the wildcards of a text.
func symbols(s string) []symbol {
	var out []symbol
	for _, c := range s {
		out = append(out, symbol{c, c == '*' || c == '?'})
	}
	return out
}

func text(pattern []symbol) string {
	var b strings.Builder
	for _, s := range pattern {
		b.WriteRune(s.r)
	}
	return b.String()
}

var references = regexp.MustCompile(`^\$\{([^},]*)(?:, *'([^']*)' *)?\}`)

// expand replaces the variables of a text; ok is false where one has no value.
func (r *reference) expand(p *iam.Policy, s string, wildcards bool) (out []symbol, ok bool) {
	for s != "" {
		c := []rune(s)[0]
		v := references.FindStringSubmatch(s)
		if p.Version != iam.Version2012 || v == nil {
			out = append(out, symbol{c, wildcards && (c == '*' || c == '?')})
			s = s[len(string(c)):]
			continue
		}
		s = s[len(v[0]):]
		literal := v[1]
		if literal != "*" && literal != "?" && literal != "$" {
			got, present := r.req.Context.Get(v[1])
			switch {
			case !present && strings.Contains(v[0], "'"):
				literal = v[2]
			case !present, got.Multi:
				return nil, false
			default:
				literal = got.Values[0]
			}
		}
		for _, c := range literal {
			out = append(out, symbol{c, false})
		}
	}
	return out, true
}

func globs(p []symbol, s []rune) bool {
	return walk(p, s, func(int) bool { return true })
}

// walk matches recursively; over says whether the wildcard at a place of the
// pattern stands for colons too.
func walk(p []symbol, s []rune, over func(int) bool) bool {
	var at func(i, j int) bool
	at = func(i, j int) bool {
		if i == len(p) {
			return j == len(s)
		}
		takes := j < len(s) && (s[j] != ':' || over(i))
		switch {
		case p[i].wild && p[i].r == '*':
			return at(i+1, j) || takes && at(i, j+1)
		case p[i].wild:
			return takes && at(i+1, j+1)
		}
		return j < len(s) && p[i].r == s[j] && at(i+1, j+1)
	}
	return at(0, 0)
}

// completed fills in the missing fields of an ARN.
func completed(p []symbol) []symbol {
	fields := strings.Split(text(p), ":")
	if fields[0] == "arn" && len(fields) > 1 && !slices.ContainsFunc(fields, func(f string) bool { return strings.HasSuffix(f, "*") }) {
		for range 6 - len(fields) {
			p = append(p, symbol{':', false}, symbol{'*', true})
		}
	}
	return p
}

// resourceGlobs is the segment rule.
func resourceGlobs(p []symbol, s []rune) bool {
	return walk(p, s, func(i int) bool {
		colons := 0
		for _, c := range p[:i] {
			if c.r == ':' {
				colons++
			}
		}
		last := i+1 == len(p) || p[i+1].r == ':'
		return colons >= 5 || p[i].r == '*' && last
	})
}

// arnGlobs compares the six components one by one.
func arnGlobs(p []symbol, s string) bool {
	parts := strings.SplitN(s, ":", 6)
	for n, part := range parts {
		end := len(p)
		if n < 5 {
			end = slices.IndexFunc(p, func(c symbol) bool { return c.r == ':' })
			if end < 0 {
				return false
			}
		}
		if !globs(p[:end], []rune(part)) {
			return false
		}
		if n < 5 {
			p = p[end+1:]
		}
	}
	return len(parts) == 6
}
