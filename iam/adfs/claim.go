package adfs

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Claim is one statement about the user.
type Claim struct {
	Type, Value, ValueType string
	Issuer, OriginalIssuer string
	Properties             map[string]string
	// Groups are the groups of the directory that the claim was made from.
	Groups []string
}

// User is the user rules are run for.
type User struct {
	// Account is the Windows account name: `CORP\jean`.
	Account string
	// Groups are the names of the security groups the user is in, those that
	// contain others included, as tokenGroups lists them.
	Groups []string
	// Attributes are further attributes of the user in the directory, by their
	// LDAP name in any case: mail, sAMAccountName, userPrincipalName.
	Attributes map[string][]string
	// Claims come in besides the account name.
	Claims []Claim
}

// The bounds of a user and of what rules make of one.
const (
	maxValue  = 4096
	maxGroups = 2000
	maxClaims = 10000
	maxWork   = 200000
)

// Types of claims that mean something to the directory or to the vendor.
const (
	typeAccount      = "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"
	typeRole         = "https://aws.amazon.com/SAML/Attributes/Role"
	typeSessionName  = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
	typeString       = "http://www.w3.org/2001/XMLSchema#string"
	directoryIssuer  = "AD AUTHORITY"
	federationIssuer = "LOCAL AUTHORITY"
)

// check refuses a user that is too large or has values no directory has.
func (u *User) check() error {
	if u.Account == "" {
		return errors.New(`user has no account: want DOMAIN\name`)
	}
	if len(u.Groups) > maxGroups {
		return fmt.Errorf("user is in %d groups: at most %d", len(u.Groups), maxGroups)
	}
	if len(u.Claims) > maxGroups {
		return fmt.Errorf("user has %d claims: at most %d", len(u.Claims), maxGroups)
	}
	values := []string{u.Account}
	values = append(values, u.Groups...)
	for _, list := range u.Attributes {
		values = append(values, list...)
	}
	for _, c := range u.Claims {
		values = append(values, c.Value)
	}
	if len(values) > 2*maxClaims {
		return fmt.Errorf("user has %d values: at most %d", len(values), 2*maxClaims)
	}
	for _, v := range values {
		if err := checkValue(v); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(v string) error {
	switch {
	case len(v) > maxValue:
		return fmt.Errorf("value of %d bytes: at most %d", len(v), maxValue)
	case !utf8.ValidString(v):
		return fmt.Errorf("value %q is not UTF-8", clip(v))
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7F }):
		return fmt.Errorf("value %q has control characters", clip(v))
	}
	return nil
}

// incoming are the claims that rules begin with.
func (u *User) incoming() []Claim {
	account := Claim{Type: typeAccount, Value: u.Account, ValueType: typeString, Issuer: directoryIssuer, OriginalIssuer: directoryIssuer}
	return append([]Claim{account}, u.Claims...)
}

// attribute returns the values of an attribute of the directory, each with the
// group it names, if any.
func (u *User) attribute(name string) (values []Claim, known bool) {
	domain, _, _ := strings.Cut(u.Account, `\`)
	switch strings.ToLower(name) {
	case "tokengroups":
		return groupClaims(u.Groups, ""), true
	case "tokengroups(domainqualifiedname)":
		return groupClaims(u.Groups, domain+`\`), true
	case "tokengroups(longdomainqualifiedname)", "tokengroups(fulldomainqualifiedname)", "tokengroups(sid)":
		return nil, false
	}
	for attr, list := range u.Attributes {
		if strings.EqualFold(attr, name) {
			for _, v := range list {
				values = append(values, Claim{Value: v})
			}
			return values, true
		}
	}
	if strings.EqualFold(name, "sAMAccountName") {
		_, account, _ := strings.Cut(u.Account, `\`)
		return []Claim{{Value: account}}, true
	}
	return nil, true
}

func groupClaims(groups []string, prefix string) []Claim {
	out := make([]Claim, len(groups))
	for i, g := range groups {
		out[i] = Claim{Value: prefix + g, Groups: []string{g}}
	}
	return out
}

// get returns a property of the claim.
func (c *Claim) get(p property) string {
	switch p.name {
	case "type":
		return c.Type
	case "value":
		return c.Value
	case "valuetype":
		return c.ValueType
	case "issuer":
		return c.Issuer
	case "originalissuer":
		return c.OriginalIssuer
	}
	return c.Properties[p.key]
}

// set gives a property of the claim its value.
func (c *Claim) set(p property, v string) {
	switch p.name {
	case "type":
		c.Type = v
	case "value":
		c.Value = v
	case "valuetype":
		c.ValueType = v
	case "issuer":
		c.Issuer = v
	case "originalissuer":
		c.OriginalIssuer = v
	default:
		if c.Properties == nil {
			c.Properties = map[string]string{}
		}
		c.Properties[p.key] = v
	}
}
