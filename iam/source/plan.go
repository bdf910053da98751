package source

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// isPlan reports whether a document is what terraform show -json prints of a
// plan or a state (Terraform, "JSON output format").
func isPlan(n *jsonsource.Node) bool {
	return n.Member("format_version") != nil &&
		(n.Member("planned_values") != nil || n.Member("resource_changes") != nil || n.Lookup("values", "root_module") != nil)
}

// plan is what a plan says of its resources beyond their values.
type plan struct {
	*walker
	seen map[string]bool // addresses whose values were read
	// documents are the texts that resources have as policies. A data source with
	// one of them is how it was written; it is not another policy.
	documents map[string]bool
	attached  map[string][]string // by address of a managed policy
	bounded   map[string][]string
}

// plan finds the policies of a plan or state.
func (w *walker) plan(root *jsonsource.Node) {
	p := &plan{
		walker: w, seen: map[string]bool{}, documents: map[string]bool{},
		attached: map[string][]string{}, bounded: map[string][]string{},
	}
	p.configuration(root.Lookup("configuration", "root_module"), "", 0)
	for _, module := range []*jsonsource.Node{root.Lookup("planned_values", "root_module"), root.Lookup("values", "root_module")} {
		p.module(module, "managed", 0)
	}
	p.changes(root.Lookup("resource_changes"))
	for _, module := range []*jsonsource.Node{
		root.Lookup("planned_values", "root_module"), root.Lookup("values", "root_module"), root.Lookup("prior_state", "values", "root_module"),
	} {
		p.module(module, "data", 0)
	}
}

// module reads the resources of a module of one mode and those of its children.
func (p *plan) module(n *jsonsource.Node, mode string, depth int) {
	if n == nil || depth > maxDepth {
		return
	}
	if resources := n.Lookup("resources"); resources != nil {
		for i := range resources.Items {
			r := &resources.Items[i]
			if values := r.Lookup("values"); values != nil && modeOf(r) == mode {
				p.resource(stringOf(r, "address"), stringOf(r, "type"), values)
			}
		}
	}
	if children := n.Lookup("child_modules"); children != nil {
		for i := range children.Items {
			p.module(&children.Items[i], mode, depth+1)
		}
	}
}

func modeOf(n *jsonsource.Node) string {
	if m := stringOf(n, "mode"); m != "" {
		return m
	}
	return "managed"
}

// stringOf returns the text of a member; nothing where it is not a string.
func stringOf(n *jsonsource.Node, name string) string {
	if v := n.Lookup(name); v != nil && v.Kind == jsonsource.String {
		return v.Text
	}
	return ""
}

// changes reads what planned_values do not have, and says which policies will
// be known only after the plan is applied.
func (p *plan) changes(n *jsonsource.Node) {
	if n == nil {
		return
	}
	for i := range n.Items {
		r := &n.Items[i]
		address, typ := stringOf(r, "address"), stringOf(r, "type")
		if after := r.Lookup("change", "after"); after != nil && modeOf(r) == "managed" {
			p.resource(address, typ, after)
		}
		unknown := r.Lookup("change", "after_unknown")
		if unknown == nil {
			continue
		}
		for _, property := range terraformProperties[typ] {
			visit(unknown, property.path, func(at string, n *jsonsource.Node) {
				if n.Kind == jsonsource.Bool && n.Text == "true" {
					p.note(p.t.origin(n.Start), address+": "+at+" is known only after the plan is applied", "")
				}
			})
		}
	}
}

// resource reads the values of one resource.
func (p *plan) resource(address, typ string, values *jsonsource.Node) {
	if p.seen[address] || foreignTypes[typ] {
		return
	}
	p.seen[address] = true
	data := strings.HasPrefix(typ, "aws_iam_policy_document")
	if data {
		p.document(address, values.Lookup("json"))
		return
	}
	taken := map[*jsonsource.Node]bool{}
	for _, property := range terraformProperties[typ] {
		visit(values, property.path, func(at string, n *jsonsource.Node) {
			taken[n] = true
			if r, ok := p.role(address, typ, property, at, values); ok {
				p.documents[n.Text] = true
				p.slot(r, n)
			}
		})
	}
	p.walker.taken = taken
	p.path = append(p.path[:0], address)
	p.walk(values)
	p.path = p.path[:0]
}

