package account

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// The bounds of an export.
const (
	// MaxBytes is the size of all files together.
	MaxBytes = 512 << 20
	// MaxPrincipals is how many users, groups and roles there may be.
	MaxPrincipals = 200_000

	maxValues   = 32 << 20 // of the JSON of one file
	maxDepth    = 100
	maxProblems = 1_000
	maxLevels   = 20 // of SCPs and of RCPs; organisations have up to seven
)

// Read reads an export: files by their names, in which only slashes and the
// names of folders count. Problems are what could not be read; the snapshot has
// the rest. A policy that cannot be understood is treated as one that is
// missing, which answers say.
func Read(files map[string][]byte) (*Snapshot, Problems) {
	r := &reader{
		snapshot:  &Snapshot{accounts: map[string]*account{}, byARN: map[string]*Principal{}, resources: map[string]*resource{}},
		documents: map[documentKey]*iam.Compiled{}, managed: map[string]*iam.Compiled{},
		groups: map[string]*draft{}, drafts: map[string]*draft{}, controls: map[control]*iam.Compiled{}, roots: map[string]string{}, trusts: map[*iam.Policy]*trusted{},
	}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		size += len(files[name])
		if size > MaxBytes {
			r.problems = append(r.problems, Problem{File: name, Message: fmt.Sprintf("export has more than the %d bytes that are read", MaxBytes), Help: "split it by account"})
			break
		}
		r.file(name, files[name])
	}
	r.link()
	return r.snapshot, r.problems
}

// reader gathers an export, and links it when all of it is there: a user may
// come before its groups, a role before its policies.
type reader struct {
	snapshot *Snapshot
	problems Problems

	documents map[documentKey]*iam.Compiled
	managed   map[string]*iam.Compiled // by ARN
	groups    map[string]*draft        // by ARN
	drafts    map[string]*draft        // users and roles by ARN
	controls  map[control]*iam.Compiled

	later      []deferred        // files of the layout
	roots      map[string]string // accounts by the folder of the layout
	loose      []loose
	groupNames map[[2]string]*draft // by account and name
	truncated  string
	trusts     map[*iam.Policy]*trusted

	name string // of the file that is read
	doc  *jsonsource.Document
}

// documentKey is what a document was read as, and its text.
type documentKey struct {
	kind iam.Kind
	on   string
	sum  [sha256.Size]byte
}

// control is the place of an SCP or RCP.
type control struct {
	account     string
	kind        iam.Kind
	level, name string
}

// draft is a user, group or role whose policies are still names.
type draft struct {
	Principal
	attached []string // ARNs, or names of the same account
	boundary string
	file     string
}

func (r *reader) problem(n *jsonsource.Node, message, help string) {
	if len(r.problems) >= maxProblems {
		return
	}
	p := Problem{File: r.name, Message: message, Help: help}
	if n != nil {
		p.At = iam.Position(r.doc.Position(n.Start))
	}
	r.problems = append(r.problems, p)
}

