package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// Form is how policies are written out.
type Form string

// The forms.
const (
	// JSON is the document itself.
	JSON Form = "json"
	// Terraform is a resource of Terraform's AWS provider.
	Terraform Form = "terraform"
	// CloudFormation is a template with the resource, in JSON.
	CloudFormation Form = "cloudformation"
	// Markdown is a table for people.
	Markdown Form = "markdown"
)

// Forms returns the names of all forms.
func Forms() []string {
	return []string{string(JSON), string(Terraform), string(CloudFormation), string(Markdown)}
}

// Render writes policies under a name. Several policies are written one after
// the other; as JSON that is a list.
func Render(policies []*iam.Policy, name string, form Form) ([]byte, error) {
	switch form {
	case JSON:
		return asJSON(policies), nil
	case Terraform:
		return asTerraform(policies, name), nil
	case CloudFormation:
		return asTemplate(policies, name)
	case Markdown:
		return asTable(policies), nil
	}
	return nil, fmt.Errorf("%q is not one of %s", form, strings.Join(Forms(), ", "))
}

func asJSON(policies []*iam.Policy) []byte {
	if len(policies) == 1 {
		return iam.Format(policies[0], iam.FormatOptions{})
	}
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, p := range policies {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(bytes.TrimSuffix(iam.Format(p, iam.FormatOptions{}), []byte("\n")))
	}
	b.WriteString("\n]\n")
	return b.Bytes()
}

// hclText escapes what Terraform would expand in a quoted text.
var hclText = strings.NewReplacer("${", "$${", "%{", "%%{")

func asTerraform(policies []*iam.Policy, name string) []byte {
	var b bytes.Buffer
	for i, p := range policies {
		if i > 0 {
			b.WriteByte('\n')
		}
		title := numbered(name, i, len(policies))
		body := indented(hclText.Replace(strings.TrimSpace(string(iam.Format(p, iam.FormatOptions{})))))
		if p.Kind == iam.TrustPolicy {
			fmt.Fprintf(&b, "resource \"aws_iam_role\" %q {\n  name               = %q\n  assume_role_policy = jsonencode(%s)\n}\n", label(title), title, body)
			continue
		}
		fmt.Fprintf(&b, "resource \"aws_iam_policy\" %q {\n  name   = %q\n  policy = jsonencode(%s)\n}\n", label(title), title, body)
	}
	return b.Bytes()
}

func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n  ") }

func numbered(name string, i, n int) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i+1)
}

// label makes a name one that HCL takes as an identifier.
func label(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
	if out == "" || out[0] >= '0' && out[0] <= '9' || out[0] == '-' {
		out = "_" + out
	}
	return out
}

func asTemplate(policies []*iam.Policy, name string) ([]byte, error) {
	type resource struct {
		Type       string
		Properties map[string]any
	}
	resources := map[string]resource{}
	for i, p := range policies {
		title := numbered(name, i, len(policies))
		document := json.RawMessage(iam.Format(p, iam.FormatOptions{}))
		r := resource{Type: "AWS::IAM::ManagedPolicy", Properties: map[string]any{"ManagedPolicyName": title, "PolicyDocument": document}}
		if p.Kind == iam.TrustPolicy {
			r = resource{Type: "AWS::IAM::Role", Properties: map[string]any{"RoleName": title, "AssumeRolePolicyDocument": document}}
		}
		resources[camel(title)] = r
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]any{"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
	return b.Bytes(), err
}

// asTable writes what each statement permits, with the access levels.
func asTable(policies []*iam.Policy) []byte {
	var b bytes.Buffer
	b.WriteString("| statement | may | level | on | if |\n|---|---|---|---|---|\n")
	for _, p := range policies {
		for i := range p.Statements {
			s := &p.Statements[i]
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cell([]string{sid(s)}), cell(s.Actions.Values), cell(levelsOf(s.Actions.Values)), cell(subject(s)), cell(conditionsOf(s)))
		}
	}
	return b.Bytes()
}

func sid(s *iam.Statement) string {
	if s.Sid == nil {
		return ""
	}
	return *s.Sid
}

// subject is what a statement is on, or who it is about.
func subject(s *iam.Statement) []string {
	if s.Principals == nil {
		return s.Resources.Values
	}
	var who []string
	for _, e := range s.Principals.Entries {
		who = append(who, e.Values...)
	}
	return who
}

func levelsOf(actions []string) []string {
	var out []string
	for _, name := range actions {
		for _, a := range catalog.Default().Expand(name) {
			if !slices.Contains(out, a.Access.String()) {
				out = append(out, a.Access.String())
			}
		}
	}
	slices.Sort(out)
	return out
}

func conditionsOf(s *iam.Statement) []string {
	var out []string
	for _, c := range s.Conditions {
		var values []string
		for _, v := range c.Values {
			values = append(values, v.Text)
		}
		out = append(out, fmt.Sprintf("%s %s %s", c.Key, c.Operator, strings.Join(values, ", ")))
	}
	return out
}

// cell writes values into a cell of a table, one a line.
func cell(values []string) string {
	return strings.ReplaceAll(strings.Join(values, "<br>"), "|", `\|`)
}
