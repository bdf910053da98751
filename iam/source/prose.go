package source

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/berth-project/berth/internal/jsonsource"
)

// prose finds the policies in text of any kind.
func (f *finder) prose(t text) {
	scan := scanner{text: t.bytes}
	fences := f.fences(t)
	var before []region
	for !f.full {
		r, ok := scan.next()
		if !ok {
			return
		}
		for len(fences) > 0 && fences[0].end <= r.start {
			fences = fences[1:]
		}
		if len(fences) > 0 && fences[0].start <= r.start {
			scan.at = max(scan.at, fences[0].end)
			continue
		}
		if f.region(t, r, before) {
			before = append(before, r)
		}
	}
}

// terraformFence is a block of code in Terraform's language.
var terraformFence = regexp.MustCompile("(?ms)^```[ \\t]*(?:hcl|terraform|tf)\\b[^\\n]*\\n(.*?)^```[ \\t]*$")

// fences reads the blocks of code in Terraform's language, and returns where
// they are. What in them is no Terraform is left to the search for JSON.
func (f *finder) fences(t text) []part {
	var read []part
	for _, m := range terraformFence.FindAllSubmatchIndex(t.bytes, MaxPolicies) {
		if f.snippet(t.slice(m[2], m[3])) {
			read = append(read, part{m[2], m[3]})
		}
	}
	return read
}

// region reads one region and reports whether it holds policies.
func (f *finder) region(t text, r region, before []region) bool {
	part := t.slice(r.start, r.end)
	if len(r.policies) == 0 && !mentions(part.bytes) {
		return false
	}
	count := len(f.file.Policies)
	around := sync.OnceValue(func() surroundings { return above(t.bytes, r.start, before) })
	if r.closed {
		if doc, err := jsonsource.Parse(part.bytes, limits()); err == nil {
			f.document(part, doc.Root, around)
			return len(f.file.Policies) > count
		}
	}
	for _, p := range r.policies {
		f.piece(t.slice(p.start, p.end), around)
	}
	return len(f.file.Policies) > count
}

// mentions reports whether a text has the words without which there is no
// policy in it. They read the same in JSON, in JSON within a string and URL
// encoded.
func mentions(b []byte) bool {
	return bytes.Contains(b, []byte("Statement")) || bytes.Contains(b, []byte("Effect"))
}

// piece takes a part of broken JSON that is meant as a policy. It may itself be
// whole.
func (f *finder) piece(t text, around func() surroundings) {
	if doc, err := jsonsource.Parse(t.bytes, limits()); err == nil {
		f.document(t, doc.Root, around)
		return
	}
	f.broken(t, around)
}

// broken takes text that is no JSON and meant as a policy. Its kind is guessed
// from what can be told without reading it.
func (f *finder) broken(t text, around func() surroundings) {
	var tr traits
	tr.principal = bytes.Contains(t.bytes, []byte("Principal"))
	tr.resource = bytes.Contains(t.bytes, []byte("Resource"))
	tr.assume = bytes.Contains(t.bytes, []byte("sts:AssumeRole"))
	kind, why := tr.guess(around().words)
	f.add(role{name: f.title(t, around), kind: kind, why: why}, t, nil)
}

// title returns what a policy in prose is called.
func (f *finder) title(t text, around func() surroundings) string {
	if heading := around().heading; heading != "" {
		return heading
	}
	if f.file.Format == Prose {
		return fmt.Sprintf("line %d", f.in.position(t.origin(0)).Line)
	}
	return f.base()
}

// base returns the name of the file without folder and extension.
func (f *finder) base() string {
	name := f.name[strings.LastIndexAny(f.name, `/\`)+1:]
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	if name == "" || name == "-" {
		return "policy"
	}
	return name
}

func limits() jsonsource.Limits {
	return jsonsource.Limits{Bytes: MaxBytes, Depth: maxDepth, Values: maxValues}
}
