package sts

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/arn"
)

// roleName is the ARN of a role taken apart.
type roleName struct {
	partition, account, path, name string
}

// parseRole takes the ARN of a role apart:
// "arn:aws:iam::111122223333:role/path/Name".
func parseRole(text string) (roleName, error) {
	partition, account, rest, err := splitIAM(text, "role/")
	if err != nil {
		return roleName{}, err
	}
	slash := strings.LastIndexByte(rest, '/')
	r := roleName{partition: partition, account: account, path: "/" + rest[:slash+1], name: rest[slash+1:]}
	if !word(r.name, "+=,.@-") || r.name == "" || len(r.name) > 64 {
		return roleName{}, fmt.Errorf("role name %q: want 1 to 64 characters of [A-Za-z0-9_+=,.@-]", clip(r.name))
	}
	return r, nil
}

// session returns the ARN of a session of the role. The role's path is not in
// it.
func (r roleName) session(name string) string {
	return "arn:" + r.partition + ":sts::" + r.account + ":assumed-role/" + r.name + "/" + name
}

// providerName is the ARN of an identity provider taken apart.
type providerName struct {
	partition, account, name string
}

// parseSAMLProvider takes the ARN of a SAML provider apart:
// "arn:aws:iam::111122223333:saml-provider/Corp".
func parseSAMLProvider(text string) (providerName, error) {
	partition, account, name, err := splitIAM(text, "saml-provider/")
	if err != nil {
		return providerName{}, err
	}
	if !word(name, "._-") || len(name) > 128 {
		return providerName{}, fmt.Errorf("provider name %q: want 1 to 128 characters of [A-Za-z0-9_.-]", clip(name))
	}
	return providerName{partition, account, name}, nil
}

// splitIAM takes an ARN of the IAM service apart, and its resource behind the
// wanted type.
func splitIAM(text, want string) (partition, account, rest string, err error) {
	a, err := arn.Parse(text)
	if err != nil {
		return "", "", "", err
	}
	rest, ok := strings.CutPrefix(a.Resource, want)
	switch {
	case a.Service != "iam" || a.Region != "":
		err = fmt.Errorf("%q is not an ARN of IAM", clip(text))
	case !arn.ValidPartition(a.Partition):
		err = fmt.Errorf("%q has no partition such as aws, aws-cn or aws-us-gov", clip(text))
	case !arn.ValidAccount(a.Account):
		err = fmt.Errorf("%q has no account of 12 digits", clip(text))
	case !ok || rest == "":
		err = fmt.Errorf("%q does not name a %s", clip(text), strings.TrimSuffix(want, "/"))
	}
	return a.Partition, a.Account, rest, err
}

// word reports whether s has only letters, digits, underscores and the further
// characters: the class [\w...] of the vendor's patterns, which is ASCII.
func word(s, further string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case strings.IndexByte(further, c) >= 0:
		default:
			return false
		}
	}
	return true
}

// clip shortens a text for a message.
func clip(s string) string {
	const most = 128
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > most-4 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
