package sts

import (
	"fmt"
	"strings"
)

// maxARN is the most characters an ARN parameter has (API reference: arnType).
const maxARN = 2048

// roleName is the ARN of a role taken apart.
type roleName struct {
	partition, account, path, name string
}

// parseRole takes the ARN of a role apart:
// "arn:aws:iam::111122223333:role/path/Name".
func parseRole(arn string) (roleName, error) {
	partition, account, rest, err := splitIAM(arn, "role/")
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
func parseSAMLProvider(arn string) (providerName, error) {
	partition, account, name, err := splitIAM(arn, "saml-provider/")
	if err != nil {
		return providerName{}, err
	}
	if !word(name, "._-") || len(name) > 128 {
		return providerName{}, fmt.Errorf("provider name %q: want 1 to 128 characters of [A-Za-z0-9_.-]", clip(name))
	}
	return providerName{partition, account, name}, nil
}

// splitIAM splits an ARN of the IAM service behind the wanted resource type.
func splitIAM(arn, want string) (partition, account, rest string, err error) {
	if len(arn) > maxARN {
		return "", "", "", fmt.Errorf("ARN of %d characters: at most %d", len(arn), maxARN)
	}
	part := strings.SplitN(arn, ":", 6)
	switch {
	case len(part) != 6 || part[0] != "arn":
		return "", "", "", fmt.Errorf("%q is not an ARN", clip(arn))
	case part[2] != "iam" || part[3] != "":
		return "", "", "", fmt.Errorf("%q is not an ARN of IAM", clip(arn))
	case !knownPartition(part[1]):
		return "", "", "", fmt.Errorf("%q has no partition such as aws, aws-cn or aws-us-gov", clip(arn))
	case !accountNumber(part[4]):
		return "", "", "", fmt.Errorf("%q has no account of 12 digits", clip(arn))
	}
	rest, ok := strings.CutPrefix(part[5], want)
	if !ok || rest == "" {
		return "", "", "", fmt.Errorf("%q does not name a %s", clip(arn), strings.TrimSuffix(want, "/"))
	}
	return part[1], part[4], rest, nil
}

// knownPartition reports whether the word has the form of a partition.
func knownPartition(s string) bool {
	return s == "aws" || strings.HasPrefix(s, "aws-") && len(s) <= 20 && word(s, "-")
}

// accountNumber reports whether s is the number of an account.
func accountNumber(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
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
