package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
	"github.com/berth-project/berth/internal/jsonsource"
)

// roleSource is where a role is described: a file, and flags for what the file
// does not say.
type roleSource struct {
	file, arn, boundary string
	policies            []string
}

// roleForms describes what a file of a role may be.
const roleForms = "A role is a FILE of JSON with arn, trust, and where there are any policies, boundary, maxSessionDuration (seconds) and tags;\n" +
	"policies stand in it or are names of files beside it. It is also the output of \"aws iam get-role\", or a trust policy\n" +
	"with --role-arn; --role-policy and --role-boundary then say what the role may do."

// role reads the description of a role.
func (c *cli) role(s *roleSource) (*sts.Role, error) {
	path, part := cutPart(s.file)
	name, data, err := c.readInput(path, maxPolicyFile)
	if err != nil {
		return nil, err
	}
	role := &sts.Role{ARN: s.arn}
	doc, err := jsonsource.Parse(data, jsonsource.Limits{Bytes: maxPolicyFile})
	d := &roleDocument{cli: c, name: name, doc: doc, role: role}
	switch {
	case err == nil && doc.Root.Lookup("Role", "Arn") != nil:
		err = d.printed(doc.Root.Lookup("Role"), s)
	case err == nil && (doc.Root.Member("arn") != nil || doc.Root.Member("trust") != nil):
		err = d.members()
	default:
		role.Trust, err = c.trustAlone(name, part, data)
	}
	if err != nil {
		return nil, err
	}
	return role, c.complete(role, name, s)
}

// trustAlone reads a file that is the trust policy of a role.
func (c *cli) trustAlone(name, part string, data []byte) (*iam.Compiled, error) {
	file, err := newPolicyFile(name, part, data)
	if err != nil {
		return nil, err
	}
	found, err := c.policiesIn(file, iam.TrustPolicy)
	if err != nil {
		return nil, err
	}
	return onlyOf(name, found)
}

// complete adds what flags say of a role.
func (c *cli) complete(role *sts.Role, name string, s *roleSource) error {
	switch {
	case role.ARN == "":
		return usageError{fmt.Errorf("%s does not say which role it is of; give --role-arn", name)}
	case s.arn != "" && role.ARN != s.arn:
		return usageError{fmt.Errorf("%s is of the role %s, and --role-arn is %s", name, role.ARN, s.arn)}
	}
	policies, err := c.compiledPolicies(s.policies, iam.IdentityPolicy)
	if err != nil {
		return err
	}
	role.Policies = append(role.Policies, policies...)
	if s.boundary != "" {
		role.Boundary, err = c.onlyPolicy(s.boundary, iam.BoundaryPolicy)
	}
	return err
}

// roleDocument is a description of a role in JSON.
type roleDocument struct {
	*cli
	name string
	doc  *jsonsource.Document
	role *sts.Role
}

// wrong is an error about a place of the document.
func (d *roleDocument) wrong(start int, format string, args ...any) error {
	at := d.doc.Position(start)
	return fmt.Errorf("%s:%d:%d: %s", d.name, at.Line, at.Column, fmt.Sprintf(format, args...))
}

// members reads the form that is Berth's own.
func (d *roleDocument) members() error {
	var errs []error
	for i := range d.doc.Root.Members {
		errs = append(errs, d.member(&d.doc.Root.Members[i]))
	}
	return errors.Join(errs...)
}

func (d *roleDocument) member(m *jsonsource.Member) (err error) {
	n := &m.Value
	switch m.Name {
	case "arn":
		d.role.ARN, err = d.text(m)
	case "id":
		d.role.ID, err = d.text(m)
	case "trust":
		d.role.Trust, err = d.one(n, m.Name, iam.TrustPolicy)
	case "boundary":
		d.role.Boundary, err = d.one(n, m.Name, iam.BoundaryPolicy)
	case "policies":
		if n.Kind != jsonsource.Array {
			return d.wrong(n.Start, "policies is %s, and a list is wanted", n.Kind)
		}
		for i := range n.Items {
			found, err := d.policies(&n.Items[i], fmt.Sprintf("policies[%d]", i), iam.IdentityPolicy)
			if err != nil {
				return err
			}
			d.role.Policies = append(d.role.Policies, compiled(found)...)
		}
	case "maxSessionDuration":
		d.role.MaxSessionSeconds, err = d.seconds(m)
	case "tags":
		d.role.Tags, err = d.tags(n)
	default:
		err = d.wrong(m.NameStart, "unknown member %q; a role has arn, id, trust, policies, boundary, maxSessionDuration and tags", m.Name)
	}
	return err
}

func (d *roleDocument) text(m *jsonsource.Member) (string, error) {
	if m.Value.Kind != jsonsource.String {
		return "", d.wrong(m.Value.Start, "%s is %s, and a string is wanted", m.Name, m.Value.Kind)
	}
	return m.Value.Text, nil
}

