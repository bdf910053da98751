package lint

import (
	"encoding/json"
	"io"

	"github.com/berth-project/berth/iam"
)

// reportVersion is the version of the JSON report. Members are added without a
// new one; none changes its meaning or goes.
const reportVersion = 1

type jsonReport struct {
	// Version is reportVersion.
	Version int `json:"version"`
	// Documents are the policies judged, in the order given, clean ones included.
	Documents []jsonDocument `json:"documents"`
	// Summary counts the findings by severity.
	Summary map[Severity]int `json:"summary"`
}

type jsonDocument struct {
	File     string        `json:"file"`
	Name     string        `json:"name,omitempty"`
	Kind     string        `json:"kind,omitempty"`
	Findings []jsonFinding `json:"findings"`
}

type jsonFinding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Level    Level    `json:"level"`
	// Path names the element: "Statement[0].Action[1]", "$" for the document.
	Path string `json:"path"`
	// Lines and columns count from 1 and columns in bytes; offsets count bytes
	// from 0. A line of 0 means that there is no place. The end is behind the last
	// byte.
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Offset    int    `json:"offset"`
	EndOffset int    `json:"endOffset"`
	Message   string `json:"message"`
	Detail    string `json:"detail,omitempty"`
	Help      string `json:"help,omitempty"`
	// Fix is null where a person must decide.
	Fix *Fix `json:"fix"`
}

// WriteJSON writes findings as one JSON document:
//
//	{"version": 1,
//	 "documents": [{"file": "policy.json", "name": "", "kind": "identity", "findings": [
//	   {"code": "REDUNDANT_ACTION", "severity": "suggestion", "level": "low", "path": "Statement[0].Action[1]",
//	    "line": 4, "column": 29, "endLine": 4, "endColumn": 43, "offset": 96, "endOffset": 110,
//	    "message": "...", "detail": "...", "help": "...",
//	    "fix": {"description": "...", "safe": true, "patch": [{"op": "remove", "path": "/Statement/0/Action/1"}]}}]}],
//	 "summary": {"error": 0, "security": 0, "suggestion": 1, "warning": 0}}
//
// Lines and columns are those of the file and count from 1, columns in bytes;
// offsets count bytes from 0. The patch is a JSON Patch (RFC 6902) for the
// policy. Members are added to this form and never changed within a version.
func WriteJSON(w io.Writer, documents []Document) error {
	report := jsonReport{Version: reportVersion, Documents: []jsonDocument{}, Summary: count(documents)}
	for s := range severityNames {
		report.Summary[Severity(s)] += 0
	}
	for i := range documents {
		report.Documents = append(report.Documents, documents[i].json())
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(report)
}

func (d *Document) json() jsonDocument {
	out := jsonDocument{File: d.File, Name: d.Name, Findings: []jsonFinding{}}
	if d.Policy != nil {
		out.Kind = d.Policy.Kind.String()
	}
	for _, f := range d.Findings {
		out.Findings = append(out.Findings, jsonOf(f, d.span(f)))
	}
	return out
}

func jsonOf(f Finding, at iam.Span) jsonFinding {
	return jsonFinding{
		Code: f.Code, Severity: f.Severity, Level: f.Level, Path: f.Path,
		Line: at.Start.Line, Column: at.Start.Column, EndLine: at.End.Line, EndColumn: at.End.Column,
		Offset: at.Start.Offset, EndOffset: at.End.Offset,
		Message: f.Message, Detail: f.Detail, Help: f.Help, Fix: f.Fix,
	}
}
