package source

import (
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// This file tells policies from other objects, and what a policy is for where
// the format does not say.

// isPolicy reports whether an object is meant as a policy document. Statement
// alone does not make it one: rules of other services have an element of that
// name, with other things in it.
func isPolicy(n *jsonsource.Node) bool {
	if n.Kind != jsonsource.Object {
		return false
	}
	s := element(n, "Statement")
	if s == nil {
		return false
	}
	if v := element(n, "Version"); v != nil && (v.Text == iam.Version2012 || v.Text == iam.Version2008) {
		return true
	}
	for _, one := range statements(s) {
		if isStatement(one) || element(one, "Effect") != nil {
			return true
		}
	}
	return false
}

// isStatement reports whether an object is meant as a statement of a policy.
func isStatement(n *jsonsource.Node) bool {
	if n.Kind != jsonsource.Object {
		return false
	}
	effect := element(n, "Effect")
	if effect == nil || !strings.EqualFold(effect.Text, "Allow") && !strings.EqualFold(effect.Text, "Deny") {
		return false
	}
	for _, name := range []string{"Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"} {
		if element(n, name) != nil {
			return true
		}
	}
	return false
}

// element returns the member of that name, in any case: a policy with an
// element misspelled is still one.
func element(n *jsonsource.Node, name string) *jsonsource.Node {
	for i := range n.Members {
		if strings.EqualFold(n.Members[i].Name, name) {
			return &n.Members[i].Value
		}
	}
	return nil
}

// statements returns the statements of an element Statement.
func statements(n *jsonsource.Node) []*jsonsource.Node {
	if n.Kind != jsonsource.Array {
		return []*jsonsource.Node{n}
	}
	all := make([]*jsonsource.Node, len(n.Items))
	for i := range n.Items {
		all[i] = &n.Items[i]
	}
	return all
}

// traits are what of a document tells its kind.
type traits struct {
	principal bool // some statement has one
	resource  bool // some statement has one
	assume    bool // all actions assume a role
	deny      bool // all statements deny
}

func traitsOf(n *jsonsource.Node) traits {
	list := []*jsonsource.Node{n}
	if s := element(n, "Statement"); s != nil {
		list = statements(s)
	}
	t := traits{assume: true, deny: true}
	actions := 0
	for _, s := range list {
		t.principal = t.principal || element(s, "Principal") != nil || element(s, "NotPrincipal") != nil
		t.resource = t.resource || element(s, "Resource") != nil || element(s, "NotResource") != nil
		if e := element(s, "Effect"); e == nil || e.Text != "Deny" {
			t.deny = false
		}
		for _, a := range texts(element(s, "Action")) {
			actions++
			t.assume = t.assume && assumesRole(a)
		}
		if element(s, "NotAction") != nil {
			t.assume = false
		}
	}
	t.assume = t.assume && actions > 0
	return t
}

// assumesRole reports whether an action is one of those that belong in a trust
// policy (STS API Reference, AssumeRole and its relatives).
func assumesRole(action string) bool {
	name, ok := strings.CutPrefix(strings.ToLower(action), "sts:")
	return ok && (strings.HasPrefix(name, "assumerole") || name == "tagsession" || name == "setsourceidentity" ||
		name == "setcontext" || name == "*" || name == "assume*")
}

// texts returns the strings of an element that is a string or a list.
func texts(n *jsonsource.Node) []string {
	switch {
	case n == nil:
		return nil
	case n.Kind == jsonsource.String:
		return []string{n.Text}
	}
	var all []string
	for i := range n.Items {
		if n.Items[i].Kind == jsonsource.String {
			all = append(all, n.Items[i].Text)
		}
	}
	return all
}

// hint is a phrase that names a kind of policy in the words around one.
type hint struct {
	phrase string
	kind   iam.Kind
}

// hints are in the order in which they count.
var hints = []hint{
	{"trust relationship", iam.TrustPolicy},
	{"trust polic", iam.TrustPolicy},
	{"trust document", iam.TrustPolicy},
	{"assume role policy", iam.TrustPolicy},
	{"assumerolepolicy", iam.TrustPolicy},
	{"service control polic", iam.ServiceControlPolicy},
	{"resource control polic", iam.ResourceControlPolicy},
	{"endpoint polic", iam.EndpointPolicy},
	{"session polic", iam.SessionPolicy},
	{"boundary", iam.BoundaryPolicy},
	{"boundaries", iam.BoundaryPolicy},
	{"bucket polic", iam.ResourcePolicy},
	{"queue polic", iam.ResourcePolicy},
	{"topic polic", iam.ResourcePolicy},
	{"key polic", iam.ResourcePolicy},
	{"repository polic", iam.ResourcePolicy},
	{"resource polic", iam.ResourcePolicy},
	{"resource based polic", iam.ResourcePolicy},
	{"identity polic", iam.IdentityPolicy},
	{"identity based polic", iam.IdentityPolicy},
	{"iam polic", iam.IdentityPolicy},
	{" scp ", iam.ServiceControlPolicy},
	{" scps ", iam.ServiceControlPolicy},
	{" rcp ", iam.ResourceControlPolicy},
	{" rcps ", iam.ResourceControlPolicy},
}

// clue is the first hint in some words that fits a document.
func clue(words string, fits func(iam.Kind) bool) (hint, bool) {
	if words == "" {
		return hint{}, false
	}
	words = " " + strings.Join(strings.FieldsFunc(strings.ToLower(words), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n-_.,:;()[]'\"`*“”‘’/", r)
	}), " ") + " "
	for _, h := range hints {
		if fits(h.kind) && strings.Contains(words, h.phrase) {
			return h, true
		}
	}
	return hint{}, false
}

// guess tells the kind of a document from what it has and the words around it:
// the words decide only between kinds the document can be of.
func guess(n *jsonsource.Node, words string) (iam.Kind, string) {
	return traitsOf(n).guess(words)
}

func (t traits) guess(words string) (iam.Kind, string) {
	if t.principal && t.assume {
		return iam.TrustPolicy, "the document has a Principal and its actions are sts:AssumeRole…"
	}
	h, ok := clue(words, t.fits)
	switch {
	case ok:
		return h.kind, "the words above say \"" + strings.TrimSpace(h.phrase) + ending(h.phrase) + "\""
	case t.principal:
		return iam.ResourcePolicy, "the document has a Principal and actions other than sts:AssumeRole…"
	}
	return iam.IdentityPolicy, "the document has no Principal"
}

// ending completes a phrase that stands for singular and plural.
func ending(phrase string) string {
	if strings.HasSuffix(phrase, "polic") {
		return "y"
	}
	return ""
}

// fits reports whether words can tell that a document with these traits is a
// policy of a kind. That one with a Principal is called an IAM policy counts: it
// is a mistake worth telling.
func (t traits) fits(k iam.Kind) bool {
	switch k {
	case iam.TrustPolicy:
		return !t.resource && (t.principal || t.assume)
	case iam.ResourcePolicy, iam.EndpointPolicy, iam.IdentityPolicy:
		return t.principal
	case iam.ResourceControlPolicy:
		return t.principal && t.deny
	case iam.BoundaryPolicy, iam.SessionPolicy, iam.ServiceControlPolicy:
		return !t.principal
	}
	return true
}
