package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

// without returns the request with only those keys for which known says so.
func without(r *iam.Request, known func(key string) bool) *iam.Request {
	less := *r
	less.Context = r.Context.Clone()
	for _, k := range r.Context.Keys() {
		if !known(k) {
			less.Context.Delete(k)
		}
	}
	return &less
}

// TestOutlookHoldsForEveryRequest forgets some keys of random requests: whatever
// those keys were, the answer lies between worst and best.
func TestOutlookHoldsForEveryRequest(t *testing.T) {
	t.Parallel()
	open, sure := 0, 0
	for seed := range uint64(20_000) {
		g := &generator{random(seed)}
		set, r := g.set(), g.request()
		mask := g.IntN(1 << len(keyNames))
		known := func(key string) bool {
			i := slices.IndexFunc(keyNames, func(name string) bool { return strings.EqualFold(name, key) })
			return i < 0 || mask&(1<<i) != 0
		}
		o := set.Outlook(without(r, known), func(key string) bool { return !known(key) })
		got := set.Decide(r).Allowed()
		if got && !o.Best.Allowed() || !got && o.Worst.Allowed() {
			t.Fatalf("seed %d: Decide allows: %v, outside of the outlook best %v, worst %v", seed, got, o.Best, o.Worst)
		}
		if open2 := o.Best.Allowed() && !o.Worst.Allowed(); open2 != (len(o.Needs) > 0) {
			t.Fatalf("seed %d: needs %v with best %v and worst %v", seed, o.Needs, o.Best, o.Worst)
		} else if open2 {
			open++
		} else {
			sure++
		}
	}
	if open < 100 || sure < 100 {
		t.Errorf("%d outlooks were open and %d sure: the generator tests little", open, sure)
	}
}

// TestOutlookOfKnownKeysIsTheDecision shows that nothing is taken for granted
// where nothing is unknown.
func TestOutlookOfKnownKeysIsTheDecision(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20_000) {
		g := &generator{random(seed)}
		set, r := g.set(), g.request()
		want := set.Decide(r)
		o := set.Outlook(r, func(string) bool { return false })
		if diff := cmp.Diff(iam.Outlook{Best: want, Worst: want}, o); diff != "" {
			t.Fatalf("seed %d: Outlook differs from Decide (-want +got):\n%s", seed, diff)
		}
	}
}

func TestOutlookSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	const (
		allow     = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`
		allowIP   = `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`
		denyMFA   = `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"dev"},"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`
		denyEve   = `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"eve"},"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`
		variable  = `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:SourceVpce}*"}`
		elsewhere = `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::other/${aws:SourceVpce}"}`
		denyRest  = `{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::data/${aws:SourceVpce}"}`
	)
	for _, tc := range []struct {
		name       string
		statements []string
		best       bool
		worst      bool
		needs      []iam.Need
	}{
		{"nothing", []string{allow}, true, true, nil},
		{"an address", []string{allowIP}, true, false, []iam.Need{{At: at(0), Effect: iam.Allow, Conditions: []int{0}}}},
		{"an address, or nothing", []string{allowIP, allow}, true, true, nil},
		{"no second factor missing", []string{allow, denyMFA}, true, false, []iam.Need{{At: at(1), Effect: iam.Deny, Conditions: []int{1}}}},
		{"both", []string{allowIP, denyMFA}, true, false, []iam.Need{{At: at(0), Effect: iam.Allow, Conditions: []int{0}}, {At: at(1), Effect: iam.Deny, Conditions: []int{1}}}},
		{"the second factor, where the address is not needed", []string{allowIP, denyMFA, allow}, true, false, []iam.Need{{At: at(1), Effect: iam.Deny, Conditions: []int{1}}}},
		{"a Deny about someone else", []string{allow, denyEve}, true, true, nil},
		{"a resource", []string{variable}, true, false, []iam.Need{{At: at(0), Effect: iam.Allow, Resource: true}}},
		{"a resource that cannot be it", []string{elsewhere}, false, false, nil},
		{"to be in a resource", []string{allow, denyRest}, true, false, []iam.Need{{At: at(1), Effect: iam.Deny, Resource: true}}},
	} {
		set := identity(t, "["+strings.Join(tc.statements, ",")+"]")
		o := set.Outlook(user(map[string]string{"aws:username": "dev"}), func(string) bool { return true })
		if o.Best.Allowed() != tc.best || o.Worst.Allowed() != tc.worst {
			t.Errorf("%s: best %v and worst %v, want %v and %v", tc.name, o.Best, o.Worst, tc.best, tc.worst)
		}
		if diff := cmp.Diff(tc.needs, o.Needs); diff != "" {
			t.Errorf("%s: needs differ (-want +got):\n%s", tc.name, diff)
		}
	}
}

func at(statement int) iam.StatementRef {
	return iam.StatementRef{Layer: iam.IdentityLayer, Statement: statement}
}

func ExamplePolicySet_Outlook() {
	policy, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]}`), iam.ParseOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(policy)}}
	o := set.Outlook(&iam.Request{
		Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::210987654321:user/dev", Account: "210987654321"},
		Action:    "s3:GetObject", Resource: "arn:aws:s3:::media/1.jpg", ResourceAccount: "210987654321",
	}, func(key string) bool { return key == "aws:sourceip" })
	fmt.Println(o.Best.Outcome, o.Worst.Outcome)
	for _, n := range o.Needs {
		c := policy.Statements[n.At.Statement].Conditions[n.Conditions[0]]
		fmt.Println("if", c.Written, c.Key, c.Values[0].Text)
	}
	// Output:
	// Allow ImplicitDeny
	// if IpAddress aws:SourceIp 203.0.113.0/24
}
