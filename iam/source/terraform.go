package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/berth-project/berth/iam"
)

// The bounds of Terraform configuration. Its parser recurses, and keeps much for
// each byte.
const (
	maxTerraformBytes = 1 << 20
	maxIndirections   = 8 // locals that are other locals
)

// configuration is one file in Terraform's language. What it refers to in other
// files of its module is not known.
type configuration struct {
	*finder
	t         text
	locals    map[string]*hclsyntax.Attribute
	variables map[string]*hclsyntax.Attribute // their defaults
	resources map[string]*hclsyntax.Block     // by address, "data." before those of data sources
	uses      map[string][]role               // of documents, by address
	attached  map[string][]string             // by address of a managed policy
	bounded   map[string][]string
	taken     map[*hclsyntax.Attribute]bool
}

// terraform finds the policies in a file of configuration.
func (f *finder) terraform(t text) {
	if len(t.bytes) > maxTerraformBytes {
		f.note(t.origin(0), fmt.Sprintf("file has %d bytes, more than the %d that are read of Terraform configuration", len(t.bytes), maxTerraformBytes), "split it")
		return
	}
	if at, ok := tooDeep(t.bytes); ok {
		f.note(t.origin(at), fmt.Sprintf("configuration nests deeper than %d levels", maxTerraformDepth), "")
		return
	}
	body, problem := parseTerraform(t.bytes)
	if problem != nil {
		f.note(t.origin(problem.Subject.Start.Byte), "configuration cannot be read on: "+sentence(problem.Summary), problem.Detail)
	}
	f.configuration(t, body)
}

// snippet finds the policies in configuration that is part of a text, and
// reports whether it is configuration at all.
func (f *finder) snippet(t text) bool {
	if _, deep := tooDeep(t.bytes); deep || len(t.bytes) > maxTerraformBytes {
		return false
	}
	body, problem := parseTerraform(t.bytes)
	if problem != nil {
		return false
	}
	f.configuration(t, body)
	return true
}

// parseTerraform returns the blocks of a configuration, and the first problem of
// one that has any: then the blocks are those that could be read.
func parseTerraform(b []byte) (*hclsyntax.Body, *hcl.Diagnostic) {
	file, problems := hclsyntax.ParseConfig(b, "", hcl.InitialPos)
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		body = &hclsyntax.Body{}
	}
	for _, p := range problems {
		if p.Severity == hcl.DiagError {
			if p.Subject == nil {
				p.Subject = &hcl.Range{}
			}
			return body, p
		}
	}
	return body, nil
}

func (f *finder) configuration(t text, body *hclsyntax.Body) {
	c := &configuration{
		finder: f, t: t,
		locals: map[string]*hclsyntax.Attribute{}, variables: map[string]*hclsyntax.Attribute{},
		resources: map[string]*hclsyntax.Block{}, uses: map[string][]role{},
		attached: map[string][]string{}, bounded: map[string][]string{}, taken: map[*hclsyntax.Attribute]bool{},
	}
	c.read(body)
}

// sentence returns a parser's summary as our messages are.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// read goes through the blocks of the file: first for what is referred to, then
// for the policies of resources, then for documents, which get their kind from
// the resources that use them, and last for anything else.
func (c *configuration) read(body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		c.define(b)
	}
	for _, b := range body.Blocks {
		c.link(b)
	}
	for _, b := range body.Blocks {
		if b.Type == "resource" && len(b.Labels) == 2 {
			c.resource(b)
		}
	}
	for _, b := range body.Blocks {
		if isDocument(b) {
			c.document(b)
		}
	}
	for _, b := range body.Blocks {
		c.search(b)
	}
}

func isDocument(b *hclsyntax.Block) bool {
	return b.Type == "data" && len(b.Labels) == 2 && b.Labels[0] == "aws_iam_policy_document"
}