// file reads one file, by its place in the layout or else by its content.
func (r *reader) file(name string, data []byte) {
	r.name = strings.ReplaceAll(name, `\`, "/")
	if !strings.HasSuffix(strings.ToLower(name), ".json") && name != "-" {
		return
	}
	doc, err := jsonsource.Parse(data, jsonsource.Limits{Bytes: MaxBytes, Depth: maxDepth, Values: maxValues})
	r.doc = doc
	if e, ok := errors.AsType[*jsonsource.Error](err); ok {
		r.problems = append(r.problems, Problem{File: r.name, At: iam.Position(e.Span.Start), Message: e.Message, Help: e.Help})
		return
	}
	root := doc.Root
	switch at, ok := placeOf(r.name); {
	case ok:
		r.laidOut(at, root)
	case root.Lookup("UserDetailList") != nil, root.Lookup("RoleDetailList") != nil, root.Lookup("GroupDetailList") != nil, root.Lookup("Policies") != nil:
		r.details(root)
	case !r.output(root):
		r.problem(root, "file is no export this reader knows", "see the documentation of package account for what is read")
	}
}

// compile reads a document; nil where it cannot be understood. Equal documents
// are compiled once.
func (r *reader) compile(n *jsonsource.Node, name string, o iam.ParseOptions) *iam.Compiled {
	if n == nil || n.Kind == jsonsource.Null {
		return nil
	}
	text := n.Text
	if n.Kind == jsonsource.Object {
		text = r.doc.Text()[n.Start:n.End]
	}
	key := documentKey{o.Kind, o.ResourceType, sha256.Sum256([]byte(text))}
	if c := r.documents[key]; c != nil {
		return c.Named(name)
	}
	o.Lenient = true
	p, err := iam.Parse([]byte(text), o)
	if problems, ok := errors.AsType[iam.Problems](err); ok && len(problems) > 0 {
		first := problems[0]
		at := *n
		if n.Kind == jsonsource.Object {
			at.Start += first.Span.Start.Offset
		}
		r.problem(&at, fmt.Sprintf("policy %s cannot be understood: %s: %s", name, first.Code, first.Message), first.Help)
		return nil
	}
	c := iam.Compile(p)
	r.documents[key] = c
	return c.Named(name)
}

// account returns what is known of an account, which may be nothing yet.
func (r *reader) account(id string) *account {
	a := r.snapshot.accounts[id]
	if a == nil {
		a = &account{id: id}
		r.snapshot.accounts[id] = a
	}
	return a
}

// keep takes a draft under its ARN.
func (r *reader) keep(n *jsonsource.Node, d *draft, group bool) {
	parts, count := arn.Split(d.ARN)
	id := parts[arn.AccountComponent]
	switch {
	case count < len(parts) || !arn.ValidAccount(id):
		r.problem(n, fmt.Sprintf("%q is no ARN of a user, group or role", clip(d.ARN)), "write it whole: arn:aws:iam::ACCOUNT:role/NAME")
		return
	case len(r.drafts)+len(r.groups) >= MaxPrincipals:
		r.problem(n, fmt.Sprintf("export has more than the %d users, groups and roles that are read", MaxPrincipals), "split it by account")
		return
	}
	d.Account, d.file = id, r.name
	d.Name = d.ARN[strings.LastIndexByte(d.ARN, '/')+1:]
	d.ServiceLinked = strings.Contains(d.ARN, ":role/aws-service-role/")
	r.account(id)
	if group {
		r.groups[d.ARN] = d
	} else {
		r.drafts[d.ARN] = merged(r.drafts[d.ARN], d)
	}
}

// merged adds what another file says of the same user or role.
func merged(old, d *draft) *draft {
	if old == nil {
		return d
	}
	d.Policies = append(old.Policies, d.Policies...)
	d.attached = append(old.attached, d.attached...)
	d.Groups = append(old.Groups, d.Groups...)
	d.Missing = append(old.Missing, d.Missing...)
	if d.Trust == nil {
		d.Trust = old.Trust
	}
	if d.boundary == "" {
		d.boundary = old.boundary
	}
	if d.Tags == nil {
		d.Tags = old.Tags
	}
	if d.ID == "" {
		d.ID = old.ID
	}
	d.MaxSessionSeconds = max(d.MaxSessionSeconds, old.MaxSessionSeconds)
	return d
}

// inline takes a policy that is embedded in a draft.
func (r *reader) inline(d *draft, name string, n *jsonsource.Node, kind iam.Kind) {
	if c := r.compile(n, name, iam.ParseOptions{Kind: kind}); c != nil {
		d.Policies = append(d.Policies, c)
	} else {
		d.Missing = append(d.Missing, name)
	}
}

// text returns the text of a member; nothing where it is not a string.
func text(n *jsonsource.Node, names ...string) string {
	if v := n.Lookup(names...); v != nil && v.Kind == jsonsource.String {
		return v.Text
	}
	return ""
}

// items calls do for each item of a list.
func items(n *jsonsource.Node, do func(*jsonsource.Node)) {
	if n == nil {
		return
	}
	for i := range n.Items {
		do(&n.Items[i])
	}
}

// clip cuts a part of an export to a length that fits a message.
func clip(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
