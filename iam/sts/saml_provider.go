package sts

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// SAMLProvider is an identity provider registered with an account.
type SAMLProvider struct {
	// ARN is "arn:aws:iam::111122223333:saml-provider/Corp".
	ARN string
	// EntityID is the issuer, as the provider's metadata has it.
	EntityID string
	// Endpoints are URLs that assertions may be delivered to, and audiences,
	// besides those of the vendor. A stand-in for the vendor lists its own.
	Endpoints []string
}

// The attributes of an assertion that mean something to the vendor, behind the
// prefix of the partition.
const (
	attrRole              = "Role"
	attrSessionName       = "RoleSessionName"
	attrSessionDuration   = "SessionDuration"
	attrSourceIdentity    = "SourceIdentity"
	attrTransitiveTagKeys = "TransitiveTagKeys"
	attrPrincipalTag      = "PrincipalTag:"
)

// The prefixes of the attributes' names.
const (
	attributesAWS   = "https://aws.amazon.com/SAML/Attributes/"
	attributesChina = "https://www.amazonaws.cn/SAML/Attributes/"
)

// attribute returns the values of one of the vendor's attributes.
func (a *Assertion) attribute(name string) []string {
	if v := a.values(attributesAWS + name); v != nil {
		return v
	}
	return a.values(attributesChina + name)
}

// RolePairs returns the roles that the assertion names, each with the provider
// that lets its subject in. Values that cannot be read are left out.
func (a *Assertion) RolePairs() []RolePair {
	var pairs []RolePair
	for _, v := range a.attribute(attrRole) {
		if p, err := ParseRolePair(v); err == nil {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// misnamed returns an attribute that is meant to be the vendor's and has another
// scheme or case; names are compared letter by letter.
func (a *Assertion) misnamed(name string) string {
	for _, x := range a.Attributes {
		_, rest, _ := strings.Cut(x.Name, "://")
		for _, want := range []string{attributesAWS + name, attributesChina + name} {
			_, wanted, _ := strings.Cut(want, "://")
			if strings.EqualFold(rest, wanted) && x.Name != want {
				return x.Name
			}
		}
	}
	return ""
}

// The places where browsers and programs deliver assertions, by partition (IAM
// User Guide, "Configure SAML assertions"). Some have one for each region before
// them.
var signIn = []string{"signin.aws.amazon.com/saml", "signin.amazonaws-us-gov.com/saml", "signin.amazonaws.cn/saml"}

// delivers reports whether an assertion may be delivered to the URL.
func (p *SAMLProvider) delivers(url string) bool {
	if slices.Contains(p.Endpoints, url) {
		return true
	}
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		return false
	}
	// Region: "https://eu-west-1.signin.aws.amazon.com/saml", and behind it for
	// one that was made for a single provider "/acs/" and its ID.
	rest, id, own := strings.Cut(rest, "/acs/")
	if own && (id == "" || !word(id, "-")) {
		return false
	}
	if slices.Contains(signIn, rest) {
		return true
	}
	region, rest, _ := strings.Cut(rest, ".")
	return region != "" && word(region, "-") && slices.Contains(signIn, rest)
}

// accepts reports whether the audience is the vendor's.
func (p *SAMLProvider) accepts(audience string) bool {
	return audience == "urn:amazon:webservices" || strings.HasPrefix(audience, "urn:amazon:webservices:") || p.delivers(audience)
}

// nameQualifier returns what with the subject identifies a person: base64 of
// the SHA-1 of issuer, account, a slash and the provider's name (API reference,
// AssumeRoleWithSAML). It is the vendor's name for a person and keeps no secret.
func (p providerName) nameQualifier(issuer string) string {
	sum := sha1.Sum([]byte(issuer + p.account + "/" + p.name))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// samlAttributes are the condition keys that take the values of attributes, by
// the attributes' names (IAM User Guide, "Available keys for SAML-based AWS STS
// federation").
var samlAttributes = map[string]string{
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.1":                                        "saml:edupersonaffiliation",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.2":                                        "saml:edupersonnickname",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.3":                                        "saml:edupersonorgdn",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.4":                                        "saml:edupersonorgunitdn",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.5":                                        "saml:edupersonprimaryaffiliation",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.6":                                        "saml:edupersonprincipalname",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.7":                                        "saml:edupersonentitlement",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.8":                                        "saml:edupersonprimaryorgunitdn",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.9":                                        "saml:edupersonscopedaffiliation",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.10":                                       "saml:edupersontargetedid",
	"urn:oid:1.3.6.1.4.1.5923.1.1.1.11":                                       "saml:edupersonassurance",
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.2":                                        "saml:eduorghomepageuri",
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.3":                                        "saml:eduorgidentityauthnpolicyuri",
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.4":                                        "saml:eduorglegalname",
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.5":                                        "saml:eduorgsuperioruri",
	"urn:oid:1.3.6.1.4.1.5923.1.2.1.6":                                        "saml:eduorgwhitepagesuri",
	"urn:oid:2.5.4.3":                                                         "saml:cn",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name":              "saml:name",
	"http://schemas.xmlsoap.org/claims/CommonName":                            "saml:commonName",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname":         "saml:givenName",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname":           "saml:surname",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress":      "saml:mail",
	"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "saml:primaryGroupSID",
	"urn:oid:2.5.4.4":                                                         "saml:surname",
	"urn:oid:2.5.4.42":                                                        "saml:givenName",
	"urn:oid:2.5.4.45":                                                        "saml:x500UniqueIdentifier",
	"urn:oid:0.9.2342.19200300.100.1.1":                                       "saml:uid",
	"urn:oid:0.9.2342.19200300.100.1.3":                                       "saml:mail",
	"urn:oid:0.9.2342.19200300.100.1.45":                                      "saml:organizationStatus",
}

// samlLists are the keys of these that have several values.
var samlLists = map[string]bool{
	"saml:edupersonaffiliation": true, "saml:edupersonassurance": true, "saml:edupersonentitlement": true,
	"saml:edupersonnickname": true, "saml:edupersonorgunitdn": true, "saml:edupersonscopedaffiliation": true,
	"saml:edupersontargetedid": true, "saml:eduorghomepageuri": true, "saml:eduorgidentityauthnpolicyuri": true,
	"saml:eduorglegalname": true, "saml:eduorgsuperioruri": true, "saml:eduorgwhitepagesuri": true, "saml:cn": true,
}

// setAssertion sets the keys about the assertion. A key of one value whose
// attribute has several is set with all of them, so that no test of one value
// holds for whichever came first.
func setAssertion(ctx *iam.Context, a *Assertion, p providerName) {
	if c := a.bearer(); c != nil {
		ctx.Set("saml:aud", c.Recipient)
	}
	ctx.Set("saml:iss", a.Issuer)
	ctx.Set("saml:doc", p.account+"/"+p.name)
	setSubject(ctx, a, p)
	for _, x := range a.Attributes {
		key, known := samlAttributes[x.Name]
		if _, twice := ctx.Get(key); !known || twice || len(x.Values) == 0 {
			continue
		}
		set(ctx, key, iam.ContextValue{Values: x.Values, Multi: samlLists[key] || len(x.Values) > 1})
	}
}

// setSubject sets the keys that also go with the requests of the session.
func setSubject(ctx *iam.Context, a *Assertion, p providerName) {
	ctx.Set("saml:namequalifier", p.nameQualifier(a.Issuer))
	ctx.Set("saml:sub", a.Subject.Name)
	ctx.Set("saml:sub_type", a.Subject.subjectType())
}
