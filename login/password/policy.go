package password

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/secret"
)

// PolicyError says why a new password is not taken. It never holds the
// password.
type PolicyError struct {
	// Message continues "the password …".
	Message string
}

// Error implements error.
func (e *PolicyError) Error() string { return "password " + e.Message }

// Policy says which new passwords are taken. There are no rules about kinds of
// characters: they make passwords harder to remember and not harder to guess
// (NIST SP 800-63B section 5.1.1.2).
type Policy struct {
	// MinCharacters is the least length in characters. Default 10.
	MinCharacters int
}

// Check returns a *PolicyError when a password is not to be taken for the user
// with that email.
func (p Policy) Check(password secret.String, email string) error {
	text := password.Reveal()
	least := cmp.Or(p.MinCharacters, 10)
	local, _, _ := strings.Cut(email, "@")
	switch {
	case !utf8.ValidString(text):
		return &PolicyError{Message: "must be text in UTF-8"}
	case len(text) > maxPassword:
		return &PolicyError{Message: fmt.Sprintf("must be at most %d bytes", maxPassword)}
	case utf8.RuneCountInString(text) < least:
		return &PolicyError{Message: fmt.Sprintf("must be at least %d characters", least)}
	case strings.EqualFold(text, email) || strings.EqualFold(text, local):
		return &PolicyError{Message: "must not be the email address"}
	case repeats(text):
		return &PolicyError{Message: "must not be one character again and again"}
	}
	return nil
}

func repeats(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return strings.TrimLeft(s, string(first)) == ""
}
