package sts

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The bounds of the parameter SAMLAssertion (API reference: SAMLAssertionType).
const (
	minSAML = 4
	maxSAML = 100000
)

// DecodeSAMLResponse reads a response as browsers post it and as the parameter
// SAMLAssertion has it: base64 of XML. Nothing is verified, see
// [ParseSAMLResponse].
func DecodeSAMLResponse(text string) (*Assertion, error) {
	if n := len(text); n < minSAML || n > maxSAML {
		return nil, fmt.Errorf("response of %d characters: want %d to %d", n, minSAML, maxSAML)
	}
	doc, err := base64.StdEncoding.DecodeString(strings.Map(dropSpace, text))
	if err != nil {
		return nil, fmt.Errorf("response is not base64: %w", err)
	}
	return ParseSAMLResponse(doc)
}

// dropSpace drops the line breaks and spaces that base64 is wrapped with.
func dropSpace(r rune) rune {
	switch r {
	case ' ', '\t', '\r', '\n':
		return -1
	}
	return r
}

// ParseSAMLResponse reads the XML of a response (SAML 2.0 Core) into a value
// that is not to be trusted: no signature is looked at, so Signature is its zero
// value, and the document may be anybody's.
//
// A document type, a processing instruction, more than one assertion anywhere
// in the document (which is how signatures are wrapped) and an encrypted
// assertion are errors.
func ParseSAMLResponse(doc []byte) (*Assertion, error) {
	root, err := readXML(doc)
	if err != nil {
		return nil, err
	}
	if root.space != nsProtocol || root.name != "Response" {
		return nil, fmt.Errorf("document is %s %q: want the Response of SAML 2.0", root.name, clip(root.space))
	}
	a := &Assertion{Destination: root.attr("Destination")}
	if status := root.child(nsProtocol, "Status"); status != nil {
		a.StatusMessage = clip(status.child(nsProtocol, "StatusMessage").all())
		a.Status = status.child(nsProtocol, "StatusCode").attr("Value")
	}
	a.SignedResponse = root.child(nsSignature, "Signature") != nil
	if root.count(nsAssertion, "EncryptedAssertion") > 0 {
		return nil, errors.New("assertion is encrypted: decrypt it with the provider's private key first")
	}
	switch n := root.count(nsAssertion, "Assertion"); {
	case n > 1:
		return nil, fmt.Errorf("response has %d assertions: want one", n)
	case n == 0 && a.Status != statusSuccess:
		return a, nil // the provider says no, and why
	}
	assertion := root.child(nsAssertion, "Assertion")
	if assertion == nil {
		return nil, errors.New("response has no assertion")
	}
	if err := a.read(assertion); err != nil {
		return nil, err
	}
	return a, nil
}

// read fills the value from the element Assertion.
func (a *Assertion) read(e *element) error {
	if v := e.attr("Version"); v != "2.0" {
		return fmt.Errorf("assertion of version %q: want 2.0", clip(v))
	}
	times := timeReader{}
	a.ID = e.attr("ID")
	a.IssuedAt = times.read("IssueInstant", e.attr("IssueInstant"))
	a.Issuer = e.child(nsAssertion, "Issuer").all()
	a.SignedAssertion = e.child(nsSignature, "Signature") != nil
	subject := e.child(nsAssertion, "Subject")
	if id := subject.child(nsAssertion, "NameID"); id != nil {
		a.Subject = Subject{Name: id.all(), Format: id.attr("Format"), NameQualifier: id.attr("NameQualifier")}
	}
	for _, c := range subject.childrenOf(nsAssertion, "SubjectConfirmation") {
		data := c.child(nsAssertion, "SubjectConfirmationData")
		a.Confirmations = append(a.Confirmations, Confirmation{
			Method:       c.attr("Method"),
			Recipient:    data.attr("Recipient"),
			NotOnOrAfter: times.read("SubjectConfirmationData NotOnOrAfter", data.attr("NotOnOrAfter")),
			InResponseTo: data.attr("InResponseTo"),
		})
	}
	if c := e.child(nsAssertion, "Conditions"); c != nil {
		a.NotBefore = times.read("Conditions NotBefore", c.attr("NotBefore"))
		a.NotOnOrAfter = times.read("Conditions NotOnOrAfter", c.attr("NotOnOrAfter"))
		for _, r := range c.childrenOf(nsAssertion, "AudienceRestriction") {
			for _, audience := range r.childrenOf(nsAssertion, "Audience") {
				a.Audiences = append(a.Audiences, audience.all())
			}
		}
	}
	if s := e.child(nsAssertion, "AuthnStatement"); s != nil {
		a.SessionNotOnOrAfter = times.read("SessionNotOnOrAfter", s.attr("SessionNotOnOrAfter"))
	}
	a.readAttributes(e)
	return times.err
}

// readAttributes takes the attributes of all statements, those of one name
// together.
func (a *Assertion) readAttributes(e *element) {
	place := map[string]int{}
	for _, statement := range e.childrenOf(nsAssertion, "AttributeStatement") {
		for _, x := range statement.childrenOf(nsAssertion, "Attribute") {
			name := x.attr("Name")
			i, known := place[name]
			if !known {
				i = len(a.Attributes)
				place[name] = i
				a.Attributes = append(a.Attributes, Attribute{Name: name})
			}
			for _, v := range x.childrenOf(nsAssertion, "AttributeValue") {
				a.Attributes[i].Values = append(a.Attributes[i].Values, v.all())
			}
		}
	}
}

// timeReader reads times and keeps the first that is none.
type timeReader struct{ err error }

// read returns a time of XML Schema with a zone; zero for an absent one.
func (t *timeReader) read(name, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("%s %q is not a time with a zone, as in 2026-01-31T12:00:00Z", name, clip(text))
	}
	return at
}
