package sts

import (
	"strings"
	"time"
)

// Assertion is a SAML response and its one assertion as a value. Nothing in it
// is to be trusted before Signature says that the element it was read from was
// verified.
type Assertion struct {
	// Status is the code of the response, such as
	// "urn:oasis:names:tc:SAML:2.0:status:Success", and StatusMessage what the
	// identity provider says about it.
	Status, StatusMessage string
	// Destination is where the response was sent to.
	Destination string
	// ID is the ID of the assertion.
	ID string
	// Issuer is the entity ID of the identity provider.
	Issuer string
	// IssuedAt is when the assertion was issued.
	IssuedAt time.Time
	// Subject is whom it is about.
	Subject Subject
	// Confirmations are the subject confirmations, of which a sign-in has one.
	Confirmations []Confirmation
	// NotBefore and NotOnOrAfter are those of Conditions; zero where absent.
	NotBefore, NotOnOrAfter time.Time
	// Audiences are the values of all audience restrictions.
	Audiences []string
	// SessionNotOnOrAfter is when the session at the identity provider ends; zero
	// where it does not say.
	SessionNotOnOrAfter time.Time
	// Attributes are in the order of the document. Those of one name are one.
	Attributes []Attribute
	// Signed tells which elements have a signature, be it good or not.
	SignedResponse, SignedAssertion bool
	// Signature says whether the signature was verified and by whom.
	Signature Signature
}

// Subject is the NameID of an assertion.
type Subject struct {
	Name, Format, NameQualifier string
}

// Confirmation is one SubjectConfirmation.
type Confirmation struct {
	// Method is "urn:oasis:names:tc:SAML:2.0:cm:bearer" for a sign-in.
	Method string
	// Recipient is the URL the assertion may be delivered to.
	Recipient string
	// NotOnOrAfter is until when; zero where absent.
	NotOnOrAfter time.Time
	InResponseTo string
}

// Attribute is one attribute with its values.
type Attribute struct {
	Name   string
	Values []string
}

// Signature is what is known of the signature of an assertion or a token. The
// zero value is that nobody has looked.
type Signature struct {
	// By names what verified it: "metadata certificate CN=idp.example.com", "key
	// 7f3a of the provider's key set". Empty while nobody has verified it.
	By string
	// Problem says why it does not hold.
	Problem string
}

// Verified reports whether somebody verified the signature and it holds. For
// SAML that means: with a certificate of the provider's metadata, over the
// element that the value was read from.
func (s Signature) Verified() bool { return s.By != "" && s.Problem == "" }

const (
	statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"
	methodBearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	nameIDPrefix  = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
)

// subjectType returns the format of a name as the vendor's answers and the key
// saml:sub_type have it: "persistent", "transient", other formats in full.
func (s Subject) subjectType() string { return strings.TrimPrefix(s.Format, nameIDPrefix) }

// values returns the values of an attribute, nil where it is absent.
func (a *Assertion) values(name string) []string {
	for _, x := range a.Attributes {
		if x.Name == name {
			return x.Values
		}
	}
	return nil
}

// bearer returns the one bearer confirmation, nil where there is none or there
// are several.
func (a *Assertion) bearer() *Confirmation {
	var found *Confirmation
	for i := range a.Confirmations {
		if a.Confirmations[i].Method != methodBearer {
			continue
		}
		if found != nil {
			return nil
		}
		found = &a.Confirmations[i]
	}
	return found
}
