package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// set is the policies of one principal while they are judged.
type set struct {
	passes   []*pass
	boundary *iam.Policy
	// maxSession is how long a session of the role may last; zero is unknown.
	maxSession time.Duration
	options    *Options

	guarded []guard            // see guards
	granted map[string][]grant // see grants
}

func newSet(a Attached, o *Options) *set {
	s := &set{options: o, boundary: a.Boundary, maxSession: a.MaxSession}
	for i, policy := range a.Policies {
		p := &pass{policy: policy, options: o, number: i}
		if policy == nil {
			p.policy = &iam.Policy{}
			p.unread = true
		}
		if i < len(a.Problems) {
			p.problems = a.Problems[i]
		}
		if i < len(a.Options) && a.Options[i] != nil {
			p.options = a.Options[i]
		}
		s.passes = append(s.passes, p)
	}
	return s
}

// pass is one policy while it is judged. Rules read it and report.
type pass struct {
	policy   *iam.Policy
	problems iam.Problems
	options  *Options
	// number is the policy's place in the set.
	number int
	// unread is set where the text was no document at all; policy is then empty.
	unread bool

	findings []*Finding
	work     int // of the rule that is running
	cut      bool

	guarded []guard            // see guards
	granted map[string][]grant // see grants

	expanded   map[string][]*catalog.Action // see expand
	remembered int
}

// maxWork bounds what one rule compares, in steps of about a microsecond at the
// worst. A document of the size the vendor accepts stays far below.
const maxWork = 200_000

// spend accounts for comparing two patterns and reports whether there is work
// left to do it.
func (p *pass) spend(a, b string) bool {
	p.work += 1 + len(a)*len(b)/256
	return !p.exhausted()
}

// exhausted reports whether the rule that is running has to stop.
func (p *pass) exhausted() bool {
	p.cut = p.cut || p.work > maxWork
	return p.work > maxWork
}

// maxFindings is how many findings are told of one document. One with more is
// not read to its end by anybody.
const maxFindings = 2000

// report adds a finding of a code at a path. Severity, level and place are
// filled in; the rule may change them and add Detail, Help and Fix.
func (p *pass) report(code, path, format string, args ...any) *Finding {
	if len(p.findings) >= maxFindings {
		p.cut = true
		return &Finding{} // for the rule to fill in, and told to nobody
	}
	c := codeNamed(code)
	f := &Finding{
		Code: code, Severity: c.Severity, Level: c.Level, Policy: p.number,
		Path: path, Span: p.span(path), Message: fmt.Sprintf(format, args...),
	}
	p.findings = append(p.findings, f)
	return f
}

// incomplete tells that work was cut.
func (p *pass) incomplete() {
	if !p.cut {
		return
	}
	p.findings = p.findings[:min(len(p.findings), maxFindings-1)]
	f := p.report("LINT_INCOMPLETE", iam.DocumentPath, "the document is too large to compare each part with each other; there may be more to find")
	f.Help = "split it"
}

// statements calls judge for each statement.
func (p *pass) statements(judge func(i int, s *iam.Statement)) {
	for i := range p.policy.Statements {
		judge(i, &p.policy.Statements[i])
	}
}

// conditions calls judge for each condition of each statement.
func (p *pass) conditions(judge func(i, c int, cond *iam.Condition)) {
	p.statements(func(i int, s *iam.Statement) {
		for c := range s.Conditions {
			judge(i, c, &s.Conditions[c])
		}
	})
}

// has reports whether a finding of the code is already there at the path.
func (p *pass) has(code, path string) bool {
	return slices.ContainsFunc(p.findings, func(f *Finding) bool { return f.Code == code && f.Path == path })
}

// refused reports whether the reader had something against what stands at a
// path: rules about the same thing need not repeat it.
func (p *pass) refused(path string) bool {
	return slices.ContainsFunc(p.problems, func(problem iam.Problem) bool { return problem.Path == path })
}

// problemsToFindings repeats what [iam.Read] found.
func (p *pass) problemsToFindings() {
	for _, problem := range p.problems {
		f := p.report(problem.Code, problem.Path, "%s", problem.Message)
		f.Span, f.Help = problem.Span, problem.Help
	}
}

// finish returns what is to be told of what was found.
func (p *pass) finish() []Finding {
	p.incomplete()
	var out []Finding
	expired := map[int]bool{}
	for i := 0; i < len(p.findings); i++ { // suppressed adds to them
		f := p.findings[i]
		if p.suppressed(f, expired) || slices.ContainsFunc(p.options.Disabled, func(c string) bool { return strings.EqualFold(c, f.Code) }) {
			continue
		}
		f.Severity = override(p.options.Severities, f.Code, f.Severity)
		f.Level = override(p.options.Levels, f.Code, f.Level)
		out = append(out, *f)
	}
	inOrder(out)
	return out
}

// override returns what a code is set to, in any case, or else what it is.
func override[T any](set map[string]T, code string, is T) T {
	for name, value := range set {
		if strings.EqualFold(name, code) {
			return value
		}
	}
	return is
}

// suppressed reports whether a finding was accepted. Of a suppression that has
// expired a finding is added, once.
func (p *pass) suppressed(f *Finding, expired map[int]bool) bool {
	for i, s := range p.options.Suppressions {
		if !strings.EqualFold(s.Code, f.Code) || !s.covers(f.Path) {
			continue
		}
		if s.Until.IsZero() || p.options.Now.Before(s.Until) {
			return true
		}
		if !expired[i] {
			expired[i] = true
			late := p.report("LINT_SUPPRESSION_EXPIRED", f.Path, "the suppression of %s expired on %s", s.Code, s.Until.Format("2006-01-02"))
			late.Detail, late.Help = "the reason given was: "+s.Reason, "mend it, or look at the reason again and give it a new date"
		}
	}
	return false
}

func (s Suppression) covers(path string) bool {
	if s.Path == "" || glob.Match(s.Path, path) {
		return true
	}
	return glob.Match(s.Path+".*", path) || glob.Match(s.Path+"[*", path)
}

// span returns where an element stands, or the nearest one around it; zero where
// the policy has no text.
func (p *pass) span(path string) iam.Span {
	for path != "" {
		if s, ok := p.policy.Span(path); ok {
			return s
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	s, _ := p.policy.Span(iam.DocumentPath)
	return s
}