// define notes what a block gives a name.
func (c *configuration) define(b *hclsyntax.Block) {
	switch {
	case b.Type == "locals":
		for name, a := range b.Body.Attributes {
			c.locals[name] = a
		}
	case b.Type == "variable" && len(b.Labels) == 1:
		if a := b.Body.Attributes["default"]; a != nil {
			c.variables[b.Labels[0]] = a
		}
	case b.Type == "resource" && len(b.Labels) == 2:
		c.resources[b.Labels[0]+"."+b.Labels[1]] = b
	case b.Type == "data" && len(b.Labels) == 2:
		c.resources["data."+b.Labels[0]+"."+b.Labels[1]] = b
	}
}

// link notes which managed policies a resource attaches.
func (c *configuration) link(b *hclsyntax.Block) {
	if b.Type != "resource" || len(b.Labels) != 2 {
		return
	}
	if a := b.Body.Attributes["permissions_boundary"]; a != nil {
		for _, policy := range c.mentioned(a.Expr) {
			c.bounded[policy] = append(c.bounded[policy], b.Labels[0]+"."+b.Labels[1])
		}
	}
	a := b.Body.Attributes["policy_arn"]
	if a == nil || !strings.HasSuffix(b.Labels[0], "_policy_attachment") {
		return
	}
	var who []string
	for _, name := range []string{"role", "user", "group", "roles", "users", "groups"} {
		if a := b.Body.Attributes[name]; a != nil {
			who = append(who, c.mentioned(a.Expr)...)
		}
	}
	for _, policy := range c.mentioned(a.Expr) {
		c.attached[policy] = append(c.attached[policy], who...)
	}
}

// mentioned returns the addresses of the resources an expression refers to, and
// the texts in it.
func (c *configuration) mentioned(e hclsyntax.Expression) []string {
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		var all []string
		for _, item := range e.Exprs {
			all = append(all, c.mentioned(item)...)
		}
		return all
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 1 {
			if s, ok := c.constant(e); ok {
				return []string{s}
			}
		}
	case *hclsyntax.TemplateWrapExpr:
		return c.mentioned(e.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		return c.mentioned(e.Expression)
	}
	if typ, name, _, ok := c.target(e); ok {
		return []string{typ + "." + name}
	}
	return nil
}

// resource finds the policies of one resource.
func (c *configuration) resource(b *hclsyntax.Block) {
	typ := b.Labels[0]
	if foreignTypes[typ] {
		return
	}
	for _, p := range terraformProperties[typ] {
		block, argument, nested := strings.Cut(p.path, "[].")
		if !nested {
			c.argument(b, b.Body, p, p.path)
			continue
		}
		i := 0
		for _, inner := range b.Body.Blocks {
			if inner.Type == block {
				p := p
				p.path = argument
				c.argument(b, inner.Body, p, block+"["+strconv.Itoa(i)+"]")
				i++
			}
		}
	}
}

// argument takes the policy of one argument of a resource.
func (c *configuration) argument(b *hclsyntax.Block, body *hclsyntax.Body, p property, at string) {
	a := body.Attributes[p.path]
	if a == nil {
		return
	}
	c.taken[a] = true
	if r, ok := c.role(b, p, at); ok {
		c.policy(r, a.Expr, 0)
	}
}

// role returns what the configuration says of a policy.
func (c *configuration) role(b *hclsyntax.Block, p property, at string) (role, bool) {
	typ, address := b.Labels[0], b.Labels[0]+"."+b.Labels[1]
	r := certain(address, p.kind, "Terraform "+at+" of "+address)
	r.resourceType = p.on
	if p.path != "policy" && !strings.Contains(typ, "policy") || at != p.path {
		r.name = address + "." + at
	}
	r.attached = []string{address}
	if p.owners != nil {
		r.attached = slices.Clone(c.attached[address])
		for _, o := range p.owners {
			if a := b.Body.Attributes[o]; a != nil {
				r.attached = append(r.attached, c.mentioned(a.Expr)...)
			}
		}
	}
	switch typ {
	case "aws_iam_policy":
		if who := c.bounded[address]; len(who) > 0 {
			r.kind, r.why = iam.BoundaryPolicy, "Terraform permissions_boundary of "+strings.Join(who, ", ")
			r.attached = append(r.attached, who...)
		}
	case "aws_organizations_policy":
		a := b.Body.Attributes["type"]
		if a == nil {
			return r, true
		}
		switch s, _ := c.constant(a.Expr); s {
		case "SERVICE_CONTROL_POLICY":
		case "RESOURCE_CONTROL_POLICY":
			r.kind = iam.ResourceControlPolicy
		default:
			return r, false
		}
	}
	return r, true
}

