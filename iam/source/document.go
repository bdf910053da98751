package source

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// document finds the policies in a JSON document: by what it is where that can
// be told, and otherwise wherever something looks like one.
func (f *finder) document(t text, root *jsonsource.Node, around func() surroundings) {
	(&walker{finder: f, t: t, around: around}).document(root)
}

func (w *walker) document(root *jsonsource.Node) {
	format := OtherJSON
	switch {
	case isPolicy(root), isStatement(root), isPolicyList(root):
		format = PolicyJSON
		w.walk(root)
	case isTemplate(root):
		format = CloudFormation
		w.template(root)
	case isPlan(root):
		format = TerraformPlan
		w.plan(root)
	case isAccountDetails(root):
		format = AccountDetails
		w.accountDetails(root)
	case w.commandOutput(root):
		format = CommandOutput
	default:
		w.walk(root)
	}
	if w.depth == 0 && w.file.Format == OtherJSON {
		w.file.Format = format
	}
}

func isPolicyList(n *jsonsource.Node) bool {
	return n.Kind == jsonsource.Array && len(n.Items) > 0 && (isPolicy(&n.Items[0]) || isStatement(&n.Items[0]))
}

// walker reads one JSON document. Documents in its strings are read by walkers
// of their own.
type walker struct {
	*finder
	t      text
	around func() surroundings
	path   []string // where the walk is, for names
	depth  int      // how often the text was decoded

	// resolve returns a part of the document with its references replaced; nil
	// where the format has none.
	resolve func(n *jsonsource.Node) (text, []Substitution)
	// taken are the values that need not be found again.
	taken map[*jsonsource.Node]bool
}

// walk finds whatever looks like a policy in a value.
func (w *walker) walk(n *jsonsource.Node) {
	if w.taken[n] {
		return
	}
	switch n.Kind {
	case jsonsource.Object:
		if isPolicy(n) || isStatement(n) {
			w.guessed(n)
			return
		}
		for i := range n.Members {
			w.path = append(w.path, n.Members[i].Name)
			w.walk(&n.Members[i].Value)
			w.path = w.path[:len(w.path)-1]
		}
	case jsonsource.Array:
		for i := range n.Items {
			w.path = append(w.path, "["+strconv.Itoa(i)+"]")
			w.walk(&n.Items[i])
			w.path = w.path[:len(w.path)-1]
		}
	case jsonsource.String:
		if inner, ok := w.embedded(n); ok {
			inner.document(inner.root)
		}
	}
}

// guessed takes a policy about which the format says nothing.
func (w *walker) guessed(n *jsonsource.Node) {
	words := w.around().words
	if len(w.path) > 0 {
		words += "\n" + spaced(w.path[len(w.path)-1])
	}
	kind, why := guess(n, words)
	w.take(role{name: w.where(), kind: kind, why: why}, n)
}

// where names the place of the walk.
func (w *walker) where() string {
	if len(w.path) == 0 {
		return w.title(w.t, w.around)
	}
	var b strings.Builder
	switch heading := w.around().heading; {
	case strings.HasPrefix(w.path[0], "["):
		b.WriteString(w.title(w.t, w.around))
	case heading != "":
		b.WriteString(heading + " ")
	}
	for i, step := range w.path {
		if i > 0 && !strings.HasPrefix(step, "[") {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}

// spaced turns a name as programs have it into words: "BucketPolicy" into
// "Bucket Policy".
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && 'A' <= r && r <= 'Z' && !strings.HasSuffix(b.String(), " ") {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// inner is a JSON document that is the text of a string.
type inner struct {
	*walker
	root *jsonsource.Node
}

// embedded reads a string that holds JSON with a policy in it, URL encoded or
// not.
func (w *walker) embedded(n *jsonsource.Node) (inner, bool) {
	if w.depth >= maxDecodings || !mentions([]byte(n.Text)) {
		return inner{}, false
	}
	t := decoded(unquote(w.t.slice(n.Start, n.End)))
	if content := bytes.TrimSpace(t.bytes); len(content) == 0 || strings.IndexByte(`{["`, content[0]) < 0 {
		return inner{}, false
	}
	doc, err := jsonsource.Parse(t.bytes, limits())
	if err != nil {
		if bytes.Contains(t.bytes, []byte(`"Statement"`)) && bytes.Contains(t.bytes, []byte(`"Effect"`)) {
			w.broken(t, w.around)
		}
		return inner{}, false
	}
	return inner{w.within(t), doc.Root}, true
}

// within returns a walker for a text that stands in this one's.
func (w *walker) within(t text) *walker {
	return &walker{finder: w.finder, t: t, around: w.around, path: w.path, depth: w.depth + 1}
}

// decoded undoes URL encoding where there is any.
func decoded(t text) text {
	if b := bytes.TrimSpace(t.bytes); len(b) > 3 && b[0] == '%' {
		return unescapeURL(t)
	}
	return t
}

// slot takes what stands where the format says a policy is: an object, or a
// string that holds the text of one. Nothing, or an empty string, is no policy.
func (w *walker) slot(r role, n *jsonsource.Node) {
	if name, _ := intrinsic(n); name != "" && w.resolve != nil {
		// A function that returns the text of a policy, or a policy.
		t, subs := w.resolve(n)
		switch {
		case w.exhausted:
		case len(t.bytes) > 0 && t.bytes[0] == '"':
			w.within(unquote(t)).whole(r, subs)
		default:
			w.add(r, t, subs)
		}
		return
	}
	switch n.Kind {
	case jsonsource.Object:
		w.take(r, n)
	case jsonsource.String:
		t := decoded(unquote(w.t.slice(n.Start, n.End)))
		if len(bytes.TrimSpace(t.bytes)) > 0 {
			w.within(t).whole(r, nil)
		}
	}
}

// whole takes all of the text as a policy.
func (w *walker) whole(r role, subs []Substitution) {
	if !r.certain {
		var tr traits
		if doc, err := jsonsource.Parse(w.t.bytes, limits()); err == nil {
			tr = traitsOf(doc.Root)
		}
		name := r.name[strings.LastIndexByte(r.name, '.')+1:]
		r.kind, r.why = tr.guess(spaced(name))
	}
	w.add(r, w.t, subs)
}

// take takes an object as a policy.
func (w *walker) take(r role, n *jsonsource.Node) {
	if !r.certain && r.why == "" {
		r.kind, r.why = guess(n, "")
	}
	t, subs := w.part(n)
	if w.exhausted {
		return
	}
	w.add(r, t, subs)
}

// part returns the text of a value.
func (w *walker) part(n *jsonsource.Node) (text, []Substitution) {
	if w.resolve != nil {
		return w.resolve(n)
	}
	return w.t.slice(n.Start, n.End), nil
}

// certain returns the role of a policy the format tells.
func certain(name string, kind iam.Kind, why string) role {
	return role{name: name, kind: kind, certain: true, why: why}
}
