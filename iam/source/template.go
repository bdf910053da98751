package source

import (
	"strconv"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// isTemplate reports whether a document is a CloudFormation template.
func isTemplate(n *jsonsource.Node) bool {
	if n.Member("AWSTemplateFormatVersion") != nil {
		return true
	}
	resources := n.Lookup("Resources")
	if resources == nil {
		return false
	}
	for i := range resources.Members {
		if t := resources.Members[i].Value.Lookup("Type"); t != nil && strings.HasPrefix(t.Text, "AWS::") {
			return true
		}
	}
	return false
}

// template is what the policies of a template refer to.
type template struct {
	resources  map[string]*jsonsource.Node
	parameters map[string]*jsonsource.Node
	mappings   map[[3]string]*jsonsource.Node
	// attached and bounded are, by managed policy, who has it and whose boundary
	// it is.
	attached, bounded map[string][]string
}

func newTemplate(root *jsonsource.Node) *template {
	t := &template{
		resources:  members(root.Lookup("Resources")),
		parameters: members(root.Lookup("Parameters")),
		mappings:   map[[3]string]*jsonsource.Node{},
		attached:   map[string][]string{},
		bounded:    map[string][]string{},
	}
	if maps := root.Lookup("Mappings"); maps != nil {
		for i := range maps.Members {
			top := &maps.Members[i].Value
			for j := range top.Members {
				second := &top.Members[j].Value
				for k := range second.Members {
					t.mappings[[3]string{maps.Members[i].Name, top.Members[j].Name, second.Members[k].Name}] = &second.Members[k].Value
				}
			}
		}
	}
	return t
}

// members returns the members of an object by name, the last of a name counting.
func members(n *jsonsource.Node) map[string]*jsonsource.Node {
	m := map[string]*jsonsource.Node{}
	if n != nil {
		for i := range n.Members {
			m[n.Members[i].Name] = &n.Members[i].Value
		}
	}
	return m
}

// typeOf returns the type of a resource of the template; nothing where it has
// none of that name.
func (t *template) typeOf(logical string) string {
	if n := t.resources[logical].Lookup("Type"); n != nil {
		return n.Text
	}
	return ""
}

// template finds the policies of a CloudFormation template.
func (w *walker) template(root *jsonsource.Node) {
	tpl := newTemplate(root)
	w.resolve = func(n *jsonsource.Node) (text, []Substitution) {
		r := &resolver{walker: w, tpl: tpl}
		r.emit(n, place{})
		return r.out.text(), r.subs
	}
	resources := root.Lookup("Resources")
	if resources == nil {
		return
	}
	for i := range resources.Members {
		tpl.link(resources.Members[i].Name, resources.Members[i].Value.Lookup("Properties"))
	}
	for i := range resources.Members {
		w.resource(tpl, resources.Members[i].Name, &resources.Members[i].Value)
	}
}

// link notes which managed policies of the template a role, user or group has.
func (t *template) link(logical string, properties *jsonsource.Node) {
	for _, ref := range referred(properties.Lookup("ManagedPolicyArns")) {
		t.attached[ref] = append(t.attached[ref], logical)
	}
	for _, ref := range referred(properties.Lookup("PermissionsBoundary")) {
		t.bounded[ref] = append(t.bounded[ref], logical)
	}
}

// resource finds the policies of one resource.
func (w *walker) resource(tpl *template, logical string, n *jsonsource.Node) {
	properties := n.Lookup("Properties")
	typ := tpl.typeOf(logical)
	if properties == nil || foreignPolicies[typ] {
		return
	}
	taken := map[*jsonsource.Node]bool{}
	for _, p := range templateProperties[typ] {
		visit(properties, p.path, func(at string, n *jsonsource.Node) {
			if taken[n] || p.loose && !isPolicy(n) {
				return
			}
			taken[n] = true
			if r, ok := tpl.role(logical, typ, p, at, properties); ok {
				w.slot(r, n)
			}
		})
	}
	if typ == "AWS::Events::EventBusPolicy" {
		if s := properties.Lookup("Statement"); s != nil {
			taken[properties] = true
			w.eventBus(tpl, logical, s)
		}
	}
	w.taken = taken
	w.path = append(w.path[:0], logical)
	w.walk(properties)
	w.path = w.path[:0]
}

// role returns what the template says of a policy.
func (t *template) role(logical, typ string, p property, at string, properties *jsonsource.Node) (role, bool) {
	r := certain(logical, p.kind, "CloudFormation "+typ)
	r.resourceType = p.on
	if !strings.Contains(typ, "Policy") || strings.Contains(p.path, "[]") {
		at = strings.TrimSuffix(at, ".PolicyDocument")
		r.name = logical + "/" + at
		r.why = "CloudFormation " + at + " of " + logical
	}
	r.attached = []string{logical}
	if p.owners != nil {
		r.attached = nil
		for _, o := range p.owners {
			r.attached = append(r.attached, referred(properties.Lookup(o))...)
		}
	}
	switch typ {
	case "AWS::IAM::Policy":
		r.kind = inlineKind(properties)
	case "AWS::IAM::ManagedPolicy":
		r.attached = append(r.attached, t.attached[logical]...)
		if who := t.bounded[logical]; len(who) > 0 {
			r.kind = iam.BoundaryPolicy
			r.why = "CloudFormation PermissionsBoundary of " + strings.Join(who, ", ")
			r.attached = append(r.attached, who...)
		}
	case "AWS::Organizations::Policy":
		kind, ok := organizationKind(properties.Lookup("Type"))
		r.kind = kind
		return r, ok
	}
	return r, true
}

// inlineKind returns the kind of a policy that is embedded in whatever it lists:
// the one with the least room, which then binds it.
func inlineKind(properties *jsonsource.Node) iam.Kind {
	switch {
	case properties.Lookup("Users") != nil:
		return iam.InlineUserPolicy
	case properties.Lookup("Groups") != nil:
		return iam.InlineGroupPolicy
	}
	return iam.InlineRolePolicy
}

// organizationKind returns the kind of an organisation's policy of a type. The
// other types (tag policies and so on) are not in this language.
func organizationKind(n *jsonsource.Node) (iam.Kind, bool) {
	switch {
	case n == nil || n.Text == "SERVICE_CONTROL_POLICY":
		return iam.ServiceControlPolicy, true
	case n.Text == "RESOURCE_CONTROL_POLICY":
		return iam.ResourceControlPolicy, true
	}
	return 0, false
}

// eventBus takes the one statement of which such a policy consists.
func (w *walker) eventBus(tpl *template, logical string, s *jsonsource.Node) {
	t, subs := w.resolve(s)
	var b builder
	b.put(`{"Version":"`+iam.Version2012+`","Statement":`, t.origin(0))
	b.copy(t, 0, len(t.bytes))
	b.put("}", t.origin(len(t.bytes)))
	r := certain(logical, iam.ResourcePolicy, "CloudFormation "+tpl.typeOf(logical))
	r.resourceType = "events:event-bus"
	w.add(r, b.text(), subs)
}

// visit calls found for each value a path leads to, with the path it took: "[]"
// behind a name stands for every item of a list.
func visit(n *jsonsource.Node, path string, found func(at string, n *jsonsource.Node)) {
	visitFrom(n, "", path, found)
}

func visitFrom(n *jsonsource.Node, at, path string, found func(string, *jsonsource.Node)) {
	if path == "" {
		found(at, n)
		return
	}
	step, rest, _ := strings.Cut(path, ".")
	name, list := strings.CutSuffix(step, "[]")
	m := n.Member(name)
	if m == nil {
		return
	}
	if at != "" {
		at += "."
	}
	at += name
	if !list {
		visitFrom(&m.Value, at, rest, found)
		return
	}
	for i := range m.Value.Items {
		visitFrom(&m.Value.Items[i], at+"["+strconv.Itoa(i)+"]", rest, found)
	}
}

// referred returns the names in a value or a list of them: logical IDs where it
// refers to something, texts as they are.
func referred(n *jsonsource.Node) []string {
	switch {
	case n == nil:
		return nil
	case n.Kind == jsonsource.String:
		return []string{n.Text}
	case n.Kind == jsonsource.Array:
		var all []string
		for i := range n.Items {
			all = append(all, referred(&n.Items[i])...)
		}
		return all
	}
	if name := subject(n); name != "" {
		return []string{name}
	}
	return nil
}
