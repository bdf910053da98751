package lint

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Options say what is known of the policy and its surroundings, and what of the
// findings is wanted. The zero value knows nothing and wants all.
type Options struct {
	// Now is the time conditions on dates and suppressions are judged at. Zero
	// means that no date counts as past.
	Now time.Time
	// KindGuessed is set where the kind of the policy was taken from its content
	// and not from where it was found: what depends on the kind alone is then a
	// warning.
	KindGuessed bool
	// ResourceType is what a resource's policy is attached to, as the catalogue
	// writes it: "s3:bucket", "sqs:queue". Empty means unknown.
	ResourceType string
	// OwnAccounts are the 12-digit accounts of one's own organisation.
	OwnAccounts []string
	// ThirdPartyAccounts are the 12-digit accounts known to belong to others.
	ThirdPartyAccounts []string
	// OrganizationNames are the names of one's own company and of its vendors,
	// which make poor external IDs.
	OrganizationNames []string
	// Calls are what the holders of the policy were seen to do. Nil means that
	// nothing was recorded.
	Calls []Call
	// Uses are the roles the policy is attached to and what each needs. Nil
	// means unknown.
	Uses []Use

	// Disabled are codes not to report.
	Disabled []string
	// Severities and Levels replace those of the table of codes.
	Severities map[string]Severity
	Levels     map[string]Level
	// Suppressions are findings that were looked at and accepted.
	Suppressions []Suppression
}

// Call is one recorded use of a permission.
type Call struct {
	// Action is "prefix:Name", in any case.
	Action string
	// Resource is an ARN, or "*" where the action has none.
	Resource string
}

// Use is one holder of a policy.
type Use struct {
	// Role names the holder.
	Role string
	// Actions are what it needs: "prefix:Name", in any case.
	Actions []string
}

// Suppression accepts a finding at a place, for a reason and a time.
type Suppression struct {
	// Code is the code of the finding.
	Code string
	// Path is where: an element and all below it, with "*" and "?" as wildcards.
	// Empty means everywhere.
	Path string
	// Reason says why the finding is accepted. It is required.
	Reason string
	// Until is when the suppression ends; zero means never.
	Until time.Time
}

// Validate reports every setting that cannot be meant: codes that do not exist,
// suppressions without a reason, accounts that are no account numbers.
func (o *Options) Validate() error {
	var all []error
	known := func(where, code string) {
		if _, ok := Explain(code); !ok {
			all = append(all, fmt.Errorf("%s: there is no code %q; \"berth iam codes\" prints them", where, code))
		}
	}
	for i, code := range o.Disabled {
		known(fmt.Sprintf("disabled[%d]", i), code)
	}
	for code := range o.Severities {
		known("severities", code)
	}
	for code := range o.Levels {
		known("levels", code)
	}
	for i, s := range o.Suppressions {
		where := fmt.Sprintf("suppressions[%d]", i)
		known(where, s.Code)
		if s.Reason == "" {
			all = append(all, fmt.Errorf("%s: %s is suppressed without a reason; say why it is accepted", where, s.Code))
		}
	}
	for _, account := range slices.Concat(o.OwnAccounts, o.ThirdPartyAccounts) {
		if !arn.ValidAccount(account) {
			all = append(all, fmt.Errorf("accounts: %q is not an account number; it has 12 digits", account))
		}
	}
	return errors.Join(all...)
}

// Attached is the policies of one principal, which count together.
type Attached struct {
	// Policies are its own and those of its groups.
	Policies []*iam.Policy
	// Problems are what [iam.Read] reported of each, by place in Policies; it may
	// be shorter.
	Problems []iam.Problems
	// Options are those of each policy alone where they differ, by place in
	// Policies: where it comes from, what of it was accepted. Nil and a shorter
	// list mean those of the call.
	Options []*Options
	// Boundary is its permissions boundary; nil where it has none.
	Boundary *iam.Policy
	// MaxSession is how long a session of the role may last; zero means unknown.
	MaxSession time.Duration
}
