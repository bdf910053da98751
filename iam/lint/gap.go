package lint

import (
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// gap is an action that something allowed does not work without, or only by
// half.
type gap struct {
	code string
	// has are allowed, any of them, and lacks is not.
	has     []string
	lacks   string
	message string
	// bounds is set where a boundary without the action closes it to every role
	// below it.
	bounds bool
}

var gapTable = []gap{
	{"GAP_MULTIPART_ABORT", []string{"s3:PutObject"}, "s3:AbortMultipartUpload", "large uploads that break off leave their parts behind", false},
	{"GAP_LIST_BUCKET", []string{"s3:GetObject"}, "s3:ListBucket", "a missing object is answered as a missing permission (403), and nothing can be listed", true},
	{"GAP_DESCRIBE_MISSING", []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"}, "ec2:DescribeSecurityGroups", "rules are added without a look at those that are there", false},
	{"GAP_DESCRIBE_MISSING", []string{"ec2:CreateRoute", "ec2:ReplaceRoute"}, "ec2:DescribeRouteTables", "routes are changed without a look at those that are there", false},
	{"GAP_MESSAGE_DELETE", []string{"sqs:ReceiveMessage"}, "sqs:DeleteMessage", "received messages come back", false},
	{"GAP_REGISTRY_TOKEN", []string{"ecr:BatchGetImage", "ecr:PutImage"}, registryToken, "images are pulled without a way to sign in", false},
}

// gaps finds what the policies of a principal evidently want to do and lack an
// action for.
func gaps(s *set) {
	for _, g := range gapTable {
		if len(s.grants(g.lacks)) == 0 {
			s.gap(g)
		}
		if !g.bounds {
			continue
		}
		for _, p := range s.passes {
			if p.policy.Kind == iam.BoundaryPolicy && len(p.grants(g.lacks)) == 0 {
				p.gap(g, p.grants)
			}
		}
	}
}

func (s *set) gap(g gap) {
	for _, action := range g.has {
		if all := s.grants(action); len(all) > 0 {
			s.passes[all[0].pass].gap(g, func(string) []grant { return all })
			return
		}
	}
}

func (p *pass) gap(g gap, grants func(string) []grant) {
	for _, action := range g.has {
		all := grants(action)
		if len(all) == 0 {
			continue
		}
		path := iam.StatementPath(all[0].statement)
		if !p.has(g.code, path) {
			f := p.report(g.code, path, "%s is allowed without %s: %s", all[0].action, g.lacks, g.message)
			f.Help = "allow " + g.lacks
			listed := slices.Contains(p.policy.Statements[all[0].statement].Actions.Values, g.lacks) // and denied elsewhere
			if a := findAction(all[0].action); !listed && worksAlike(a, findAction(g.lacks)) {
				p.fix(f, false, "allow "+g.lacks, p.addAction(all[0].statement, g.lacks))
			}
		}
		return
	}
}

// globalServices finds denials by region that stop the services which answer in
// one region for all (Organizations User Guide, "Deny access to AWS based on the
// requested AWS Region").
func globalServices(p *pass) {
	if p.policy.Kind != iam.ServiceControlPolicy {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Deny || s.Actions.Not || !slices.ContainsFunc(s.Actions.Values, allActions) {
			return
		}
		for _, c := range conditionsOn(s, "aws:RequestedRegion") {
			cond := &s.Conditions[c]
			home := slices.ContainsFunc(cond.Values, func(v iam.Value) bool { return glob.Match(v.Text, "us-east-1") })
			if cond.Operator.Test.Negated() && !home {
				p.report("GAP_GLOBAL_SERVICES", p.policy.ConditionPath(i, c, -1), "IAM, Organizations, Route 53 and others answer in us-east-1 and are denied").
					Help = "except the global services by NotAction"
				return
			}
		}
	})
}

// worksAlike reports whether two actions take the same types of resources, so
// that one can join the other's statement.
func worksAlike(a, b *catalog.Action) bool {
	return a != nil && b != nil && !b.StarOnly() && slices.EqualFunc(a.Resources, b.Resources, func(u, v catalog.Use) bool { return u.Resource == v.Resource })
}