// policy takes the policy an expression is.
func (c *configuration) policy(r role, e hclsyntax.Expression, depth int) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c.policy(r, e.Expression, depth)
	case *hclsyntax.TemplateWrapExpr:
		c.policy(r, e.Wrapped, depth)
	case *hclsyntax.ConditionalExpr:
		c.policy(r, e.TrueResult, depth)
		c.policy(r, e.FalseResult, depth)
	case *hclsyntax.LiteralValueExpr: // null
	case *hclsyntax.TemplateExpr:
		c.templated(r, e)
	case *hclsyntax.FunctionCallExpr:
		c.call(r, e, depth)
	default:
		c.referred(r, e, depth)
	}
}

// call takes the policy a function returns: jsonencode is literal, the others
// read another file or compute.
func (c *configuration) call(r role, e *hclsyntax.FunctionCallExpr, depth int) {
	switch {
	case e.Name == "jsonencode" && len(e.Args) == 1:
		w := c.writer()
		if w.value(c.behind(e.Args[0]), place{}, 0) {
			c.whole(r, w)
		}
	case (e.Name == "file" || e.Name == "templatefile") && len(e.Args) > 0:
		path, ok := c.constant(e.Args[0])
		if !ok {
			path = c.source(e.Args[0])
		}
		c.note(c.at(e), "the policy of "+r.name+" is in another file: "+path, "give that file too")
	case len(e.Args) == 1 && slices.Contains(transparent, e.Name):
		c.policy(r, e.Args[0], depth)
	default:
		c.unread(r, e)
	}
}

// transparent are the functions that return what they are given, for us.
var transparent = []string{"sensitive", "nonsensitive", "tolist", "toset", "tostring", "trimspace", "one", "compact", "distinct"}

// behind follows a local to what it is.
func (c *configuration) behind(e hclsyntax.Expression) hclsyntax.Expression {
	for range maxIndirections {
		name, ok := strings.CutPrefix(c.reference(e), "local.")
		next := c.locals[name]
		if !ok || next == nil {
			return e
		}
		c.taken[next] = true
		e = next.Expr
	}
	return e
}

// referred takes the policy something else in the file is.
func (c *configuration) referred(r role, e hclsyntax.Expression, depth int) {
	ref := c.reference(e)
	if address, ok := strings.CutPrefix(ref, "data.aws_iam_policy_document."); ok {
		address, _, _ = strings.Cut(address, ".")
		address = "data.aws_iam_policy_document." + address
		if c.resources[address] == nil {
			c.note(c.at(e), "the policy of "+r.name+" is "+address+", which is in another file", "give that file too")
		}
		c.uses[address] = append(c.uses[address], r)
		return
	}
	if a := c.known(ref); a != nil && depth < maxIndirections {
		c.taken[a] = true
		c.policy(r, a.Expr, depth+1)
		return
	}
	c.unread(r, e)
}

// unread says that an expression is not literal.
func (c *configuration) unread(r role, e hclsyntax.Expression) {
	c.note(c.at(e), "the policy of "+r.name+" is not literal: "+printable(c.source(e), 80),
		"terraform show -json of a plan has what it comes to")
}

// whole takes what a writer has written.
func (c *configuration) whole(r role, w *hclWriter) {
	t := w.out.text()
	(&walker{finder: c.finder, t: t}).whole(r, w.subs)
}

// at returns the offset in the file of an expression.
func (c *configuration) at(e hclsyntax.Expression) int {
	return c.t.origin(e.Range().Start.Byte)
}

// source returns the text of an expression, on one line.
func (c *configuration) source(e hclsyntax.Expression) string {
	r := e.Range()
	start := min(max(r.Start.Byte, 0), len(c.t.bytes))
	end := min(max(r.End.Byte, start), len(c.t.bytes))
	return strings.Join(strings.Fields(string(c.t.bytes[start:min(end, start+maxDefault)])), " ")
}
