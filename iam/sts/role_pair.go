package sts

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/arn"
)

// RolePair is one value of the attribute Role of an assertion: a role, and the
// provider that lets people into it.
type RolePair struct {
	ProviderARN string
	RoleARN     string
}

// maxRolePair is the longest value that is taken apart: two ARNs, the comma and
// some spaces.
const maxRolePair = 2*arn.MaxLength + 64

// ParseRolePair takes a value of the attribute Role apart: the ARNs of a
// provider and a role, in either order, with a comma between. Spaces around
// them do not count. The error says which half is wrong.
//
// A comma is a legal character of a role's name, so the pair is split at the
// comma behind which the other ARN begins (IAM User Guide, "Configure SAML
// assertions for the authentication response").
func ParseRolePair(value string) (RolePair, error) {
	if len(value) > maxRolePair {
		return RolePair{}, fmt.Errorf("value of %d characters: at most %d", len(value), maxRolePair)
	}
	first, second, ok := cutPair(value)
	if !ok {
		return RolePair{}, fmt.Errorf("%q is not a pair: want the ARNs of a provider and a role with a comma between", clip(value))
	}
	if !strings.Contains(first, ":saml-provider/") {
		first, second = second, first
	}
	provider, err := parseSAMLProvider(first)
	if err != nil {
		return RolePair{}, fmt.Errorf("provider: %w", err)
	}
	role, err := parseRole(second)
	if err != nil {
		return RolePair{}, fmt.Errorf("role: %w", err)
	}
	if provider.account != role.account {
		return RolePair{}, fmt.Errorf("provider of account %s with a role of account %s: both are of one account", provider.account, role.account)
	}
	return RolePair{ProviderARN: first, RoleARN: second}, nil
}

// cutPair splits at the one comma that has an ARN behind it.
func cutPair(value string) (first, second string, ok bool) {
	for i := 0; i < len(value); i++ {
		if value[i] != ',' {
			continue
		}
		rest := strings.TrimSpace(value[i+1:])
		if !strings.HasPrefix(rest, "arn:") {
			continue
		}
		if ok {
			return "", "", false
		}
		first, second, ok = strings.TrimSpace(value[:i]), rest, true
	}
	return first, second, ok
}

// String returns the pair as an assertion has it, provider first.
func (p RolePair) String() string { return p.ProviderARN + "," + p.RoleARN }
