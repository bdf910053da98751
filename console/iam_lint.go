package console

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
	"github.com/berth-project/berth/iam/source"
)

// Bounds of the page: policies of one text that are judged, and findings that
// are told.
const (
	maxLinted = 50
	maxTold   = 300
)

// linting is the page: the text, and what was found in it.
type linting struct {
	Text  string   `json:"-"`
	Kind  string   `json:"kind"`
	Kinds []string `json:"-"`
	// Findings are those of all policies of the text.
	Findings []lintFinding `json:"findings"`
	Policies int           `json:"policies"`
	// Total is how many findings there are, told or not.
	Total   int    `json:"total"`
	Problem string `json:"problem,omitempty"`
	// Fixable is set where a safe fix is known.
	Fixable bool `json:"-"`
	// Mended says what a fix changed.
	Mended []string `json:"-"`
}

// lintFinding is a finding as the page shows it.
type lintFinding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Level    string `json:"level"`
	Path     string `json:"path"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Message  string `json:"message"`
	Detail   string `json:"detail,omitempty"`
	Help     string `json:"help,omitempty"`
	// Explanation is what the code means.
	Explanation string `json:"-"`
	Fix         string `json:"fix,omitempty"`
	State       string `json:"-"`
	// At is the place as the text area counts: its line, and its column in units
	// of UTF-16, from 1.
	At string `json:"-"`
}

func (c *Console) iamLint(r *http.Request) (*page, *fault) {
	if f := readForm(r); f != nil {
		return nil, f
	}
	l := linting{Text: r.FormValue("text"), Kind: r.FormValue("kind"), Kinds: iam.Kinds()}
	if _, ok := iam.ParseKind(l.Kind); !ok && l.Kind != "" {
		return nil, invalid("There is no such kind of policy.")
	}
	if r.Method == http.MethodPost && r.FormValue("fix") != "" {
		l.mend(c)
	}
	l.judge(c)
	p := &page{
		title: "Lint policies", template: "iam_lint", room: "/iam/simulate", up: "/iam/simulate",
		params: []string{"text", "kind"}, command: l.command(), data: l,
	}
	p.twin = twinOf(r, "/iam/lint.json")
	return p, nil
}

func (l *linting) command() string {
	if l.Kind == "" {
		return "berth iam lint FILE"
	}
	return "berth iam lint --kind " + quote(l.Kind) + " FILE"
}

// find returns the policies of the text.
func (l *linting) find() []*source.Found {
	if strings.TrimSpace(l.Text) == "" {
		return nil
	}
	file, err := source.Find("", []byte(l.Text))
	switch {
	case err != nil:
		l.Problem = err.Error()
		return nil
	case len(file.Policies) == 0:
		l.Problem = "There is no policy in this text yet."
	case len(file.Policies) > maxLinted:
		l.Problem = "The first 50 policies are judged."
	}
	return file.Policies[:min(len(file.Policies), maxLinted)]
}

func (l *linting) judge(c *Console) {
	found := l.find()
	l.Policies, l.Findings = len(found), []lintFinding{}
	for _, f := range found {
		for _, finding := range l.findings(c, f) {
			if l.Total++; l.Total <= maxTold {
				l.Findings = append(l.Findings, l.show(f, finding))
			}
			l.Fixable = l.Fixable || finding.Fix != nil && finding.Fix.Safe && len(found) == 1
		}
	}
}

func (l *linting) findings(c *Console, f *source.Found) []lint.Finding {
	kind, o := f.Kind, lint.Options{Now: c.src.Now(), KindGuessed: !f.Certain, ResourceType: f.ResourceType}
	if chosen, ok := iam.ParseKind(l.Kind); ok {
		kind, o.KindGuessed = chosen, false
	}
	policy, problems := iam.Read(f.Text, iam.ParseOptions{Kind: kind, ResourceType: o.ResourceType})
	return lint.Policy(policy, problems, o)
}

// states are the colours of severities.
var states = map[lint.Severity]string{lint.Error: "fail", lint.Security: "fail", lint.Warning: "wait", lint.Suggestion: "quiet"}

func (l *linting) show(f *source.Found, finding lint.Finding) lintFinding {
	at := f.Position(finding.Span.Start)
	out := lintFinding{
		Code: finding.Code, Severity: finding.Severity.String(), Level: finding.Level.String(), Path: finding.Path,
		Line: at.Line, Column: at.Column, Message: finding.Message, Detail: finding.Detail, Help: finding.Help, State: states[finding.Severity],
		At: l.caret(at),
	}
	if code, ok := lint.Explain(finding.Code); ok {
		out.Explanation = strings.TrimSpace(code.Text)
	}
	if finding.Fix != nil {
		out.Fix = finding.Fix.Description
	}
	return out
}

// caret is a place of the text in the units of a text area.
func (l *linting) caret(at iam.Position) string {
	start := at.Offset - (at.Column - 1)
	if start < 0 || at.Offset > len(l.Text) || at.Column < 1 {
		return "1:1"
	}
	return fmt.Sprintf("%d:%d", at.Line, len(utf16.Encode([]rune(l.Text[start:at.Offset])))+1)
}

// mend applies the safe fixes of a text that is one policy.
func (l *linting) mend(c *Console) {
	found := l.find()
	if len(found) != 1 || strings.TrimSpace(l.Text) != strings.TrimSpace(string(found[0].Text)) {
		l.Problem = "Fixes are made in a text that is one policy."
		return
	}
	fixed, mended, err := lint.Mend(found[0].Text, l.findings(c, found[0]), lint.SafeFixes)
	if err != nil {
		l.Problem = err.Error()
		return
	}
	l.Text = string(fixed)
	for _, m := range mended {
		l.Mended = append(l.Mended, m.Code+": "+m.Fix.Description)
	}
}
