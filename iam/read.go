package iam

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// maxProblems bounds what is said about one document.
const maxProblems = 1000

// Parse reads a policy document, plain or URL-encoded. The error is [Problems]:
// all that [Read] finds, in lenient mode all that is not tolerated.
func Parse(text []byte, o ParseOptions) (*Policy, error) {
	p, problems := Read(text, o)
	if o.Lenient {
		problems = slices.DeleteFunc(problems, func(p Problem) bool { return p.Tolerated })
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}

// Read takes a document apart as far as it can be understood and reports every
// problem it has, up to the first thousand, in the order of the document. The
// policy is never nil. What cannot be understood is left out of it, but keeps
// its place in lists: a statement that is not an object is an empty statement,
// a pattern that is not a string an empty one, so that paths fit.
//
// A document that is URL-encoded, as the vendor's API returns it, is decoded
// first. All positions are then those of the decoded text, which [Policy.Text]
// returns.
func Read(text []byte, o ParseOptions) (*Policy, Problems) {
	r := &reader{options: o, policy: &Policy{Kind: o.Kind}}
	r.document(text)
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset)
	})
	return r.policy, r.problems
}

// reader reads one document.
type reader struct {
	options   ParseOptions
	doc       *jsonsource.Document
	policy    *Policy
	variables bool
	problems  Problems
	refused   bool // some problem is not tolerated
}

// refuse reports a problem that no reader can overlook.
func (r *reader) refuse(f fault, path string, at Span) { r.report(f, path, at, false) }

// tolerate reports a problem of which a lenient reader knows what it means.
func (r *reader) tolerate(f fault, path string, at Span) { r.report(f, path, at, true) }

// report keeps a problem. Beyond the bound it keeps just the first that is not
// tolerated, since that decides whether the document is accepted.
func (r *reader) report(f fault, path string, at Span, tolerated bool) {
	if n := len(r.problems); n >= maxProblems && (tolerated || r.refused) {
		if n == maxProblems {
			f = fault{codeTooMany, fmt.Sprintf("document has more than the %d problems that are reported", maxProblems), "mend those first"}
			r.problems = append(r.problems, Problem{Code: f.code, Path: DocumentPath, Span: at, Message: f.message, Help: f.help, Tolerated: true})
		}
		return
	}
	r.refused = r.refused || !tolerated
	r.problems = append(r.problems, Problem{Code: f.code, Path: path, Span: at, Message: f.message, Help: f.help, Tolerated: tolerated})
}

func (r *reader) span(n *jsonsource.Node) Span       { return spanOf(r.doc.Span(n)) }
func (r *reader) nameSpan(m *jsonsource.Member) Span { return spanOf(r.doc.NameSpan(m)) }
func (r *reader) offsets(start, end int) Span {
	return Span{Start: Position(r.doc.Position(start)), End: Position(r.doc.Position(end))}
}

func (r *reader) document(text []byte) {
	decoded, bad := decodeURL(text)
	doc, err := jsonsource.Parse(decoded, jsonsource.Limits{})
	r.doc = doc
	r.policy.src = &source{doc: doc}
	if bad >= 0 && len(doc.Text()) > 0 {
		r.refuse(fault{codeSyntax, "URL-encoded text has a % without two hexadecimal digits", "copy the whole text, or give the JSON itself"},
			DocumentPath, r.offsets(bad, bad+1))
		return
	}
	if err != nil {
		r.syntax(err)
		return
	}
	r.characters()
	if doc.Root.Kind != jsonsource.Object {
		r.refuse(fault{codeType, "document is " + doc.Root.Kind.String() + ", not an object", `write {"Version": "2012-10-17", "Statement": [...]}`},
			DocumentPath, r.span(doc.Root))
		return
	}
	r.top(doc.Root)
}

func (r *reader) syntax(err error) {
	f := fault{code: codeSyntax, message: err.Error()}
	var at Span
	if e, ok := errors.AsType[*jsonsource.Error](err); ok {
		f.message, f.help, at = e.Message, e.Help, spanOf(e.Span)
	}
	r.refuse(f, DocumentPath, at)
}

