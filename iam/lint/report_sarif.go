package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/berth-project/berth/iam"
)

// The parts of a SARIF 2.1.0 log that are in use (OASIS standard, section 3).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string          `json:"id"`
		Short   sarifText       `json:"shortDescription"`
		Full    sarifText       `json:"fullDescription"`
		Help    sarifText       `json:"help"`
		Default sarifDefault    `json:"defaultConfiguration"`
		Bag     sarifProperties `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	// sarifProperties are what code scanning reads of a rule.
	sarifProperties struct {
		Tags     []string `json:"tags"`
		Severity string   `json:"security-severity,omitempty"`
		Problem  string   `json:"problem.severity"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Fixes        []sarifFix        `json:"fixes,omitempty"`
		Bag          map[string]string `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn"`
		EndLine     int        `json:"endLine"`
		EndColumn   int        `json:"endColumn"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted *sarifText  `json:"insertedContent,omitempty"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// maxSnippet is how much of a document a result repeats.
const maxSnippet = 400

// WriteSARIF writes findings as a SARIF 2.1.0 log with one run, as code scanning
// takes it. The version is that of the program; empty where unknown. Fixes come
// as replacements for policies that are files of their own.
func WriteSARIF(w io.Writer, documents []Document, version string) error {
	codes := codesOf(documents)
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{
			Name: "berth iam lint", Version: version, URI: "https://github.com/berth-project/berth", Rules: []sarifRule{},
		}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	index := map[string]int{}
	for i, c := range codes {
		index[c.Name] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(c))
	}
	for i := range documents {
		run.Results = append(run.Results, documents[i].sarif(index)...)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func sarifRuleOf(c Code) sarifRule {
	text := strings.ReplaceAll(c.Text, "\n", " ")
	r := sarifRule{
		ID: c.Name, Short: sarifText{c.Title}, Full: sarifText{text}, Help: sarifText{text},
		Default: sarifDefault{sarifLevel(c.Severity, c.Level)},
		Bag:     sarifProperties{Tags: []string{"iam", c.Severity.String()}, Problem: "error"},
	}
	switch c.Severity {
	case Security:
		r.Bag.Severity = [...]string{"9.5", "8.0", "5.5", "3.0", "1.0"}[c.Level]
		r.Bag.Problem = "warning"
	case Warning:
		r.Bag.Problem = "warning"
	case Suggestion:
		r.Bag.Problem = "recommendation"
	}
	return r
}

// sarifLevel is the level of a result: what fails a build by default is an error.
func sarifLevel(s Severity, l Level) string {
	switch {
	case s == Error || s == Security && l <= High:
		return "error"
	case s == Suggestion:
		return "note"
	}
	return "warning"
}

func (d *Document) sarif(index map[string]int) []sarifResult {
	var out []sarifResult
	seen := map[string]int{}
	for _, f := range d.Findings {
		at := d.span(f)
		where := sarifPhysical{Artifact: d.artifact()}
		if at.Start.Line > 0 {
			region := d.region(at)
			if text := d.excerpt(at); text != "" && len(text) <= maxSnippet {
				region.Snippet = &sarifText{text}
			}
			where.Region = &region
		}
		result := sarifResult{
			RuleID: f.Code, RuleIndex: index[f.Code], Level: sarifLevel(f.Severity, f.Level), Message: sarifText{f.sentence()},
			Locations:    []sarifLocation{{Physical: where, Logical: []sarifLogical{{Name: d.qualified(f.Path), Kind: "member"}}}},
			Fingerprints: map[string]string{"primaryLocationLineHash": d.fingerprint(f, at, seen)},
			Fixes:        d.replacements(f),
			Bag:          map[string]string{"severity": f.Severity.String(), "level": f.Level.String(), "path": f.Path},
		}
		out = append(out, result)
	}
	return out
}

func (d *Document) artifact() sarifArtifact {
	return sarifArtifact{URI: (&url.URL{Path: d.File}).String()}
}

func (d *Document) region(s iam.Span) sarifRegion {
	return sarifRegion{
		StartLine: s.Start.Line, StartColumn: d.runeColumn(s.Start),
		EndLine: s.End.Line, EndColumn: d.runeColumn(s.End),
	}
}

func (d *Document) qualified(path string) string {
	if d.Name == "" {
		return path
	}
	return d.Name + ": " + path
}

// sentence is the message with what belongs to it.
func (f *Finding) sentence() string {
	s := f.Message
	for _, more := range []string{f.Detail, f.Help} {
		if more != "" {
			s += "; " + more
		}
	}
	return s
}

// fingerprint tells a finding from others when lines and statements move: by its
// code and the text it is about, and a number where the two repeat.
func (d *Document) fingerprint(f Finding, at iam.Span, seen map[string]int) string {
	sum := sha256.Sum256([]byte(f.Code + "\x00" + d.File + "\x00" + d.Name + "\x00" + strings.Join(strings.Fields(d.excerpt(at)), " ")))
	key := hex.EncodeToString(sum[:8])
	seen[key]++
	return fmt.Sprintf("%s:%d", key, seen[key])
}

// replacements is a fix as edits of the file.
func (d *Document) replacements(f Finding) []sarifFix {
	if f.Fix == nil || d.Place != nil || d.Policy == nil || d.Policy.Text() != d.Text {
		return nil
	}
	editor, err := newEditor([]byte(d.Text))
	if err != nil || editor.Apply(f.Fix.operations()) != nil {
		return nil
	}
	change := sarifChange{Artifact: d.artifact()}
	for _, e := range editor.Edits() {
		r := sarifReplacement{Deleted: d.region(iam.Span{Start: iam.Position(editor.Position(e.Start)), End: iam.Position(editor.Position(e.End))})}
		if e.Text != "" {
			r.Inserted = &sarifText{e.Text}
		}
		change.Replacements = append(change.Replacements, r)
	}
	return []sarifFix{{Description: sarifText{f.Fix.Description}, Changes: []sarifChange{change}}}
}
