package synth

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// Result is what was written, and what is worth knowing about it.
type Result struct {
	// Policies are the policies to attach: one, or more where one would be too
	// large.
	Policies []*iam.Policy
	// Notes say what the reader has to know or do, one sentence each.
	Notes []string
}

// FromNeeds writes the identity policy of a program with these needs. The error
// joins what is wrong with each need.
func FromNeeds(needs []Need, place Place) (Result, error) {
	if len(needs) > maxNeeds {
		return Result{}, fmt.Errorf("more than %d needs", maxNeeds)
	}
	place.Partition = cmp.Or(place.Partition, "aws")
	b := builder{place: place, cat: catalog.Default(), parts: map[part]set{}, why: map[part]set{}}
	var errs []error
	for _, n := range needs {
		if err := b.need(n); err != nil {
			errs = append(errs, atPlace(n.At, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Result{}, err
	}
	return fit(b.statements(), b.notes)
}

func atPlace(at string, err error) error {
	if at == "" {
		return err
	}
	return fmt.Errorf("%s: %w", at, err)
}

type set map[string]bool

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

// builder gathers what needs grant, by what of it can share a statement.
type builder struct {
	place Place
	cat   *catalog.Catalog
	// parts are the actions on each resource under each condition; why are the
	// words that asked for them.
	parts, why map[part]set
	notes      []string
}

// part is a resource under a condition.
type part struct {
	// title begins the Sid: "BucketMedia". Empty for actions without a resource.
	title string
	// form is which form of the resource it is: "self", "objects".
	form string
	// resource is an ARN or "*".
	resource string
	// when is the condition, written out; see condition.
	when condition
}

// condition is at most one operator with a key and a value.
type condition struct{ operator, key, value string }

// need adds what one need grants.
func (b *builder) need(n Need) error {
	if err := n.Validate(); err != nil {
		return err
	}
	t, err := n.target()
	if err != nil {
		return err
	}
	values, err := b.values(n, t)
	if err != nil {
		return err
	}
	for _, word := range n.Access {
		access, err := t.grants(word)
		if err != nil {
			return err
		}
		for _, g := range access.grants {
			b.grant(n, t, word, g, values)
		}
		b.crypt(n, t, access)
	}
	return nil
}

// values are what the forms of the resource's ARN are filled with.
func (b *builder) values(n Need, t target) (map[string]string, error) {
	v := map[string]string{"Partition": b.place.Partition, "Region": b.place.Region, "Account": b.place.Account, "Prefix": n.Prefix}
	if t.id != (arn.ARN{}) {
		v["Partition"], v["Region"], v["Account"] = t.id.Partition, t.id.Region, t.id.Account
		if t.kind != nil {
			v["Name"] = t.kind.nameIn(t.id)
		}
		return v, nil
	}
	v["Name"] = t.kind.plain(t.name)
	for _, form := range t.kind.forms {
		for _, name := range []string{"Region", "Account"} {
			if strings.Contains(form, "${"+name+"}") && v[name] == "" {
				return nil, fmt.Errorf("%s: its ARN needs the %s: say which", n.Resource, strings.ToLower(name))
			}
		}
	}
	return v, nil
}

// grant adds the actions of one grant.
func (b *builder) grant(n Need, t target, word string, g grant, values map[string]string) {
	p := part{resource: "*", when: b.condition(n, g.when)}
	switch {
	case g.on == "*" && g.when != "":
		p.title = title(n, t)
	case g.on != "*" && t.kind == nil:
		p.title, p.form, p.resource = title(n, t), "self", g.on
	case g.on != "*":
		p.title, p.form, p.resource = title(n, t), g.on, fill(t.kind.forms[g.on], values)
	}
	b.add(p, word, g.actions...)
}

func (b *builder) add(p part, word string, actions ...string) {
	if b.parts[p] == nil {
		b.parts[p], b.why[p] = set{}, set{}
	}
	for _, a := range actions {
		b.parts[p][a] = true
	}
	b.why[p][word] = true
}

// condition writes a named condition out for a need.
func (b *builder) condition(n Need, name string) condition {
	switch {
	case name == "prefix" && n.Prefix != "":
		return condition{"StringLike", "s3:prefix", n.Prefix + "*"}
	case name == "namespace":
		_, space, _ := strings.Cut(n.Resource, ":")
		return condition{"StringEquals", "cloudwatch:namespace", cmp.Or(n.Name, space)}
	case name == "passed-to":
		return condition{"StringEquals", "iam:PassedToService", n.Service}
	}
	return condition{}
}

// crypt adds what the access takes of the customer's key, through the service
// only.
func (b *builder) crypt(n Need, t target, a Access) {
	if n.Key == "" || a.crypt == "" {
		return
	}
	key, err := arn.Parse(n.Key)
	if err != nil {
		return // Validate has refused it
	}
	via := t.kind.crypt + "." + key.Region + "." + domain(key.Partition)
	p := part{title: "Key" + camel(t.kind.crypt), resource: n.Key, when: condition{"StringEquals", "kms:ViaService", via}}
	b.add(p, a.crypt, "kms:Decrypt")
	if a.crypt == "encrypt" {
		b.add(p, a.crypt, "kms:GenerateDataKey")
	}
}

// domain is what host names of services end in.
func domain(partition string) string {
	if partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// group is the parts that share a statement.
type group struct {
	part
	actions, resources, forms, words []string
}

// statements turns the parts into statements: resources of one title with the
// same actions under the same condition share one.
func (b *builder) statements() []iam.Statement {
	groups := map[string]*group{}
	for p, actions := range b.parts {
		id := strings.Join(append(actions.sorted(), p.title, p.when.operator, p.when.key, p.when.value), "\x00")
		g := groups[id]
		if g == nil {
			g = &group{part: p, actions: actions.sorted()}
			groups[id] = g
		}
		g.resources = append(g.resources, p.resource)
		g.forms = append(g.forms, p.form)
		g.words = append(g.words, b.why[p].sorted()...)
	}
	var out []iam.Statement
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, groups[id].statement())
	}
	slices.SortFunc(out, func(a, b iam.Statement) int {
		return cmp.Or(cmp.Compare(*a.Sid, *b.Sid), slices.Compare(a.Resources.Values, b.Resources.Values), slices.Compare(a.Actions.Values, b.Actions.Values))
	})
	return unique(out)
}

func (g *group) statement() iam.Statement {
	for _, list := range []*[]string{&g.resources, &g.forms, &g.words} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return iam.Statement{
		Sid:              pointer(g.sid()),
		Effect:           iam.Allow,
		Actions:          elements(g.actions),
		Resources:        elements(g.resources),
		Conditions:       g.when.conditions(),
		ConditionPresent: g.when != condition{},
	}
}

// sid says why the statement is there: what it is on, which part of it, and the
// words that asked for it.
func (g *group) sid() string {
	if g.title == "" {
		return "StarOnly"
	}
	sid := g.title
	if !slices.Contains(g.forms, "self") {
		sid += words(g.forms)
	}
	return sid + words(g.words)
}

func elements(values []string) iam.Elements {
	return iam.Elements{Values: values, Scalar: len(values) == 1}
}

func (c condition) conditions() []iam.Condition {
	if c == (condition{}) {
		return nil
	}
	op, _ := iam.ParseOperator(c.operator)
	return []iam.Condition{{Written: c.operator, Operator: op, Key: c.key, Values: []iam.Value{{Text: c.value}}, Scalar: true}}
}

func pointer(s string) *string { return &s }

// unique numbers Sids that are there twice: identity policies need them unique.
func unique(statements []iam.Statement) []iam.Statement {
	used := set{}
	for i := range statements {
		base := *statements[i].Sid
		sid := base
		for n := 2; used[sid]; n++ {
			sid = fmt.Sprintf("%s%d", base, n)
		}
		used[sid] = true
		statements[i].Sid = &sid
	}
	return statements
}

// title begins the Sid of a need: its kind and name.
func title(n Need, t target) string {
	if t.id != (arn.ARN{}) && t.kind == nil {
		return camel(t.id.Service) + camel(t.id.Resource)
	}
	kind, name, _ := SplitResource(n.Resource)
	if strings.HasPrefix(name, "arn:") {
		name = t.kind.nameIn(t.id)
	}
	return camel(kind) + camel(name)
}

// words writes the words of accesses as the end of a Sid.
func words(list []string) string {
	var b strings.Builder
	for _, w := range list {
		b.WriteString(camel(w))
	}
	return b.String()
}

// camel writes a name in CamelCase, letters and digits only.
func camel(s string) string {
	var b strings.Builder
	upper := true
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' && upper:
			b.WriteRune(r - 'a' + 'A')
			upper = false
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
			upper = false
		default:
			upper = true
		}
	}
	return b.String()
}
