package source

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/berth-project/berth/iam"
)

// The bounds of what is read.
const (
	// MaxBytes is the largest file.
	MaxBytes = 16 << 20
	// MaxPolicies is how many policies of one file are returned.
	MaxPolicies = 10_000
	// maxNotes is how many notes of one file are returned.
	maxNotes = 1_000
	// maxDepth is how deep JSON may nest.
	maxDepth = 200
	// maxValues is how many values the JSON of a file may have.
	maxValues = 4 << 20
	// maxDecodings is how often text within text is decoded: a policy in a JSON
	// string of a JSON document in a heredoc.
	maxDecodings = 4
)

// Format is what a file was read as.
type Format string

// The formats.
const (
	// PolicyJSON is a policy, a list of policies or a statement, as it is.
	PolicyJSON Format = "policy"
	// CommandOutput is what a command of the vendor's command line prints.
	CommandOutput Format = "command-output"
	// AccountDetails is the output of get-account-authorization-details.
	AccountDetails Format = "account-details"
	// CloudFormation is a template in JSON, of SAM too.
	CloudFormation Format = "cloudformation"
	// TerraformPlan is a plan or a state as JSON.
	TerraformPlan Format = "terraform-plan"
	// TerraformConfiguration is a file in Terraform's language.
	TerraformConfiguration Format = "terraform"
	// OtherJSON is JSON of another shape with policies somewhere in it.
	OtherJSON Format = "json"
	// Prose is any other text.
	Prose Format = "text"
)

// File is what was found in a file.
type File struct {
	// Format is what the file was read as.
	Format Format
	// Policies are the policies, in the order of the file.
	Policies []*Found
	// Notes are what was seen and could not be read.
	Notes []Note
}

// Note is a place of the file that may hold a policy and was not read.
type Note struct {
	// At is the place; its line is 0 where the file as a whole is meant.
	At iam.Position
	// Message says in one lower-case sentence what is there.
	Message string
	// Help says what to do, where there is something to do.
	Help string
}

// Found is a policy in a file.
type Found struct {
	// Name is what the file calls it: a heading above it, the logical ID of a
	// template with the property, the address of a Terraform resource.
	Name string
	// Text is the document. It need not be JSON: text that is clearly meant as a
	// policy is returned as it stands.
	Text []byte
	// Kind is what it is for.
	Kind iam.Kind
	// Certain is set where the format says the kind; otherwise it is a guess.
	Certain bool
	// Why says in a few words what tells the kind.
	Why string
	// ResourceType is what a resource policy is attached to, as
	// [iam.ParseOptions] has it: "sqs:queue". It is the service alone, or empty,
	// where the format does not say more.
	ResourceType string
	// AttachedTo are who has the policy, as the file names them.
	AttachedTo []string
	// Substitutions are what stands in the text in place of something else.
	Substitutions []Substitution

	text text
	in   *index
}

// Substitution is a reference that was replaced.
type Substitution struct {
	// At is where in the file the reference is.
	At iam.Position
	// Expression is the reference as the file has it, shortened.
	Expression string
	// StandIn is what stands in the text instead.
	StandIn string
}

// Position returns the place in the file of a place in the text, of which only
// the offset is used.
func (f *Found) Position(p iam.Position) iam.Position {
	return f.in.position(f.text.origin(p.Offset))
}

// Span returns the part of the file of a part of the text. Where the text was
// decoded it is at least the place where it begins.
func (f *Found) Span(s iam.Span) iam.Span {
	start := f.text.origin(s.Start.Offset)
	end := start
	if s.End.Offset > s.Start.Offset {
		end = f.text.origin(s.End.Offset-1) + 1
	}
	return iam.Span{Start: f.in.position(start), End: f.in.position(max(start, end))}
}

// Find returns the policies in a file. The name serves to tell what the file is
// where its content does not, and as a hint what its policies are for; nothing
// is read from it. The error is for a file that cannot be read at all: one that
// is too large, or not text.
func Find(name string, data []byte) (*File, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("find policies in %s: file has %d bytes, more than the %d that are read; split it", name, len(data), MaxBytes)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("find policies in %s: file is UTF-16; save it as UTF-8", name)
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return nil, fmt.Errorf("find policies in %s: file is not text: byte %d is NUL", name, at)
	}
	f := newFinder(name, data)
	f.find(whole(data, 0))
	return f.result(), nil
}

