package diff_test

import (
	"fmt"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff"
)

// application is the policy of a service with a few resources, as people write
// them.
func application() *iam.Policy {
	p := &iam.Policy{Version: iam.Version2012}
	add := func(actions, resources []string, conditions ...iam.Condition) {
		p.Statements = append(p.Statements, allowing(actions, resources, conditions...).Statements...)
	}
	add([]string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"}, []string{"arn:aws:s3:::media/*", "arn:aws:s3:::media-thumbnails/*"})
	add([]string{"s3:ListBucket"}, []string{"arn:aws:s3:::media"}, iam.Condition{
		Operator: iam.Operator{Test: iam.StringLike}, Key: "s3:prefix", Values: []iam.Value{{Text: "users/${aws:username}/*"}},
	})
	add([]string{"sqs:SendMessage", "sqs:GetQueue*"}, []string{"arn:aws:sqs:*:111122223333:jobs", "arn:aws:sqs:*:111122223333:jobs-dlq"})
	add([]string{"dynamodb:*Item", "dynamodb:Query"}, []string{"arn:aws:dynamodb:eu-west-1:111122223333:table/surveys", "arn:aws:dynamodb:eu-west-1:111122223333:table/surveys/index/*"})
	add([]string{"kms:Decrypt", "kms:GenerateDataKey"}, []string{"arn:aws:kms:eu-west-1:111122223333:key/*"}, iam.Condition{
		Operator: iam.Operator{Test: iam.StringEquals}, Key: "kms:ViaService", Values: []iam.Value{{Text: "s3.eu-west-1.amazonaws.com"}},
	})
	deny := allowing([]string{"s3:*"}, []string{"*"}, iam.Condition{
		Operator: iam.Operator{Test: iam.Bool}, Key: "aws:SecureTransport", Values: []iam.Value{{Text: "false"}},
	})
	deny.Statements[0].Effect = iam.Deny
	p.Statements = append(p.Statements, deny.Statements...)
	return p
}

// platform is the policy of a team that runs many things: forty statements over
// hundreds of resources.
func platform() *iam.Policy {
	p := &iam.Policy{Version: iam.Version2012}
	for i := range 40 {
		var resources []string
		for j := range 10 {
			resources = append(resources, fmt.Sprintf("arn:aws:s3:::team-%d-bucket-%d/*", i, j), fmt.Sprintf("arn:aws:s3:::team-%d-bucket-%d", i, j))
		}
		p.Statements = append(p.Statements, allowing([]string{"s3:Get*", "s3:List*", "s3:PutObject", "s3:DeleteObject"}, resources).Statements...)
	}
	return p
}

// readOnly is like the vendor's ReadOnlyAccess: patterns for every service.
func readOnly() *iam.Policy {
	var actions []string
	for _, s := range catalog.Default().Services() {
		for _, verb := range []string{"Describe*", "List*", "Get*", "BatchGet*", "Search*", "View*", "Lookup*"} {
			actions = append(actions, s.Prefix+":"+verb)
		}
	}
	return allowing(actions, []string{"*"})
}

// split returns the policy with statements of half the resources each.
func split(p *iam.Policy) *iam.Policy {
	out := &iam.Policy{Version: p.Version}
	for _, s := range p.Statements {
		values := s.Resources.Values
		if half := len(values) / 2; half > 0 {
			t := s
			t.Resources.Values = values[:half:half]
			out.Statements = append(out.Statements, t)
			values = values[half:]
		}
		s.Resources.Values = values
		out.Statements = append(out.Statements, s)
	}
	return out
}

// tighter returns the policy with one more condition in every statement that
// allows.
func tighter(p *iam.Policy) *iam.Policy {
	out := &iam.Policy{Version: p.Version}
	for _, s := range p.Statements {
		if s.Effect == iam.Allow {
			s.Conditions = append(s.Conditions[:len(s.Conditions):len(s.Conditions)], iam.Condition{
				Operator: iam.Operator{Test: iam.StringEquals}, Key: "aws:PrincipalOrgID", Values: []iam.Value{{Text: "o-example"}},
			})
		}
		out.Statements = append(out.Statements, s)
	}
	return out
}

func BenchmarkCompare(b *testing.B) {
	for _, c := range []struct {
		name   string
		policy func() *iam.Policy
	}{{"application", application}, {"platform", platform}, {"read-only", readOnly}} {
		before, after := c.policy(), c.policy()
		last := &after.Statements[len(after.Statements)/2]
		last.Actions.Values = append(last.Actions.Values, "s3:PutBucketPolicy", "dynamodb:DeleteTable")
		for _, v := range []struct {
			name  string
			after *iam.Policy
			want  diff.Relation
		}{{"same", c.policy(), diff.Equal}, {"rewritten", split(before), diff.Equal}, {"wider", after, diff.Wider}, {"tighter", tighter(before), diff.Narrower}} {
			b.Run(c.name+"/"+v.name, func(b *testing.B) {
				for b.Loop() {
					if r := diff.Compare([]*iam.Policy{before}, []*iam.Policy{v.after}, diff.Options{}); r.Relation != v.want {
						b.Fatalf("%s, want %s: %v", r.Relation, v.want, r)
					}
				}
			})
		}
	}
}

func BenchmarkMinimise(b *testing.B) {
	for _, c := range []struct {
		name   string
		policy *iam.Policy
	}{{"application", application()}, {"platform", platform()}, {"read-only", readOnly()}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := diff.Minimise([]*iam.Policy{c.policy, split(c.policy)}, diff.MinimiseOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
