package sts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

const customerID = "Acme-7f3a9c"

func TestProbeExternalID(t *testing.T) {
	t.Parallel()
	allow := func(principal, condition string) string {
		return `{"Effect":"Allow","Principal":{"AWS":` + principal + `},"Action":"sts:AssumeRole"` + condition + `}`
	}
	const (
		account = `"arn:aws:iam::444455556666:root"`
		role    = `"arn:aws:iam::444455556666:role/path/Importer"`
		exact   = `,"Condition":{"StringEquals":{"sts:ExternalId":"` + customerID + `"}}`
	)
	operator := func(op, value string) string {
		return `,"Condition":{"` + op + `":{"sts:ExternalId":"` + value + `"}}`
	}
	tests := []struct {
		name, trust string
		want        sts.Verdict
		problem     string
	}{
		{"account and ID", allow(account, exact), sts.Guarded, ""},
		{"role and ID", allow(role, exact), sts.Guarded, ""},
		{"user and ID", allow(`"arn:aws:iam::444455556666:user/importer"`, exact), sts.Guarded, ""},
		{"session and ID", allow(`"arn:aws:sts::444455556666:assumed-role/Importer/run"`, exact), sts.Guarded, ""},
		{"account's number and ID", allow(`"444455556666"`, exact), sts.Guarded, ""},
		{"anybody and ID", allow(`"*"`, exact), sts.Guarded, ""},
		{"no ID", allow(account, ""), sts.Open, "gets in without an external ID"},
		{"no ID for one role", "[" + allow(account, exact) + "," + allow(role, "") + "]", sts.Open, "assumed-role/Importer/probe gets in without an external ID"},
		{"ID if there is one", allow(account, operator("StringEqualsIfExists", customerID)), sts.Open, "gets in without an external ID"},
		{"none of the values", allow(account, operator("ForAllValues:StringEquals", customerID)), sts.Open, "gets in without an external ID"},
		{"another ID", allow(account, operator("StringNotEquals", "other")), sts.Open, "gets in without an external ID"},
		{"any ID", allow(account, operator("StringLike", "*")), sts.Open, `with the external ID "another-customer"`},
		{"beginning of the ID", allow(account, operator("StringLike", customerID[:5]+"*")), sts.Open, "which is not the customer's"},
		{"ID in any case", allow(account, operator("StringEqualsIgnoreCase", customerID)), sts.Open, `with the external ID "aCME-7F3A9C"`},
		{"ID of somebody else", allow(account, operator("StringEquals", "other-1")), sts.Closed, "does not get in even with the right external ID"},
		{"another account", allow(`"arn:aws:iam::777788889999:root"`, exact), sts.Closed, "does not get in"},
		{"denied", "[" + allow(account, exact) + `,{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]`, sts.Closed, "does not get in"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			res, err := sts.ProbeExternalID(&sts.Probe{
				Role: &sts.Role{ARN: deploy, Trust: trust(t, tc.trust)}, VendorAccount: vendor, ExternalID: customerID, Request: sts.Request{Time: noon},
			})
			if err != nil {
				t.Fatal(err)
			}
			if res.Verdict != tc.want || !strings.Contains(res.Problem, tc.problem) || (res.Problem == "") != (tc.want == sts.Guarded) {
				t.Errorf("verdict %v, problem %q, want %v with %q", res.Verdict, res.Problem, tc.want, tc.problem)
			}
			var kinds []string
			for _, a := range res.Attempts {
				if !slices.Contains(kinds, a.Kind) {
					kinds = append(kinds, a.Kind)
				}
				if a.Kind != "right" && a.ExternalID == customerID {
					t.Errorf("the right external ID is tried as %s", a.Kind)
				}
			}
			if !slices.Equal(kinds, []string{"none", "wrong", "right"}) {
				t.Errorf("tried %v, want none, wrong and right", kinds)
			}
		})
	}
}

// TestProbeWithFurtherConditions: what else the trust policy asks for is given,
// so that the external ID alone decides.
func TestProbeWithFurtherConditions(t *testing.T) {
	t.Parallel()
	role := &sts.Role{ARN: deploy, Trust: trust(t, `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole","Condition":{
		"StringEquals":{"sts:ExternalId":"`+customerID+`"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`)}
	probe := &sts.Probe{Role: role, VendorAccount: vendor, ExternalID: customerID, Request: sts.Request{Time: noon}}
	if res, err := sts.ProbeExternalID(probe); err != nil || res.Verdict != sts.Closed {
		t.Errorf("from nowhere: %+v, %v, want closed", res, err)
	}
	probe.Request.Context.Set("aws:SourceIp", "203.0.113.7")
	if res, err := sts.ProbeExternalID(probe); err != nil || res.Verdict != sts.Guarded {
		t.Errorf("from the vendor's network: %+v, %v, want guarded", res, err)
	}
}

func TestProbeExternalIDRefuses(t *testing.T) {
	t.Parallel()
	role := &sts.Role{ARN: deploy, Trust: trusting(t, `{"AWS":"*"}`)}
	for name, p := range map[string]sts.Probe{
		"no external ID":      {Role: role, VendorAccount: vendor},
		"short external ID":   {Role: role, VendorAccount: vendor, ExternalID: "x"},
		"placeholder":         {Role: role, VendorAccount: vendor, ExternalID: "YOUR EXTERNAL ID"},
		"no vendor":           {Role: role, ExternalID: customerID},
		"vendor is the owner": {Role: role, VendorAccount: own, ExternalID: customerID},
		"no role":             {VendorAccount: vendor, ExternalID: customerID},
		"role that is none":   {Role: &sts.Role{ARN: dev}, VendorAccount: vendor, ExternalID: customerID},
	} {
		if res, err := sts.ProbeExternalID(&p); err == nil {
			t.Errorf("%s: %+v, want an error", name, res)
		}
	}
	var who []iam.Principal
	many := make([]string, 60)
	for i := range many {
		many[i] = `"arn:aws:iam::444455556666:role/R` + strings.Repeat("x", i) + `"`
	}
	res, err := sts.ProbeExternalID(&sts.Probe{
		Role: &sts.Role{ARN: deploy, Trust: trusting(t, `{"AWS":[`+strings.Join(many, ",")+`]}`)}, VendorAccount: vendor, ExternalID: customerID,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range res.Attempts {
		if !slices.Contains(who, a.As) {
			who = append(who, a.As)
		}
	}
	if len(who) != 20 {
		t.Errorf("%d principals tried, want 20", len(who))
	}
}