// finder gathers what is found in one file.
type finder struct {
	name string
	in   *index
	file File
	full bool // MaxPolicies are reached

	known map[found]*Found // what is found already

	substituted int  // bytes and steps substitution took
	exhausted   bool // it took too many
}

func newFinder(name string, data []byte) *finder {
	return &finder{name: name, in: newIndex(data), known: map[found]*Found{}}
}

// found is what makes two policies one: the part of the file and the use.
type found struct {
	start, end int
	kind       iam.Kind
}

// role is what a place of a file says of the policy in it.
type role struct {
	name         string
	kind         iam.Kind
	certain      bool
	why          string
	resourceType string
	attached     []string
}

// add takes a policy. One that two places refer to is one policy, attached to
// both.
func (f *finder) add(r role, t text, subs []Substitution) {
	r.name = cmp.Or(printable(r.name, 200), printable(f.base(), 200), "policy")
	r.why = printable(r.why, 200)
	for i := range r.attached {
		r.attached[i] = printable(r.attached[i], 200)
	}
	key := found{t.origin(0), t.origin(len(t.bytes)), r.kind}
	if known := f.known[key]; known != nil {
		known.AttachedTo = append(known.AttachedTo, r.attached...)
		return
	}
	if len(f.file.Policies) >= MaxPolicies {
		if !f.full {
			f.full = true
			f.note(t.origin(0), fmt.Sprintf("file has more than the %d policies that are read", MaxPolicies), "split it")
		}
		return
	}
	p := &Found{
		Name: r.name, Text: t.bytes, Kind: r.kind, Certain: r.certain, Why: r.why,
		ResourceType: r.resourceType, AttachedTo: r.attached, Substitutions: subs,
		text: t, in: f.in,
	}
	f.file.Policies = append(f.file.Policies, p)
	f.known[key] = p
}

// note takes a remark about an offset of the file.
func (f *finder) note(offset int, message, help string) {
	if len(f.file.Notes) < maxNotes {
		f.file.Notes = append(f.file.Notes, Note{At: f.in.position(offset), Message: printable(message, 300), Help: printable(help, 300)})
	}
}

// result orders what was found and tells apart what has the same name.
func (f *finder) result() *File {
	slices.SortStableFunc(f.file.Policies, func(a, b *Found) int { return a.text.origin(0) - b.text.origin(0) })
	slices.SortStableFunc(f.file.Notes, func(a, b Note) int { return a.At.Offset - b.At.Offset })
	count := map[string]int{}
	for _, p := range f.file.Policies {
		if count[p.Name]++; count[p.Name] > 1 {
			p.Name = fmt.Sprintf("%s (%d)", p.Name, count[p.Name])
		}
	}
	return &f.file
}

// index finds the lines of a file.
type index struct {
	size   int
	starts []int // the offset at which each line begins
}

func newIndex(data []byte) *index {
	in := &index{size: len(data), starts: []int{len(data) - len(bytes.TrimPrefix(data, []byte("\ufeff")))}}
	for i, c := range data {
		if c == '\n' || c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			in.starts = append(in.starts, i+1)
		}
	}
	return in
}

func (in *index) position(offset int) iam.Position {
	offset = min(max(offset, 0), in.size)
	line, found := slices.BinarySearch(in.starts, offset)
	if found {
		line++
	}
	line = max(line, 1)
	return iam.Position{Offset: offset, Line: line, Column: max(offset-in.starts[line-1], 0) + 1}
}

// printable returns a part of the file as it can be shown: on one line, without
// what would steer a terminal, cut to a length that can be read.
func printable(s string, most int) string {
	cut := len(s) > most
	if cut {
		s = strings.ToValidUTF8(s[:most], "")
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if cut {
		s += "…"
	}
	return s
}
