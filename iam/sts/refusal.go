package sts

// Code is the vendor's code of a refusal, as its API answers with.
type Code string

// The codes (API reference, "Common errors" and the errors of each operation).
const (
	ValidationError         Code = "ValidationError"
	InvalidParameterValue   Code = "InvalidParameterValue"
	AccessDenied            Code = "AccessDenied"
	ExpiredToken            Code = "ExpiredTokenException"
	InvalidIdentityToken    Code = "InvalidIdentityToken"
	IDPRejectedClaim        Code = "IDPRejectedClaim"
	MalformedPolicyDocument Code = "MalformedPolicyDocument"
	PackedPolicyTooLarge    Code = "PackedPolicyTooLarge"
	MissingAuthentication   Code = "MissingAuthenticationToken"
)

// Status returns the HTTP status the code is answered with.
func (c Code) Status() int {
	switch c {
	case AccessDenied, IDPRejectedClaim, MissingAuthentication:
		return 403
	}
	return 400
}

// Refusal is why an operation gives no session, in the vendor's words: it may
// be shown to whoever called.
type Refusal struct {
	Code Code
	// Status is the HTTP status.
	Status int
	// Message has the shape of the vendor's message. It does not tell whether a
	// role of another account exists.
	Message string
}

// Error implements error as "Code: message".
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

func refuse(code Code, message string) *Refusal {
	return &Refusal{Code: code, Status: code.Status(), Message: message}
}
