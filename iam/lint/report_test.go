package lint_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
	"github.com/berth-project/berth/internal/diagnostic"
)

var update = flag.Bool("update", false, "write the golden files")

// shown are the codes in the reports, so that a new rule does not change them.
var shown = []string{"UNSUPPORTED_SID", "REDUNDANT_ACTION", "PRIVATE_IP_ADDRESS", "EMPTY_SID_VALUE", "ALLOW_WITH_NOT_PRINCIPAL"}

// reported are three policies: one with findings of all sorts, one that is part
// of a larger file, one that is clean.
func reported(t *testing.T) []lint.Document {
	t.Helper()
	const text = `{
  "Version": "2012-10-17",
  "Statement": {
    "Sid": "é",
    "Effect": "Allow",
    "Action": ["s3:GetObject*", "s3:GetObject"],
    "Resource": "arn:aws:s3:::media/*",
    "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
  }
}
`
	const clean = `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]}`
	const inner = `{"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sqs:SendMessage", "Resource": "*"}]}`
	frame := "# Queue, \x01 and more\n" + inner + "\n"
	judge := func(text string, kind iam.Kind) (*iam.Policy, []lint.Finding) {
		policy, problems := iam.Read([]byte(text), iam.ParseOptions{Kind: kind})
		findings := lint.Policy(policy, problems, lint.Options{Now: now})
		return policy, slices.DeleteFunc(findings, func(f lint.Finding) bool { return !slices.Contains(shown, f.Code) })
	}
	first, found := judge(text, iam.IdentityPolicy)
	second, foundInside := judge(inner, iam.ResourcePolicy)
	third, none := judge(clean, iam.IdentityPolicy)
	shift := func(s iam.Span) iam.Span {
		offset := strings.Index(frame, inner)
		s.Start.Offset += offset
		s.End.Offset += offset
		s.Start.Line++
		s.End.Line++
		return s
	}
	return []lint.Document{
		{File: "iam/app policy.json", Text: text, Policy: first, Findings: found},
		{File: "docs/queue:1.md", Name: "queue, policy", Text: frame, Policy: second, Findings: foundInside, Place: shift},
		{File: "clean.json", Text: clean, Policy: third, Findings: none},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "report", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*bytes.Buffer, []lint.Document) error{
		"report.json":  func(b *bytes.Buffer, d []lint.Document) error { return lint.WriteJSON(b, d) },
		"report.sarif": func(b *bytes.Buffer, d []lint.Document) error { return lint.WriteSARIF(b, d, "1.2.3") },
		"report.xml": func(b *bytes.Buffer, d []lint.Document) error {
			return lint.WriteJUnit(b, d, lint.Threshold{Severity: lint.Security, Level: lint.High})
		},
		"report.github": func(b *bytes.Buffer, d []lint.Document) error { return lint.WriteGitHub(b, d) },
		"report.txt": func(b *bytes.Buffer, d []lint.Document) error {
			for i := range d {
				if err := diagnostic.Write(b, d[i].Diagnostics(), diagnostic.Style{}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := write(&b, reported(t)); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
}

// TestSARIFIsWhatCodeScanningTakes checks what the standard and the service ask
// for (SARIF 2.1.0 section 3; "SARIF support for code scanning").
func TestSARIFIsWhatCodeScanningTakes(t *testing.T) {
	t.Parallel()
	documents := reported(t)
	var b bytes.Buffer
	if err := lint.WriteSARIF(&b, documents, ""); err != nil {
		t.Fatal(err)
	}
	var log sarif
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.HasPrefix(log.Schema, "https://") || len(log.Runs) != 1 {
		t.Fatalf("version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	seen := map[string]bool{}
	for _, r := range run.Results {
		if r.RuleIndex < 0 || r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s has the rule index %d, which is another", r.RuleID, r.RuleIndex)
		}
		if !regexp.MustCompile("^(error|warning|note)$").MatchString(r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("%s has level %q, message %q, %d locations", r.RuleID, r.Level, r.Message.Text, len(r.Locations))
		}
		at := r.Locations[0].Physical
		if u, err := url.Parse(at.Artifact.URI); err != nil || u.IsAbs() {
			t.Errorf("%q is not a relative URI", at.Artifact.URI)
		}
		at.Region.check(t, r.RuleID)
		mark := r.Fingerprints["primaryLocationLineHash"]
		if !regexp.MustCompile("^[0-9a-f]{16}:[0-9]+$").MatchString(mark) || seen[mark] {
			t.Errorf("%s has the fingerprint %q, or another has it too", r.RuleID, mark)
		}
		seen[mark] = true
		for _, fix := range r.Fixes {
			if fix.Description.Text == "" || len(fix.Changes) == 0 || len(fix.Changes[0].Replacements) == 0 {
				t.Errorf("%s has an empty fix", r.RuleID)
				continue
			}
			for _, replacement := range fix.Changes[0].Replacements {
				replacement.Deleted.check(t, r.RuleID)
			}
		}
	}
	if len(run.Results) < 5 {
		t.Errorf("%d results, want those of all documents", len(run.Results))
	}
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "" || rule.Short.Text == "" || rule.Full.Text == "" || rule.Help.Text == "" || rule.Default.Level == "" {
			t.Errorf("rule %+v is not complete", rule)
		}
	}
}

type (
	sarif struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version  string
					InformationURI string
					Rules          []struct {
						ID         string
						Short      sarifMessage `json:"shortDescription"`
						Full       sarifMessage `json:"fullDescription"`
						Help       sarifMessage
						Default    struct{ Level string } `json:"defaultConfiguration"`
						Properties map[string]any
					}
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID     string
				RuleIndex  int
				Level      string
				Message    sarifMessage
				Properties map[string]string
				Locations  []struct {
					Physical struct {
						Artifact struct{ URI string } `json:"artifactLocation"`
						Region   sarifRegion
					} `json:"physicalLocation"`
					Logical []struct{ FullyQualifiedName, Kind string } `json:"logicalLocations"`
				}
				Fingerprints map[string]string `json:"partialFingerprints"`
				Fixes        []struct {
					Description sarifMessage
					Changes     []struct {
						Artifact     struct{ URI string } `json:"artifactLocation"`
						Replacements []struct {
							Deleted  sarifRegion  `json:"deletedRegion"`
							Inserted sarifMessage `json:"insertedContent"`
						}
					} `json:"artifactChanges"`
				}
			}
		}
	}
	sarifMessage struct{ Text string }
	sarifRegion  struct {
		StartLine, StartColumn, EndLine, EndColumn int
		Snippet                                    sarifMessage
	}
)

func (r sarifRegion) check(t *testing.T, rule string) {
	t.Helper()
	if r.StartLine < 1 || r.StartColumn < 1 || r.EndLine < r.StartLine || r.EndLine == r.StartLine && r.EndColumn < r.StartColumn {
		t.Errorf("%s has the region %+v", rule, r)
	}
}

func TestJUnitIsXMLWhateverItHolds(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	documents := []lint.Document{{File: "a\x00\xff.json", Findings: []lint.Finding{{Code: "X", Path: "\x1b<", Message: "\ufffe&"}}}}
	if err := lint.WriteJUnit(&b, documents, lint.Threshold{}); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil || suites.Failures != 1 {
		t.Errorf("%v, %d failures, in %q", err, suites.Failures, b.String())
	}
}

func TestGitHubCommandsCannotBeForged(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	documents := []lint.Document{{File: "a,b:c\n::error::x", Findings: []lint.Finding{{Code: "X", Message: "m\r\n::set-env name=PATH::x 100%"}}}}
	if err := lint.WriteGitHub(&b, documents); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ax,title=X::m%0D%0A::set-env name=PATH::x 100%25\n"
	if b.String() != want {
		t.Errorf("WriteGitHub = %q, want %q", b.String(), want)
	}
}
