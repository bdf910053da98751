package sts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Probe is a role that a vendor may assume on behalf of its customer, and the
// external ID that is to keep the vendor's other customers out (IAM User Guide,
// "The confused deputy problem").
type Probe struct {
	Role *Role
	// VendorAccount is the vendor's account.
	VendorAccount string
	// ExternalID is the one that the vendor gave this customer.
	ExternalID string
	// Request is what is known of the way the vendor's calls come.
	Request Request
}

// ProbeResult is what became of the calls that were tried.
type ProbeResult struct {
	Verdict Verdict
	// Problem says in a sentence what is wrong; empty for Guarded.
	Problem string
	// Attempts are the calls, in the order they were tried.
	Attempts []Attempt
}

// Attempt is one call of the vendor.
type Attempt struct {
	// As is the principal of the vendor's account that calls.
	As iam.Principal
	// Kind is what the external ID is: "none", "wrong" or "right".
	Kind       string
	ExternalID string
	Outcome    *Outcome
}

// Verdict is the answer to a probe.
type Verdict uint8

// The verdicts.
const (
	// Closed is a role that the vendor cannot assume at all, so that nothing can
	// be said about the external ID.
	Closed Verdict = iota
	// Guarded is a role that takes the right external ID and no other.
	Guarded
	// Open is a role that can be assumed without an external ID, or with one of
	// somebody else.
	Open
)

// String returns "closed", "guarded" or "open".
func (v Verdict) String() string { return [...]string{"closed", "guarded", "open"}[v] }

// MarshalText implements [encoding.TextMarshaler].
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// ProbeExternalID tries the role without an external ID, with wrong ones and
// with the right one, as each principal of the vendor's account that the trust
// policy names and as one that it does not. The vendor's own policies let it
// assume anything: that is what makes a deputy of it. The error is about the
// question.
func ProbeExternalID(p *Probe) (*ProbeResult, error) {
	var bad constraints
	bad.required("externalId", p.ExternalID)
	bad.length("externalId", p.ExternalID, 2, 1224)
	bad.class("externalId", p.ExternalID, "+=,.@:/-", `[\w+=,.@:\/-]*`)
	if r := bad.refusal(); r != nil {
		return nil, r
	}
	if !arn.ValidAccount(p.VendorAccount) {
		return nil, fmt.Errorf("vendor account %q: want 12 digits", clip(p.VendorAccount))
	}
	if p.Role == nil {
		return nil, errors.New("there is no role to probe")
	}
	name, err := parseRole(p.Role.ARN)
	if err != nil {
		return nil, err
	}
	if name.account == p.VendorAccount {
		return nil, fmt.Errorf("account %s is the role's own, and not a vendor's", p.VendorAccount)
	}
	res := &ProbeResult{}
	for _, who := range p.principals(name.partition) {
		res.try(p, who, "none", "")
		for _, id := range wrongIDs(p.ExternalID) {
			res.try(p, who, "wrong", id)
		}
		res.try(p, who, "right", p.ExternalID)
	}
	res.judge()
	return res, nil
}

// try makes one call.
func (res *ProbeResult) try(p *Probe, who iam.Principal, kind, id string) {
	o := AssumeRole(&AssumeRoleCall{
		Caller: Caller{
			Principal: who,
			Policies:  iam.PolicySet{Identity: []*iam.Compiled{everything()}},
		},
		RoleARN: p.Role.ARN, Role: p.Role, SessionName: "probe", ExternalID: id,
		Request: p.Request,
	})
	res.Attempts = append(res.Attempts, Attempt{As: who, Kind: kind, ExternalID: id, Outcome: o})
}

// judge finds the verdict.
func (res *ProbeResult) judge() {
	right := false
	for _, a := range res.Attempts {
		switch {
		case !a.Outcome.Granted():
		case a.Kind == "right":
			right = true
		case res.Verdict != Open:
			res.Verdict = Open
			res.Problem = fmt.Sprintf("%s gets in without an external ID", a.As.ARN)
			if a.Kind == "wrong" {
				res.Problem = fmt.Sprintf("%s gets in with the external ID %q, which is not the customer's", a.As.ARN, clip(a.ExternalID))
			}
		}
	}
	switch {
	case res.Verdict == Open:
	case right:
		res.Verdict = Guarded
	default:
		res.Problem = "the vendor does not get in even with the right external ID"
	}
}

// wrongIDs are external IDs that must not let anybody in: one that has nothing
// to do with the right one, and those that a wildcard, a comparison without
// regard to case or one of beginnings would let pass.
func wrongIDs(right string) []string {
	ids := []string{"another-customer", right + "0", right[:max(2, len(right)/2)], strings.Map(swapCase, right)}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == right || len(id) > 1224 })
	return ids
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// maxProbed is how many principals are tried.
const maxProbed = 20

// principals are those of the vendor's account that are tried: a role that no
// policy names, which stands for everybody there, and those that the trust
// policy names.
func (p *Probe) principals(partition string) []iam.Principal {
	out := []iam.Principal{p.principal("arn:" + partition + ":iam::" + p.VendorAccount + ":role/any-role")}
	if p.Role.Trust == nil {
		return out
	}
	for _, s := range p.Role.Trust.Policy().Statements {
		if s.Principals == nil {
			continue
		}
		for _, e := range s.Principals.Entries {
			for _, v := range e.Values {
				who := p.principal(v)
				if e.Key == "AWS" && who.ARN != "" && len(out) < maxProbed && !slices.Contains(out, who) {
					out = append(out, who)
				}
			}
		}
	}
	return out
}

// principal returns the caller that the ARN of a role, a session or a user of
// the vendor's account stands for; one without an ARN for others.
func (p *Probe) principal(text string) iam.Principal {
	a, err := arn.Parse(text)
	if err != nil || a.Account != p.VendorAccount {
		return iam.Principal{}
	}
	who := iam.Principal{Account: p.VendorAccount, ARN: text}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Service == "iam" && kind == "user" && rest != "":
		who.Kind = iam.User
	case a.Service == "iam" && kind == "role":
		role, err := parseRole(text)
		if err != nil {
			return iam.Principal{}
		}
		who.Kind, who.RoleARN, who.ARN = iam.AssumedRole, text, role.session("probe")
	case a.Service == "sts" && kind == "assumed-role" && strings.Contains(rest, "/"):
		// A session's ARN does not have its role's path.
		role, _, _ := strings.Cut(rest, "/")
		who.Kind, who.RoleARN = iam.AssumedRole, "arn:"+a.Partition+":iam::"+p.VendorAccount+":role/"+role
	default:
		return iam.Principal{}
	}
	return who
}