// document takes the text of an aws_iam_policy_document that no resource has.
func (p *plan) document(address string, n *jsonsource.Node) {
	if n == nil || p.documents[n.Text] {
		return
	}
	p.slot(role{name: address}, n)
}

// role returns what the plan says of a policy.
func (p *plan) role(address, typ string, property property, at string, values *jsonsource.Node) (role, bool) {
	r := certain(address, property.kind, "Terraform "+at+" of "+address)
	r.resourceType = property.on
	if inline, ok := strings.CutSuffix(at, "].policy"); ok {
		at = inline + "]"
	}
	if property.path != "policy" && !strings.Contains(typ, "policy") {
		r.name = address + "." + at
	}
	r.attached = []string{address}
	if property.owners != nil {
		r.attached = nil
		for _, o := range property.owners {
			r.attached = append(r.attached, referred(values.Lookup(o))...)
		}
		if len(r.attached) == 0 {
			r.attached = slices.Clone(p.attached[withoutIndex(address)])
		}
	}
	switch typ {
	case "aws_iam_policy":
		if who := p.bounded[withoutIndex(address)]; len(who) > 0 {
			r.kind, r.why = iam.BoundaryPolicy, "Terraform permissions_boundary of "+strings.Join(who, ", ")
			r.attached = append(r.attached, who...)
		}
	case "aws_organizations_policy":
		kind, ok := organizationKind(values.Lookup("type"))
		r.kind = kind
		return r, ok
	}
	return r, true
}

// withoutIndex returns an address without the keys of count and for_each.
func withoutIndex(address string) string {
	var b strings.Builder
	for address != "" {
		before, rest, ok := strings.Cut(address, "[")
		b.WriteString(before)
		if !ok {
			break
		}
		end := "]"
		if strings.HasPrefix(rest, `"`) {
			end = `"]`
		}
		_, address, _ = strings.Cut(rest, end)
	}
	return b.String()
}

// configuration notes which resources refer to which managed policies.
func (p *plan) configuration(n *jsonsource.Node, prefix string, depth int) {
	if n == nil || depth > maxDepth {
		return
	}
	if resources := n.Lookup("resources"); resources != nil {
		for i := range resources.Items {
			p.attachment(&resources.Items[i], prefix)
		}
	}
	if calls := n.Lookup("module_calls"); calls != nil {
		for i := range calls.Members {
			m := &calls.Members[i]
			p.configuration(m.Value.Lookup("module"), prefix+"module."+m.Name+".", depth+1)
		}
	}
}

// attachment notes what one resource attaches.
func (p *plan) attachment(n *jsonsource.Node, prefix string) {
	address, typ := prefix+stringOf(n, "address"), stringOf(n, "type")
	expressions := n.Lookup("expressions")
	if b := referenced(expressions.Lookup("permissions_boundary"), "aws_iam_policy."); len(b) > 0 {
		p.bounded[prefix+b[0]] = append(p.bounded[prefix+b[0]], address)
	}
	if !strings.HasSuffix(typ, "_policy_attachment") {
		return
	}
	var who []string
	for _, name := range []string{"role", "user", "group", "roles", "users", "groups", "target_id"} {
		for _, ref := range referenced(expressions.Lookup(name), "aws_") {
			who = append(who, prefix+ref)
		}
		who = append(who, texts(expressions.Lookup(name, "constant_value"))...)
	}
	for _, policy := range referenced(expressions.Lookup("policy_arn"), "aws_iam_policy.") {
		p.attached[prefix+policy] = append(p.attached[prefix+policy], who...)
	}
}

// referenced returns the resources an expression refers to, "type.name", with
// that beginning.
func referenced(n *jsonsource.Node, beginning string) []string {
	var all []string
	for _, ref := range texts(n.Lookup("references")) {
		parts := strings.SplitN(withoutIndex(ref), ".", 3)
		if len(parts) < 2 || !strings.HasPrefix(ref, beginning) {
			continue
		}
		if address := parts[0] + "." + parts[1]; !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}
