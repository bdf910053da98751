package lint_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// codeCase is a document and a code that judging it has to give at a path, or
// must not give anywhere.
type codeCase struct {
	Code string `json:"code"`
	// Path is where the code is found; empty where it must not be.
	Path string `json:"path"`
	// Kind is "identity" where it is empty.
	Kind string `json:"kind"`
	// The document: as it is; as text; or statements, each saying what differs
	// from a statement of the kind that has nothing wrong. Null removes a member.
	Document   json.RawMessage              `json:"document"`
	Text       string                       `json:"text"`
	Statement  map[string]json.RawMessage   `json:"statement"`
	Statements []map[string]json.RawMessage `json:"statements"`
	// Version replaces that of statements; "-" leaves it out.
	Version string `json:"version"`
	// Fixed is the document after all fixes, where the code has one.
	Fixed string `json:"fixed"`
	Safe  bool   `json:"safe"`
	// Message is a part of what is said.
	Message string `json:"message"`

	Guessed      bool   `json:"guessed"`
	Legacy       bool   `json:"legacy"`
	ResourceType string `json:"resourceType"`
	Repeat       int    `json:"repeat"`
}

var cleanStatements = map[string]string{
	"identity": `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}`,
	"resource": `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}`,
	"trust":    `{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}`,
	"scp":      `{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}`,
	"rcp":      `{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}`,
}

func (c codeCase) kind(t *testing.T) iam.Kind {
	t.Helper()
	if c.Kind == "" {
		return iam.IdentityPolicy
	}
	kind, ok := iam.ParseKind(c.Kind)
	if !ok {
		t.Fatalf("%s: no kind %q", c.Code, c.Kind)
	}
	return kind
}

func (c codeCase) text(t *testing.T) string {
	t.Helper()
	switch {
	case c.Text != "":
		return c.Text
	case c.Document != nil:
		return string(c.Document)
	}
	if c.Statement != nil {
		c.Statements = append(c.Statements, c.Statement)
	}
	members := []string{}
	if c.Version != "-" {
		if c.Version == "" {
			c.Version = "2012-10-17"
		}
		members = append(members, `  "Version": "`+c.Version+`"`)
	}
	statements := []string{}
	for _, differs := range c.Statements {
		statements = append(statements, "    "+c.statement(t, differs))
	}
	for range c.Repeat {
		statements = append(statements, statements[0])
	}
	members = append(members, "  \"Statement\": [\n"+strings.Join(statements, ",\n")+"\n  ]")
	return "{\n" + strings.Join(members, ",\n") + "\n}\n"
}

func (c codeCase) statement(t *testing.T, differs map[string]json.RawMessage) string {
	t.Helper()
	base := cleanStatements[c.Kind]
	if base == "" {
		base = cleanStatements["identity"]
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(base), &all); err != nil {
		t.Fatal(err)
	}
	for name, value := range differs {
		all[name] = value
		if string(value) == "null" {
			delete(all, name)
		}
		if without, ok := strings.CutPrefix(name, "Not"); ok {
			delete(all, without)
		}
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		members = append(members, `"`+name+`": `+string(all[name]))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func (c codeCase) options() lint.Options {
	return lint.Options{Now: now, KindGuessed: c.Guessed, ResourceType: c.ResourceType}
}

func (c codeCase) judge(t *testing.T, text string) []lint.Finding {
	t.Helper()
	policy, problems := iam.Read([]byte(text), iam.ParseOptions{Kind: c.kind(t), ResourceType: c.ResourceType, SCPLegacy: c.Legacy})
	return lint.Policy(policy, problems, c.options())
}

func codeCases(t *testing.T) []codeCase {
	t.Helper()
	files, err := filepath.Glob("testdata/code/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []codeCase
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var some []codeCase
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&some); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, some...)
	}
	return all
}

func TestEveryCodeIsRaisedAndNearlyRaised(t *testing.T) {
	t.Parallel()
	raised, near := map[string]bool{}, map[string]bool{}
	for _, c := range codeCases(t) {
		if _, ok := lint.Explain(c.Code); !ok {
			t.Errorf("there is no code %s", c.Code)
		}
		text := c.text(t)
		findings := c.judge(t, text)
		i := slices.IndexFunc(findings, func(f lint.Finding) bool { return f.Code == c.Code && (c.Path == "" || f.Path == c.Path) })
		switch {
		case c.Path == "":
			near[c.Code] = true
			if i >= 0 {
				t.Errorf("%s is found at %s (%s) and must not be, in\n%s", c.Code, findings[i].Path, findings[i].Message, text)
			}
		case i < 0:
			t.Errorf("%s is not found at %s, only %s, in\n%s", c.Code, c.Path, placesOf(findings), text)
		default:
			raised[c.Code] = true
			c.check(t, text, findings[i])
		}
	}
	for _, code := range lint.Codes() {
		family, _, _ := strings.Cut(code.Name, "_")
		if slices.Contains([]string{"SEC", "TRUST", "LP", "DEAD", "GAP", "LINT"}, family) {
			continue // tested where their rules are
		}
		if !raised[code.Name] {
			t.Errorf("no case raises %s", code.Name)
		}
		if !near[code.Name] {
			t.Errorf("no case comes near %s", code.Name)
		}
	}
}

func placesOf(findings []lint.Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Code+" at "+f.Path)
	}
	return strings.Join(out, ", ")
}

// check looks at the message and at what the fix makes of the document.
func (c codeCase) check(t *testing.T, text string, f lint.Finding) {
	t.Helper()
	if !strings.Contains(f.Message+" "+f.Detail+" "+f.Help, c.Message) {
		t.Errorf("%s says %q, %q, %q, want it to mention %q", c.Code, f.Message, f.Detail, f.Help, c.Message)
	}
	if (f.Fix != nil) != (c.Fixed != "") {
		t.Errorf("%s has fix %v in\n%s", c.Code, f.Fix, text)
		return
	}
	if f.Fix == nil {
		return
	}
	if f.Fix.Safe != c.Safe {
		t.Errorf("%s: the fix is safe: %v, want %v", c.Code, f.Fix.Safe, c.Safe)
	}
	fixed, mended, err := lint.Mend([]byte(text), []lint.Finding{f}, lint.AllFixes)
	if err != nil || len(mended) != 1 {
		t.Errorf("%s: Mend() mends %d, %v, in\n%s", c.Code, len(mended), err, text)
		return
	}
	if got := compact(t, fixed); got != c.Fixed {
		t.Errorf("%s: the fixed document is\n%s\nwant\n%s", c.Code, got, c.Fixed)
	}
	for _, again := range c.judge(t, string(fixed)) {
		if again.Code == f.Code && again.Path == f.Path {
			t.Errorf("%s is found again at %s in\n%s", f.Code, f.Path, fixed)
		}
	}
}

// compact is a fixed document without its frame: of one with a single statement
// the statement alone.
func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		b.WriteString(strings.TrimSpace(line))
		b.WriteByte(' ')
	}
	s := strings.TrimSpace(b.String())
	const before, behind = `{ "Version": "2012-10-17", "Statement": [ `, ` ] }`
	if inner, ok := strings.CutPrefix(s, before); ok {
		return strings.TrimSuffix(inner, behind)
	}
	return s
}
