package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

func allowing(actions, resources []string, conditions ...iam.Condition) *iam.Policy {
	return &iam.Policy{Version: iam.Version2012, Statements: []iam.Statement{{
		Effect: iam.Allow, Actions: iam.Elements{Values: actions}, Resources: iam.Elements{Values: resources}, Conditions: conditions,
	}}}
}

func repeat(n int, form string) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(form, i))
	}
	return out
}

// TestHostilePoliciesAreBounded compares what is made to explode. The answer may
// be that nothing is known, but then it says so.
func TestHostilePoliciesAreBounded(t *testing.T) {
	t.Parallel()
	star := []string{"*"}
	like := func(values ...string) iam.Condition {
		c := iam.Condition{Operator: iam.Operator{Test: iam.StringLike}, Key: "aws:PrincipalTag/t"}
		for _, v := range values {
			c.Values = append(c.Values, iam.Value{Text: v})
		}
		return c
	}
	many := func(n int, of func(i int) *iam.Policy) []*iam.Policy {
		var out []*iam.Policy
		for i := range n {
			out = append(out, of(i))
		}
		return out
	}
	one := func(p *iam.Policy) []*iam.Policy { return []*iam.Policy{p} }
	for name, c := range map[string]struct{ a, b []*iam.Policy }{
		"stars": {one(allowing(star, []string{"arn:aws:s3:::" + strings.Repeat("*a", 400)})), one(allowing(star, []string{"arn:aws:s3:::" + strings.Repeat("*b", 400)}))},
		"states": {
			one(allowing(star, []string{"arn:aws:s3:::*a" + strings.Repeat("?", 40)})),
			one(allowing(star, []string{"arn:aws:s3:::*b" + strings.Repeat("?", 40)})),
		},
		"cells": {
			many(24, func(i int) *iam.Policy { return allowing(star, []string{fmt.Sprintf("arn:aws:s3:::*%c*", 'a'+i)}) }),
			many(24, func(i int) *iam.Policy {
				return allowing(star, []string{fmt.Sprintf("arn:aws:s3:::*%c%c*", 'a'+i, 'b'+i)})
			}),
		},
		"actions": {
			one(allowing(repeat(400, "s3:*%d*"), star)), one(allowing(repeat(400, "s3:%d*1"), star)),
		},
		"values": {
			one(allowing(star, star, like(repeat(200, "*%d*")...))), one(allowing(star, star, like(repeat(200, "%d*7")...))),
		},
		"clauses": {
			one(allowing(star, star)),
			append(one(allowing(star, star)), many(60, func(i int) *iam.Policy {
				p := allowing(star, star)
				p.Statements[0].Effect = iam.Deny
				for j := range 6 {
					p.Statements[0].Conditions = append(p.Statements[0].Conditions, iam.Condition{
						Operator: iam.Operator{Test: iam.StringEquals}, Key: fmt.Sprintf("acme:k%d", (i*7+j*j)%20), Values: []iam.Value{{Text: fmt.Sprint(i % 3)}},
					})
				}
				return p
			})...),
		},
		"variables": {
			one(allowing(star, repeat(30, "arn:aws:s3:::*${aws:PrincipalTag/k%d}*"))), one(allowing(star, repeat(30, "arn:aws:s3:::${aws:PrincipalTag/k%d}*"))),
		},
		"long": {one(allowing([]string{strings.Repeat("x", 5000)}, star)), one(allowing(star, star))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, o := range []diff.Options{{}, {MaxStates: 50, MaxWork: 2000}} {
				r := diff.Compare(c.a, c.b, o)
				if r.Relation == diff.Unknown && (len(r.Reasons) == 0 || !r.NewAccess) {
					t.Errorf("unknown without a reason, or not closed: %+v", r)
				}
				if r.Relation == diff.Equal {
					t.Errorf("%+v is not equal", r)
				}
			}
		})
	}
}
