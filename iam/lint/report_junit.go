package lint

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitFailure `xml:"failure"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes findings as a JUnit report: a suite for each document, a
// case for each finding, and one that passes for a document without any. What
// does not reach the threshold passes and says what it found.
func WriteJUnit(w io.Writer, documents []Document, t Threshold) error {
	all := junitSuites{Name: "berth iam lint"}
	for i := range documents {
		s := documents[i].junit(t)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (d *Document) junit(t Threshold) junitSuite {
	name := d.File
	if d.Name != "" {
		name += ": " + d.Name
	}
	s := junitSuite{Name: printable(name)}
	for _, f := range d.Findings {
		c := junitCase{Name: printable(f.Code + " " + f.Path), Class: printable(name)}
		at := d.span(f).Start
		text := printable(d.File + ":" + strconv.Itoa(at.Line) + ":" + strconv.Itoa(at.Column) + ": " + f.sentence())
		if t.Reached(f) {
			c.Failure = &junitFailure{Message: printable(f.Message), Type: f.Severity.String(), Text: text}
			s.Failures++
		} else {
			c.Output = text
		}
		s.Cases = append(s.Cases, c)
	}
	if len(s.Cases) == 0 {
		s.Cases = []junitCase{{Name: "no findings", Class: printable(name)}}
	}
	s.Tests = len(s.Cases)
	return s
}

// printable replaces what XML 1.0 cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