// characters checks the characters of the text. The API of IAM, STS and KMS
// takes U+0009, U+000A, U+000D and U+0020 to U+00FF (API reference of
// CreatePolicy, "PolicyDocument"), with which escapes are written; other services
// take any.
func (r *reader) characters() {
	switch k := r.options.Kind; {
	case k == ServiceControlPolicy || k == ResourceControlPolicy || k == EndpointPolicy:
		return
	case k == ResourcePolicy && !findResourceType(r.options.ResourceType).characters:
		return
	}
	for i, c := range r.doc.Text() {
		if c > 0xff && i >= r.doc.Root.Start {
			r.tolerate(fault{codeCharacter, fmt.Sprintf("character %q (U+%04X) is not one that policies of this kind may have", c, c), `use characters up to U+00FF, or the wildcard "?"`},
				DocumentPath, r.offsets(i, i+len(string(c))))
			return
		}
	}
}

func (r *reader) top(root *jsonsource.Node) {
	twins := r.duplicates(root, func() string { return "" })
	statement := root.Member("Statement")
	known := topElements
	bare := statement == nil && root.Member("Effect") != nil
	if bare {
		known = statementElements
	}
	if m := root.Member("Version"); m != nil {
		r.version(m)
	}
	r.variables = r.policy.Variables()
	for i := range root.Members {
		m := &root.Members[i]
		switch m.Name {
		case "Version":
		case "Id":
			r.id(m)
		case "Statement":
			if m == statement {
				r.statements(&m.Value)
			}
		default:
			if !slices.Contains(known, m.Name) && !twins[m] {
				r.unknownElement(m, "", known)
			}
		}
	}
	switch {
	case statement != nil:
	case bare:
		r.refuse(fault{codeMissingStatement, "document is a statement and not a policy", `wrap it: {"Version": "2012-10-17", "Statement": [...]}`},
			DocumentPath, r.span(root))
	default:
		r.refuse(fault{codeMissingStatement, "document has no Statement", `add "Statement": [...]`}, DocumentPath, r.span(root))
	}
}

// The elements of a document and of a statement.
var (
	topElements       = []string{"Version", "Id", "Statement"}
	statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)

func (r *reader) version(m *jsonsource.Member) {
	n := &m.Value
	if n.Kind != jsonsource.String {
		r.mismatch(n, "Version", "a string", false)
		return
	}
	r.policy.Version = n.Text
	if n.Text != Version2012 && n.Text != Version2008 {
		r.refuse(fault{codeVersion, "version " + quoted(n.Text) + " does not exist", `write "` + Version2012 + `"`}, "Version", r.span(n))
	}
}

func (r *reader) id(m *jsonsource.Member) {
	if m.Value.Kind != jsonsource.String {
		r.mismatch(&m.Value, "Id", "a string", true)
		return
	}
	if r.policy.ID == nil {
		r.policy.ID = &m.Value.Text
	}
}

// statements reads Statement, one object counting as a list of one.
func (r *reader) statements(n *jsonsource.Node) {
	switch n.Kind {
	case jsonsource.Object:
		r.policy.Single = true
		r.policy.Statements = []Statement{r.statement(0, n)}
	case jsonsource.Array:
		r.policy.Statements = make([]Statement, len(n.Items))
		for i := range n.Items {
			r.policy.Statements[i] = r.statement(i, &n.Items[i])
		}
		if len(n.Items) == 0 {
			r.tolerate(fault{codeMissingStatement, "Statement is empty", "add a statement"}, "Statement", r.span(n))
		}
	default:
		r.mismatch(n, "Statement", "an object or a list of objects", false)
	}
	r.uniqueSids()
}

// mismatch reports a value of the wrong JSON type.
func (r *reader) mismatch(n *jsonsource.Node, path, want string, tolerated bool) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	f := fault{codeType, fmt.Sprintf("%s is %s, not %s", name, n.Kind, want), "write " + want}
	r.report(f, path, r.span(n), tolerated)
}

// unknownElement reports a member of an object that is no element. One that
// looks like another by mistake is not tolerated: without it the policy means
// something else than its author wrote.
func (r *reader) unknownElement(m *jsonsource.Member, path string, known []string) {
	f := fault{codeElement, "element " + quoted(m.Name) + " does not exist", "remove it; there are " + strings.Join(known, ", ")}
	near := nearest(m.Name, known)
	if near != "" {
		f.help = fmt.Sprintf("write %q", near)
	}
	r.report(f, joinPath(path, m.Name), r.nameSpan(m), near == "")
}

// joinPath names a member. One without a name at the top has none to go by.
func joinPath(path, name string) string {
	if path == "" {
		return cmp.Or(name, DocumentPath)
	}
	return path + "." + name
}
