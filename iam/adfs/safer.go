package adfs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Transform says how groups are to become roles: a group
// "PREFIX-ACCOUNT-ROLE" becomes the role ROLE of the account.
type Transform struct {
	// Prefix is what such groups begin with; empty means "AWS".
	Prefix string
	// Accounts are the accounts a group may name. None means any account, which
	// is safe only as far as the provider's name is trusted there.
	Accounts []string
	// Provider is the name of the SAML provider in each of the accounts.
	Provider string
	// Partition is "aws" where it is empty.
	Partition string
}

var (
	prefixForm   = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)
	accountForm  = regexp.MustCompile(`^[0-9]{12}$`)
	providerForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	partForm     = regexp.MustCompile(`^aws(-[a-z0-9]+)*$`)
)

// SaferRules returns claim rules that turn groups into roles without the faults
// that [Rules.Report] finds: one pattern for condition and replacement, without
// regard to case in both, anchored at both ends, and the account taken from the
// group's name. The classes are ASCII's and not \d and \w, which in .NET are all
// of Unicode's; the name of a role is at most 64 characters, without the comma
// that would make two of one.
func SaferRules(t Transform) (string, error) {
	if t.Prefix == "" {
		t.Prefix = "AWS"
	}
	if t.Partition == "" {
		t.Partition = "aws"
	}
	switch {
	case !prefixForm.MatchString(t.Prefix):
		return "", fmt.Errorf("prefix %q: want 1 to 20 letters and digits", clip(t.Prefix))
	case !providerForm.MatchString(t.Provider):
		return "", fmt.Errorf("provider %q: want the name of a SAML provider, 1 to 128 characters of [A-Za-z0-9_.-]", clip(t.Provider))
	case !partForm.MatchString(t.Partition):
		return "", fmt.Errorf("partition %q: want aws, aws-cn or aws-us-gov", clip(t.Partition))
	case len(t.Accounts) > 50:
		return "", errors.New("more than 50 accounts: give none to allow any")
	}
	accounts := "[0-9]{12}"
	for _, a := range t.Accounts {
		if !accountForm.MatchString(a) {
			return "", fmt.Errorf("account %q: want 12 digits", clip(a))
		}
	}
	if len(t.Accounts) > 0 {
		accounts = strings.Join(t.Accounts, "|")
	}
	pattern := fmt.Sprintf("(?i)^%s-(%s)-([a-z0-9_+=.@-]{1,64})$", t.Prefix, accounts)
	with := fmt.Sprintf("arn:%s:iam::$1:saml-provider/%s,arn:%s:iam::$1:role/$2", t.Partition, t.Provider, t.Partition)
	return fmt.Sprintf(saferForm, pattern, pattern, with), nil
}

const saferForm = `@RuleName = "RoleSessionName"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => issue(store = "Active Directory", types = ("https://aws.amazon.com/SAML/Attributes/RoleSessionName"), query = ";mail;{0}", param = c.Value);

@RuleName = "Groups of the user"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => add(store = "Active Directory", types = ("http://temp/variable"), query = ";tokenGroups;{0}", param = c.Value);

@RuleName = "Roles of the groups"
c:[Type == "http://temp/variable", Value =~ "%s"]
 => issue(Type = "https://aws.amazon.com/SAML/Attributes/Role", Value = RegExReplace(c.Value, "%s", "%s"));
`
