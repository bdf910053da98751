package diff

import (
	"cmp"
	"slices"
	"sort"
	"strconv"

	"github.com/berth-project/berth/iam"
)

// split divides the documents that are over their limit, where several can be
// attached in place of one. It returns the documents, and the places of those
// that are over it still.
func (m *minimiser) split(documents []*iam.Policy) (out []*iam.Policy, tooLarge []int) {
	for _, p := range documents {
		limit, ok := m.limit(p)
		if !ok || sizeOf([]*iam.Policy{p}) <= limit {
			out = append(out, p)
			continue
		}
		if !divisible(p.Kind) {
			tooLarge = append(tooLarge, len(out))
			out = append(out, p)
			continue
		}
		for _, part := range m.pack(p, limit) {
			if sizeOf([]*iam.Policy{part}) > limit {
				tooLarge = append(tooLarge, len(out))
			}
			out = append(out, part)
		}
	}
	return out, tooLarge
}

// limit returns how large a document may be; ok is false where there is no limit
// for it alone.
func (m *minimiser) limit(p *iam.Policy) (limit int, ok bool) {
	if m.options.MaxSize != 0 {
		return m.options.MaxSize, m.options.MaxSize > 0
	}
	q, ok := iam.QuotaFor(p.Kind, m.options.ResourceType)
	return q.Limit, ok
}

// divisible reports whether several documents of a kind can be attached where one
// is, each with a limit of its own. The limit of inline policies is for all of
// them, and boundaries, session and resource policies are one.
func divisible(k iam.Kind) bool {
	switch k {
	case iam.IdentityPolicy, iam.ServiceControlPolicy, iam.ResourceControlPolicy:
		return true
	}
	return false
}

func sizeOf(policies []*iam.Policy) int {
	n := 0
	for _, p := range policies {
		n += iam.Size(iam.Format(p, iam.FormatOptions{Minify: true}), p.Kind)
	}
	return n
}

// with returns the document with other statements.
func with(p *iam.Policy, statements ...iam.Statement) *iam.Policy {
	return &iam.Policy{Kind: p.Kind, Version: p.Version, ID: p.ID, Statements: statements}
}

// piece is a statement that is packed.
type piece struct {
	statement iam.Statement
	order     int
	size      int
}

// pack distributes the statements over as few documents as it finds: the largest
// first, each into the first document that has room. Within the documents, and
// among them, the order is that of the original.
func (m *minimiser) pack(p *iam.Policy, limit int) []*iam.Policy {
	taken := map[string]bool{}
	for i := range p.Statements {
		taken[sidOf(&p.Statements[i])] = true
	}
	var pieces []piece
	for _, s := range p.Statements {
		for i, s := range m.cutToFit(p, s, limit) {
			if sid := sidOf(&s); sid != "" && i > 0 {
				s.Sid = new(anotherSid(sid, taken))
			}
			pieces = append(pieces, piece{s, len(pieces), sizeOf([]*iam.Policy{with(p, s)})})
		}
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(b.size, a.size) })
	var bins [][]piece
	for _, x := range pieces {
		i := slices.IndexFunc(bins, func(bin []piece) bool {
			return sizeOf([]*iam.Policy{document(p, append(bin[:len(bin):len(bin)], x))}) <= limit
		})
		if i < 0 {
			bins = append(bins, []piece{x})
			continue
		}
		bins[i] = append(bins[i], x)
	}
	for _, bin := range bins {
		slices.SortFunc(bin, func(a, b piece) int { return cmp.Compare(a.order, b.order) })
	}
	slices.SortFunc(bins, func(a, b []piece) int { return cmp.Compare(a[0].order, b[0].order) })
	var out []*iam.Policy
	for _, bin := range bins {
		out = append(out, document(p, bin))
	}
	return out
}

func document(p *iam.Policy, bin []piece) *iam.Policy {
	q := with(p)
	for _, x := range bin {
		q.Statements = append(q.Statements, x.statement)
	}
	return q
}

// cutToFit returns the statement, or where it is over the limit by itself several
// with a part of its longer list each, as much as fits.
func (m *minimiser) cutToFit(p *iam.Policy, s iam.Statement, limit int) []iam.Statement {
	fits := func(s iam.Statement) bool { return sizeOf([]*iam.Policy{with(p, s)}) <= limit }
	var out []iam.Statement
	for !fits(s) {
		list := longer(p, &s)
		if list == nil {
			break
		}
		all := list.Values
		// The most that fits: the first count that does not, less one.
		n := sort.Search(len(all), func(n int) bool {
			*list = iam.Elements{Values: all[:n:n]}
			return n > 1 && !fits(s)
		}) - 1
		*list = iam.Elements{Values: all[:n:n]}
		out = append(out, s)
		*list = iam.Elements{Values: all[n:]}
	}
	return append(out, s)
}

// longer returns the longer of a statement's lists that can be cut; nil where
// none can. One with variables stays whole: all of them must have values for any
// of its patterns to match.
func longer(p *iam.Policy, s *iam.Statement) *iam.Elements {
	length := func(e iam.Elements) int {
		n := 0
		for _, v := range e.Values {
			n += len(v) + len(`"",`)
		}
		if e.Not || len(e.Values) < 2 {
			return 0
		}
		return n
	}
	actions, resources := length(s.Actions), length(s.Resources)
	if p.Variables() && hasVariables(s.Resources.Values) {
		resources = 0
	}
	switch {
	case actions == 0 && resources == 0:
		return nil
	case actions >= resources:
		return &s.Actions
	}
	return &s.Resources
}

// anotherSid returns a name for a further part of a statement.
func anotherSid(sid string, taken map[string]bool) string {
	for i := 2; ; i++ {
		if name := sid + strconv.Itoa(i); !taken[name] {
			taken[name] = true
			return name
		}
	}
}

func hasVariables(texts []string) bool {
	return slices.ContainsFunc(texts, func(t string) bool {
		return slices.ContainsFunc(iam.ParseTemplate(t, iam.VariableSyntax), func(p iam.Part) bool { return p.Kind != iam.Literal })
	})
}
