package sts

import "github.com/berth-project/berth/iam"

// Operation is an operation of the token service.
type Operation string

// The operations.
const (
	OpAssumeRole                Operation = "AssumeRole"
	OpAssumeRoleWithSAML        Operation = "AssumeRoleWithSAML"
	OpAssumeRoleWithWebIdentity Operation = "AssumeRoleWithWebIdentity"
	OpGetSessionToken           Operation = "GetSessionToken"
	OpGetFederationToken        Operation = "GetFederationToken"
)

// action returns the operation as policies name it.
func (o Operation) action() string { return "sts:" + string(o) }

// Outcome is what becomes of a call: a session or a refusal, and the checks
// that led there.
type Outcome struct {
	Operation Operation
	// Session is nil where the call is refused.
	Session *Session
	// Refusal is nil where it is not.
	Refusal *Refusal
	// Checks are all the checks in the order they are made. The first that failed
	// is the refusal.
	Checks []Check
}

// Granted reports whether there is a session.
func (o *Outcome) Granted() bool { return o.Session != nil }

// Err returns the refusal as an error, nil where the call was granted.
func (o *Outcome) Err() error {
	if o.Refusal == nil {
		return nil
	}
	return o.Refusal
}

// Check is one thing that is looked at.
type Check struct {
	// Name is the stable name of the check: "trust", "duration", "session-name".
	Name  string
	State State
	// Detail says what was found, for the owner of the role: unlike the refusal
	// it may tell what exists.
	Detail string
	// Refusal is what a caller is answered where this check fails first.
	Refusal *Refusal
	// Ruling is the evaluator's part; nil where no policy was asked.
	Ruling *Ruling
}

// Ruling is one question put to the evaluator, and its answer.
type Ruling struct {
	Request  iam.Request
	Policies iam.PolicySet
	Decision iam.Decision
}

// State is how a check went.
type State uint8

// The states.
const (
	// NotChecked is a check that could not be made: something before it failed,
	// or nobody made it.
	NotChecked State = iota
	Passed
	Failed
)

// String returns "not checked", "passed" or "failed".
func (s State) String() string { return [...]string{"not checked", "passed", "failed"}[s] }

// MarshalText implements [encoding.TextMarshaler].
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// record appends a check; the first refusal stands.
func (o *Outcome) record(c Check) {
	if c.Refusal != nil && o.Refusal == nil {
		o.Refusal = c.Refusal
	}
	o.Checks = append(o.Checks, c)
}

// pass records a check that passed.
func (o *Outcome) pass(name, detail string) {
	o.record(Check{Name: name, State: Passed, Detail: detail})
}

// fail records a check that failed, and what the caller is answered.
func (o *Outcome) fail(name, detail string, r *Refusal) {
	o.record(Check{Name: name, State: Failed, Detail: detail, Refusal: r})
}

// skip records a check that could not be made.
func (o *Outcome) skip(name, why string) {
	o.record(Check{Name: name, State: NotChecked, Detail: why})
}
