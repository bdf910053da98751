package sts

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The namespaces of a response.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
)

// The bounds of a document.
const (
	maxDepth    = 40
	maxElements = 5000
)

// element is one element of a document. The methods of a nil element are those
// of one that is empty.
type element struct {
	space, name string
	attrs       []xml.Attr
	children    []*element
	text        string // its own text, without that of its children
}

// readXML reads a document into a tree. Document types are refused, so there
// are no entities beyond the five of XML. Comments are dropped and the text
// around them is one, as canonical XML has it: what follows a comment in a name
// cannot hide from one reader and show to another.
func readXML(doc []byte) (*element, error) {
	if len(doc) > maxSAML {
		return nil, fmt.Errorf("document of %d bytes: at most %d", len(doc), maxSAML)
	}
	r := xmlReader{dec: xml.NewDecoder(bytes.NewReader(doc))}
	for {
		token, err := r.dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("document is not XML: %w", err)
		}
		if err := r.take(token); err != nil {
			line, column := r.dec.InputPos()
			return nil, fmt.Errorf("%d:%d: %w", line, column, err)
		}
	}
	if r.root == nil {
		return nil, errors.New("document has no element")
	}
	return r.root, nil
}

type xmlReader struct {
	dec   *xml.Decoder
	root  *element
	open  []*element
	count int
}

func (r *xmlReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("document type: not allowed, it could define entities")
	case xml.ProcInst:
		if t.Target != "xml" || r.root != nil {
			return fmt.Errorf("processing instruction %q: not allowed", clip(t.Target))
		}
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		r.open = r.open[:len(r.open)-1]
	case xml.CharData:
		if len(r.open) > 0 {
			e := r.open[len(r.open)-1]
			e.text += string(t)
		} else if len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text outside of the document's element")
		}
	}
	return nil
}

func (r *xmlReader) start(t xml.StartElement) error {
	if r.count++; r.count > maxElements {
		return fmt.Errorf("more than %d elements", maxElements)
	}
	if len(r.open) == maxDepth {
		return fmt.Errorf("elements nested more than %d deep", maxDepth)
	}
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		if seen[a.Name] {
			return fmt.Errorf("attribute %q twice", clip(a.Name.Local))
		}
		seen[a.Name] = true
	}
	e := &element{space: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr}
	switch {
	case len(r.open) > 0:
		parent := r.open[len(r.open)-1]
		parent.children = append(parent.children, e)
	case r.root != nil:
		return errors.New("a second element at the top")
	default:
		r.root = e
	}
	r.open = append(r.open, e)
	return nil
}

// attr returns an attribute that has no namespace, empty where it is absent.
func (e *element) attr(name string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// child returns the first child of the name, nil where there is none.
func (e *element) child(space, name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.space == space && c.name == name {
			return c
		}
	}
	return nil
}

// childrenOf returns the children of the name.
func (e *element) childrenOf(space, name string) []*element {
	if e == nil {
		return nil
	}
	var out []*element
	for _, c := range e.children {
		if c.space == space && c.name == name {
			out = append(out, c)
		}
	}
	return out
}

// count returns how many elements of the name are anywhere below.
func (e *element) count(space, name string) int {
	n := 0
	for _, c := range e.children {
		if c.space == space && c.name == name {
			n++
		}
		n += c.count(space, name)
	}
	return n
}

// all returns the text of the element and of all below it.
func (e *element) all() string {
	if e == nil {
		return ""
	}
	if len(e.children) == 0 {
		return e.text
	}
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e *element) write(b *strings.Builder) {
	b.WriteString(e.text)
	for _, c := range e.children {
		c.write(b)
	}
}