func (d *roleDocument) seconds(m *jsonsource.Member) (int, error) {
	n, err := strconv.Atoi(m.Value.Text)
	if m.Value.Kind != jsonsource.Number || err != nil || n <= 0 {
		return 0, d.wrong(m.Value.Start, "%s is not a number of seconds, such as 3600", m.Name)
	}
	return n, nil
}

func (d *roleDocument) tags(n *jsonsource.Node) (map[string]string, error) {
	if n.Kind != jsonsource.Object {
		return nil, d.wrong(n.Start, "tags is %s, and an object of keys and values is wanted", n.Kind)
	}
	tags := map[string]string{}
	for i := range n.Members {
		value, err := d.text(&n.Members[i])
		if err != nil {
			return nil, err
		}
		tags[n.Members[i].Name] = value
	}
	return tags, nil
}

// policies reads the policies of a value: one that stands there, or those of the
// file it names, which is beside the document.
func (d *roleDocument) policies(n *jsonsource.Node, what string, kind iam.Kind) ([]named, error) {
	switch n.Kind {
	case jsonsource.Object:
		if document := n.Lookup("document"); document != nil {
			return d.policies(document, what, kind)
		}
		p, err := iam.Parse([]byte(d.doc.Text()[n.Start:n.End]), iam.ParseOptions{Kind: kind, Lenient: true})
		if err != nil {
			return nil, inFile(d.name, d.place(n), err)
		}
		return []named{{filepath.Base(d.name) + " " + what, p}}, nil
	case jsonsource.String:
		found, err := d.policiesOf(d.beside(n.Text), kind)
		if err != nil {
			return nil, d.wrong(n.Start, "%s: %v", what, err)
		}
		return found, nil
	}
	return nil, d.wrong(n.Start, "%s is %s, and a policy or the name of a file is wanted", what, n.Kind)
}

// beside is the file that a name in the document means: one beside it, or a
// managed policy in the layout of exports, where a role is roles/NAME.json and a
// policy policies/NAME.json.
func (d *roleDocument) beside(name string) string {
	if filepath.IsAbs(name) || d.name == stdinName {
		return name
	}
	dir := filepath.Dir(d.name)
	path, managed := filepath.Join(dir, name), filepath.Join(dir, "..", "policies", name+".json")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := os.Stat(managed); err == nil {
		return managed
	}
	return path
}

// place says where in the document a position of the policy is that stands in a
// value.
func (d *roleDocument) place(n *jsonsource.Node) func(iam.Position) iam.Position {
	return func(p iam.Position) iam.Position {
		at := d.doc.Position(n.Start + p.Offset)
		return iam.Position{Offset: at.Offset, Line: at.Line, Column: at.Column}
	}
}

func (d *roleDocument) one(n *jsonsource.Node, what string, kind iam.Kind) (*iam.Compiled, error) {
	found, err := d.policies(n, what, kind)
	if err != nil {
		return nil, err
	}
	return onlyOf(d.name+": "+what, found)
}

// printed reads the output of get-role (IAM API Reference, Role).
func (d *roleDocument) printed(n *jsonsource.Node, s *roleSource) (err error) {
	d.role.ARN = n.Lookup("Arn").Text
	if id := n.Lookup("RoleId"); id != nil {
		d.role.ID = id.Text
	}
	if m := n.Member("MaxSessionDuration"); m != nil {
		if d.role.MaxSessionSeconds, err = d.seconds(m); err != nil {
			return err
		}
	}
	d.role.Tags = map[string]string{}
	if tags := n.Lookup("Tags"); tags != nil {
		for i := range tags.Items {
			key, value := tags.Items[i].Lookup("Key"), tags.Items[i].Lookup("Value")
			if key != nil && value != nil {
				d.role.Tags[key.Text] = value.Text
			}
		}
	}
	if b := n.Lookup("PermissionsBoundary", "PermissionsBoundaryArn"); b != nil && s.boundary == "" {
		fmt.Fprintf(d.stderr, "note: %s has the boundary %s, which is taken to allow everything; give --role-boundary\n", d.role.ARN, b.Text)
	}
	trust := n.Lookup("AssumeRolePolicyDocument")
	if trust == nil {
		return d.wrong(n.Start, "the role has no AssumeRolePolicyDocument")
	}
	d.role.Trust, err = d.printedTrust(trust)
	return err
}

// printedTrust reads the trust policy of get-role: a document, or the URL-encoded
// text of one as the API returns it.
func (d *roleDocument) printedTrust(n *jsonsource.Node) (*iam.Compiled, error) {
	if n.Kind != jsonsource.String {
		return d.one(n, "AssumeRolePolicyDocument", iam.TrustPolicy)
	}
	p, err := iam.Parse([]byte(n.Text), iam.ParseOptions{Kind: iam.TrustPolicy, Lenient: true})
	if err != nil {
		return nil, d.wrong(n.Start, "AssumeRolePolicyDocument: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return iam.CompileNamed(filepath.Base(d.name), p), nil
}
