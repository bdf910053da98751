package directory

import (
	"crypto/rand"
	"strings"
	"unicode/utf8"
)

const (
	maxEmail = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
	maxLocal = 64  // RFC 5321 section 4.5.3.1.1
	maxSlug  = 63
	maxName  = 200
)

// NormalizeEmail returns the one spelling an address is stored and looked up
// under: trimmed and lower case. Only plain ASCII addresses of the form
// local@domain are taken, so that two addresses that look alike are the same.
func NormalizeEmail(email string) (string, error) {
	e := strings.TrimSpace(email)
	if strings.ContainsFunc(e, func(r rune) bool { return r >= utf8.RuneSelf }) {
		// Before the case is changed: the lower case of a Kelvin sign is a k.
		return "", &InvalidError{Field: "email", Message: "has a character that is not ASCII"}
	}
	e = strings.ToLower(e)
	local, domain, ok := strings.Cut(e, "@")
	switch {
	case !ok || local == "" || domain == "":
		return "", &InvalidError{Field: "email", Message: "must look like name@example.com"}
	case len(e) > maxEmail || len(local) > maxLocal:
		return "", &InvalidError{Field: "email", Message: "is too long"}
	case !validLocal(local) || !validDomain(domain):
		return "", &InvalidError{Field: "email", Message: "has a character or a dot where an address may have none"}
	}
	return e, nil
}

// validLocal is dot-atom of RFC 5322 section 3.2.3.
func validLocal(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if !alphanumeric(part[i]) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(part[i])) {
				return false
			}
		}
	}
	return true
}

func validDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !alphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func alphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// CheckSlug reports whether s may be the id of a tenant, a role or a plan
// (field says which, for the error): lower-case letters, digits and single
// hyphens or underscores inside, 1 to 63 bytes.
func CheckSlug(field, s string) error {
	ok := s != "" && len(s) <= maxSlug && alphanumeric(s[0]) && alphanumeric(s[len(s)-1])
	for i := 0; ok && i < len(s); i++ {
		sep := s[i] == '-' || s[i] == '_'
		ok = alphanumeric(s[i]) || sep && alphanumeric(s[i-1])
	}
	if !ok {
		return &InvalidError{Field: field, Message: "must be 1 to 63 lower-case letters, digits and single hyphens or underscores between them"}
	}
	return nil
}

// CheckName reports whether s may be a display name: at most 200 bytes of
// UTF-8 without control characters. It may be empty.
func CheckName(s string) error {
	if len(s) > maxName || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return &InvalidError{Field: "name", Message: "must be at most 200 bytes of text without control characters"}
	}
	return nil
}

// NewUserID returns a fresh random user id: "u_" and 20 characters of base32,
// 100 bits.
func NewUserID() string { return "u_" + strings.ToLower(rand.Text()[:20]) }
