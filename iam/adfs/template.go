package adfs

import "strings"

// template is the replacement of RegExReplace taken apart.
type template []templatePart

// templatePart is a text, or a part of the match.
type templatePart struct {
	text  string
	group int
}

// The parts of a match that are no group.
const (
	plain  = -1 - iota // the text
	before             // $`
	behind             // $'
	entire             // $_
)

// parseTemplate takes a replacement apart as .NET does: the digits behind a
// dollar are taken as far as they go, and what names no group stays as it is
// written.
func parseTemplate(s string, p *pattern) template {
	var t template
	add := func(text string) {
		if text != "" {
			t = append(t, templatePart{text: text, group: plain})
		}
	}
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			add(s)
			return t
		}
		add(s[:i])
		part, n := dollar(s[i:], p)
		t = append(t, part)
		s = s[i+n:]
	}
}

// dollar reads what a dollar begins, and returns its length.
func dollar(s string, p *pattern) (templatePart, int) {
	lone := templatePart{text: "$", group: plain}
	if len(s) < 2 {
		return lone, 1
	}
	switch s[1] {
	case '$':
		return lone, 2
	case '&':
		return templatePart{group: 0}, 2
	case '`':
		return templatePart{group: before}, 2
	case '\'':
		return templatePart{group: behind}, 2
	case '_':
		return templatePart{group: entire}, 2
	case '+':
		return templatePart{group: p.groups[len(p.groups)-1]}, 2
	}
	name, n := s[1:], 1
	if braced, _, ok := strings.Cut(s[1:], "}"); ok && s[1] == '{' {
		name, n = braced[1:], 1+len(braced)+1
	} else {
		name = name[:run(name, digit)]
		n += len(name)
	}
	if g, ok := p.group(name); ok {
		return templatePart{group: g}, n
	}
	return lone, 1
}

// group returns Go's number of a group by .NET's number or name.
func (p *pattern) group(name string) (int, bool) {
	if name == "" {
		return 0, false
	}
	if run(name, digit) < len(name) {
		g, ok := p.names[name]
		return g, ok
	}
	if len(name) > 4 {
		return 0, false
	}
	n := 0
	for i := range len(name) {
		n = 10*n + int(name[i]-'0')
	}
	if n >= len(p.groups) {
		return 0, false
	}
	return p.groups[n], true
}

// replace replaces every match and returns how many there were.
func (p *pattern) replace(s string, t template) (string, int) {
	matches := p.re.FindAllStringSubmatchIndex(s, -1)
	var b strings.Builder
	last := 0
	for _, m := range matches {
		b.WriteString(s[last:m[0]])
		t.write(&b, s, m)
		last = m[1]
		if b.Len() > maxValue {
			break // too long already, which the caller refuses
		}
	}
	b.WriteString(s[last:])
	return b.String(), len(matches)
}

func (t template) write(b *strings.Builder, s string, m []int) {
	for _, part := range t {
		switch part.group {
		case plain:
			b.WriteString(part.text)
		case before:
			b.WriteString(s[:m[0]])
		case behind:
			b.WriteString(s[m[1]:])
		case entire:
			b.WriteString(s)
		default:
			if from := m[2*part.group]; from >= 0 {
				b.WriteString(s[from:m[2*part.group+1]])
			}
		}
	}
}
