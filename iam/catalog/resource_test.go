package catalog_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam/catalog"
)

func TestDenotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix, typ, pattern string
		want                 bool
	}{
		{"s3", "bucket", "arn:aws:s3:::media", true},
		{"s3", "bucket", "arn:aws:s3:::media/*", false},
		{"s3", "bucket", "arn:aws:s3:::media*", true},
		{"s3", "bucket", "arn:aws:s3:::*", true},
		{"s3", "bucket", "*", true},
		{"s3", "bucket", "arn:aws:s3*", true},
		{"s3", "bucket", "arn:aws:sqs:*:*:*", false},
		{"s3", "object", "arn:aws:s3:::media/*", true},
		{"s3", "object", "arn:aws:s3:::media", false},
		{"s3", "object", "arn:aws:s3:::*", true},
		{"dynamodb", "table", "arn:aws:dynamodb:eu-west-1:111122223333:table/a", true},
		{"dynamodb", "table", "arn:aws:dynamodb:eu-west-1:111122223333:table/a/index/*", false},
		{"dynamodb", "index", "arn:aws:dynamodb:eu-west-1:111122223333:table/a/index/*", true},
		{"dynamodb", "index", "arn:aws:dynamodb:eu-west-1:111122223333:table/*", true},
		{"iam", "role", "arn:aws:iam::111122223333:role/path/name", true},
		{"iam", "role", "arn:aws:iam::111122223333:user/name", false},
		{"ssm", "parameter", "arn:aws:ssm:*:*:parameter/com/example/*", true},
		{"ec2", "security-group", "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0123456789abcdef0", true},
		{"lambda", "function", "arn:aws:lambda:eu-west-1:111122223333:function:f:*", true},
		{"lambda", "function", "arn:aws:lambda:eu-west-1:111122223333:function:f:live", true},
		{"logs", "log-group", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", true},
		{"logs", "log-stream", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", true},
		{"logs", "log-stream", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f", false},
		// By the rule of the element Resource.
		{"s3", "bucket", "arn:aws:*", true},
		{"s3", "bucket", "arn:aws:s3:*:media", true},
		{"s3", "bucket", "arn:aws:s3:*media", false},
		{"sqs", "queue", "arn:aws:sqs:*:jobs", true},
		{"sqs", "queue", "arn:aws:sqs:::jobs", false},
		{"sqs", "queue", "arn:aws:sqs:eu-west-1:111122223333:jobs/*", false},
		{"s3", "object", "arn:aws:s3:::media/", false},
		{"s3", "accesspoint", "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*", false},
		{"s3", "accesspointobject", "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*", true},
		{"s3", "accesspointobject", "arn:aws:s3::111122223333:accesspoint/a.mrap/object/*", true},
		{"s3", "accesspointobject", "arn:aws:s3:::accesspoint/*", false},
		// One type, several forms.
		{"apigateway", "Stage", "arn:aws:apigateway:eu-west-1::/apis/a/stages/prod", true},
		{"apigateway", "Stage", "arn:aws:apigateway:eu-west-1::/restapis/a/stages/prod", true},
		{"apigateway", "Stage", "arn:aws:apigateway:eu-west-1::/restapis/a", false},
		{"apigateway", "RestApi", "arn:aws:apigateway:eu-west-1::/restapis/a/stages/prod", false},
		{"execute-api", "execute-api-general", "arn:aws:execute-api:eu-west-1:111122223333:a/prod/GET/pets", true},
		{"execute-api", "execute-api-general", "arn:aws:execute-api:eu-west-1:111122223333:a/prod/GET/", true},
		{"execute-api", "execute-api-general", "arn:aws:execute-api:eu-west-1:111122223333:a/prod/$connect", true},
		{"execute-api", "execute-api-general", "arn:aws:execute-api:eu-west-1:111122223333:a", false},
		{"ecs", "service", "arn:aws:ecs:eu-west-1:111122223333:service/web", true},
		{"ecs", "service", "arn:aws:ecs:eu-west-1:111122223333:service/prod/web", true},
		{"ecs", "service", "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", false},
		{"elasticloadbalancing", "loadbalancer", "arn:aws:elasticloadbalancing:*:*:loadbalancer/app/web/*", false},
		{"elasticloadbalancing", "loadbalancer/app/", "arn:aws:elasticloadbalancing:*:*:loadbalancer/app/web/*", true},
		{"events", "rule-on-default-event-bus", "arn:aws:events:eu-west-1:111122223333:rule/bus/*", false},
		{"events", "rule-on-custom-event-bus", "arn:aws:events:eu-west-1:111122223333:rule/aws.partner/x/y/*", true},
		{"ec2", "instance", "arn:aws:ec2:eu-west-1:111122223333:instance/a/b", false},
		{"kms", "key", "arn:aws:kms:eu-west-1:111122223333:alias/app", false},
		{"kms", "alias", "arn:aws:kms:eu-west-1:111122223333:alias/team/app", true},
		{"s3", "bucket", "", false},
		{"s3", "bucket", "arn:aws", true},
		{"s3", "bucket", "arn:aws:s3", true},
		{"s3", "bucket", "arn:aws:sqs", false},
		{"s3", "bucket", "arn", false},
	} {
		s, _ := catalog.Default().Service(c.prefix)
		r, ok := s.Resource(c.typ)
		if !ok {
			t.Fatalf("%s has no resource %s", c.prefix, c.typ)
		}
		if got := r.Denotes(c.pattern); got != c.want {
			t.Errorf("%s %s Denotes(%q) = %v, want %v", c.prefix, c.typ, c.pattern, got, c.want)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	s3, _ := catalog.Default().Service("s3")
	bucket, _ := s3.Resource("bucket")
	for part, want := range map[string]bool{"media": true, "media*": true, "*": true, "media/*": false, "": false} {
		if got := bucket.Named(part); got != want {
			t.Errorf("bucket Named(%q) = %v, want %v", part, got, want)
		}
	}
}

func TestFillSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s, _ := catalog.Default().Service("sqs")
	q, _ := s.Resource("queue")
	got, missing := q.Fill(map[string]string{"Partition": "aws", "Account": "111122223333", "QueueName": "jobs"})
	if want := "arn:aws:sqs:*:111122223333:jobs"; got != want || !slices.Equal(missing, []string{"Region"}) {
		t.Errorf("Fill() = %q, %v, want %q, [Region]", got, missing, want)
	}
}

// TestEveryFormDenotesItsOwn also keeps the names of further forms right.
func TestEveryFormDenotesItsOwn(t *testing.T) {
	t.Parallel()
	forms := 0
	for _, s := range catalog.Default().Services() {
		for _, r := range s.Resources {
			for _, form := range r.Forms() {
				forms++
				if a, err := arn.Parse(form.Pattern()); err != nil {
					t.Errorf("%s %s has the form %s: %v", s.Prefix, r.Type, form, err)
				} else if !r.Denotes(a.String()) {
					t.Errorf("%s %s: %s does not denote itself", s.Prefix, r.Type, form)
				}
			}
			if got := r.Forms()[0].String(); got != r.Template {
				t.Errorf("%s %s has the template %s and the first form %s", s.Prefix, r.Type, r.Template, got)
			}
		}
	}
	if want := 551 + 10 + catalog.FurtherForms(); forms != want {
		t.Errorf("there are %d forms, want %d", forms, want)
	}
}

// The variables that are taken to stand for no slash, to be read by people when
// the reference changes.
func TestNarrowVariables(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"access-analyzer": "AnalyzerName", "acm": "AcmeEndpointId",
		"apigateway": "ApiId DomainName HttpMethodType IntegrationId ModelId PortalProductId ResourceId RestApiId RouteId StageName UsagePlanId",
		"athena":     "WorkGroupName", "batch": "JobQueueName", "dynamodb": "TableName", "elasticloadbalancing": "LoadBalancerName",
		"events": "RuleName", "lambda": "Alias Version", "route53": "VpcId", "s3": "AccessPointName BucketName",
		"s3express": "BucketName", "sns": "TopicName", "sqs": "QueueName", "ssm": "BucketName InstanceId", "wafv2": "VerifiedAccessInstanceId",
	}
	for _, s := range catalog.Default().Services() {
		if s.Prefix == "ec2" {
			continue // its IDs
		}
		if got := strings.Join(catalog.NarrowVariables(s), " "); got != want[s.Prefix] {
			t.Errorf("narrow variables of %s = %q, want %q", s.Prefix, got, want[s.Prefix])
		}
	}
}

func TestDenotedAndTakes(t *testing.T) {
	t.Parallel()
	types := func(all []*catalog.Resource) string {
		var names []string
		for _, r := range all {
			names = append(names, r.Type)
		}
		return strings.Join(names, " ")
	}
	s3, _ := catalog.Default().Service("s3")
	if got, want := types(s3.Denoted("arn:aws:s3:::media/*")), "object"; got != want {
		t.Errorf("s3 has for media/* %q, want %q", got, want)
	}
	if got, want := types(s3.Denoted("arn:aws:s3:::media*")), "bucket object"; got != want {
		t.Errorf("s3 has for media* %q, want %q", got, want)
	}
	for _, c := range []struct {
		action, pattern, denoted string
		takes                    bool
	}{
		{"s3:ListBucket", "arn:aws:s3:::media/*", "", false},
		{"s3:ListBucket", "arn:aws:s3:::media", "bucket", true},
		{"s3:GetObject", "arn:aws:s3:::media/*", "object", true},
		{"s3:GetObject", "arn:aws:s3:::media", "", false},
		{"ecr:GetAuthorizationToken", "*", "", true},
		{"ecr:GetAuthorizationToken", "arn:aws:ecr:eu-west-1:111122223333:repository/web", "", false},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/app", "role", true},
		{"logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:g:*", "log-stream", true},
	} {
		a, ok := catalog.Default().Action(c.action)
		if !ok {
			t.Fatalf("no action %s", c.action)
		}
		if got := types(a.Denoted(c.pattern)); got != c.denoted {
			t.Errorf("%s Denoted(%q) = %q, want %q", c.action, c.pattern, got, c.denoted)
		}
		if got := a.Takes(c.pattern); got != c.takes {
			t.Errorf("%s Takes(%q) = %v, want %v", c.action, c.pattern, got, c.takes)
		}
	}
}

// FuzzDenotes fills the form of a resource and asks for patterns that match it.
func FuzzDenotes(f *testing.F) {
	f.Add(uint16(3), "x", "arn:aws:*")
	f.Add(uint16(400), "a:b", "*x*")
	var all []*catalog.Resource
	for _, s := range catalog.Default().Services() {
		all = append(all, s.Resources...)
	}
	f.Fuzz(func(t *testing.T, n uint16, value, pattern string) {
		if len(pattern) > 100 || len(value) > 40 || !utf8.ValidString(value+pattern) || strings.ContainsAny(value, ":/*?$") || value == "" {
			return
		}
		r := all[int(n)%len(all)]
		values := map[string]string{}
		for _, v := range r.Variables() {
			values[v] = value
		}
		name, missing := r.Fill(values)
		if len(missing) > 0 || !r.Denotes(name) {
			t.Errorf("%s does not denote %q (missing %v)", r.Template, name, missing)
		}
		if arn.MatchResource(pattern, name) && !r.Denotes(pattern) {
			t.Errorf("%s does not denote %q, which matches %q", r.Template, pattern, name)
		}
	})
}
