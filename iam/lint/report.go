package lint

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/diagnostic"
)

// Document is the findings about one policy, on their way to a report.
type Document struct {
	// File is the name of the file it was found in, with slashes.
	File string
	// Name says which policy of the file it is; empty where it is the file.
	Name string
	// Text is the whole text of the file.
	Text string
	// Policy is the policy judged; nil where the text could not be read. It tells
	// what a fix changes.
	Policy *iam.Policy
	// Findings are what was found.
	Findings []Finding
	// Place turns a place of the policy's text into one of the file; nil where
	// the two are one.
	Place func(iam.Span) iam.Span
}

// span returns where in the file a finding is.
func (d *Document) span(f Finding) iam.Span {
	if d.Place == nil {
		return f.Span
	}
	return d.Place(f.Span)
}

// excerpt returns the part of the file a span covers; nothing where the span is
// not within the text.
func (d *Document) excerpt(s iam.Span) string {
	start, end := s.Start.Offset, s.End.Offset
	if start < 0 || end > len(d.Text) || start >= end {
		return ""
	}
	return d.Text[start:end]
}

// line returns the line of the file that holds an offset.
func (d *Document) line(offset int) string {
	if offset < 0 || offset > len(d.Text) {
		return ""
	}
	start := strings.LastIndexAny(d.Text[:offset], "\r\n") + 1
	rest := d.Text[start:]
	if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// runeColumn is the column of a position in characters, from 1.
func (d *Document) runeColumn(p iam.Position) int {
	start := p.Offset - (p.Column - 1)
	if start < 0 || p.Offset > len(d.Text) || p.Column < 1 {
		return max(p.Column, 1)
	}
	return utf8.RuneCountInString(d.Text[start:p.Offset]) + 1
}

// Diagnostics returns the findings as what a terminal is shown.
func (d *Document) Diagnostics() diagnostic.List {
	list := make(diagnostic.List, 0, len(d.Findings))
	for _, f := range d.Findings {
		at := d.span(f)
		p := &diagnostic.Problem{
			Severity: [...]diagnostic.Severity{diagnostic.Error, diagnostic.Security, diagnostic.Warning, diagnostic.Suggestion}[f.Severity],
			Code:     f.Code, Message: f.Message, File: d.File, Line: at.Start.Line, Column: at.Start.Column,
			Width: at.End.Offset - at.Start.Offset, Path: f.Path, Help: f.Help,
		}
		if at.Start.Line > 0 {
			p.Source = d.line(at.Start.Offset)
		}
		if f.Detail != "" {
			p.Notes = append(p.Notes, strings.Split(f.Detail, "\n")...)
		}
		where := "level " + f.Level.String()
		if d.Name != "" {
			where += ", in " + d.Name
		}
		p.Notes = append(p.Notes, where)
		if f.Fix != nil {
			p.Notes = append(p.Notes, f.Fix.note())
		}
		list = append(list, p)
	}
	return list
}

func (f *Fix) note() string {
	if f.Safe {
		return "a safe fix is known: " + f.Description
	}
	return "a fix is known, which changes what is granted: " + f.Description
}

// count returns how many findings there are of each severity.
func count(documents []Document) map[Severity]int {
	n := map[Severity]int{}
	for i := range documents {
		for _, f := range documents[i].Findings {
			n[f.Severity]++
		}
	}
	return n
}

// codesOf returns the codes that documents have findings of, in the order of the
// tables.
func codesOf(documents []Document) []Code {
	used := map[string]bool{}
	for i := range documents {
		for _, f := range documents[i].Findings {
			used[f.Code] = true
		}
	}
	return slices.DeleteFunc(Codes(), func(c Code) bool { return !used[c.Name] })
}
