package source_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

const (
	identity = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	resource = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`
)

func inString(s string) string {
	return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
}

func encoded(s string) string {
	return `"` + strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", "[", "%5B", "]", "%5D", ":", "%3A", ",", "%2C", "*", "%2A").Replace(s) + `"`
}

// find reads a file that must be readable.
func find(t *testing.T, name, text string) *source.File {
	t.Helper()
	file, err := source.Find(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// summary is what of a policy tests compare.
type summary struct {
	Name     string
	Kind     iam.Kind
	Certain  bool
	On       string
	Attached []string
	Text     string
}

func summaries(file *source.File) []summary {
	var all []summary
	for _, p := range file.Policies {
		all = append(all, summary{p.Name, p.Kind, p.Certain, p.ResourceType, p.AttachedTo, string(p.Text)})
	}
	return all
}

func TestOutputsOfTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		command, text string
		want          summary
	}{
		{
			"iam get-policy-version", `{"PolicyVersion":{"VersionId":"v1","Document":` + identity + `}}`,
			summary{"out", iam.IdentityPolicy, true, "", nil, identity},
		},
		{
			"iam get-policy-version, encoded", `{"PolicyVersion":{"VersionId":"v1","Document":` + encoded(identity) + `}}`,
			summary{"out", iam.IdentityPolicy, true, "", nil, identity},
		},
		{
			"iam get-role", `{"Role":{"RoleName":"app","AssumeRolePolicyDocument":` + encoded(trust) + `}}`,
			summary{"role/app/AssumeRolePolicyDocument", iam.TrustPolicy, true, "", []string{"role/app"}, trust},
		},
		{
			"iam list-roles", `{"Roles":[{"RoleName":"app","AssumeRolePolicyDocument":` + trust + `}]}`,
			summary{"role/app/AssumeRolePolicyDocument", iam.TrustPolicy, true, "", []string{"role/app"}, trust},
		},
		{
			"iam get-role-policy", `{"RoleName":"app","PolicyName":"media","PolicyDocument":` + identity + `}`,
			summary{"role/app/media", iam.InlineRolePolicy, true, "", []string{"role/app"}, identity},
		},
		{
			"iam get-user-policy", `{"UserName":"ci","PolicyName":"media","PolicyDocument":` + identity + `}`,
			summary{"user/ci/media", iam.InlineUserPolicy, true, "", []string{"user/ci"}, identity},
		},
		{
			"iam get-group-policy", `{"GroupName":"ops","PolicyName":"media","PolicyDocument":` + identity + `}`,
			summary{"group/ops/media", iam.InlineGroupPolicy, true, "", []string{"group/ops"}, identity},
		},
		{
			"s3api get-bucket-policy", `{"Policy":` + inString(resource) + `}`,
			summary{"out", iam.ResourcePolicy, true, "", nil, resource},
		},
		{
			"s3api get-bucket-policy --query Policy", inString(resource),
			summary{"out", iam.ResourcePolicy, false, "", nil, resource},
		},
		{
			"s3api get-bucket-policy --output text", resource,
			summary{"out", iam.ResourcePolicy, false, "", nil, resource},
		},
		{
			"kms get-key-policy", `{"Policy":` + inString(resource) + `,"PolicyName":"default"}`,
			summary{"out", iam.ResourcePolicy, true, "kms:key", nil, resource},
		},
		{
			"sqs get-queue-attributes", `{"Attributes":{"QueueArn":"arn:aws:sqs:us-east-1:210987654321:q","Policy":` + inString(resource) + `}}`,
			summary{"arn:aws:sqs:us-east-1:210987654321:q", iam.ResourcePolicy, true, "sqs:queue", []string{"arn:aws:sqs:us-east-1:210987654321:q"}, resource},
		},
		{
			"sns get-topic-attributes", `{"Attributes":{"TopicArn":"arn:aws:sns:us-east-1:210987654321:t","Policy":` + inString(resource) + `}}`,
			summary{"arn:aws:sns:us-east-1:210987654321:t", iam.ResourcePolicy, true, "sns:topic", []string{"arn:aws:sns:us-east-1:210987654321:t"}, resource},
		},
		{
			"secretsmanager get-resource-policy", `{"ARN":"arn:x","Name":"s","ResourcePolicy":` + inString(resource) + `}`,
			summary{"arn:x", iam.ResourcePolicy, true, "secretsmanager:secret", []string{"arn:x"}, resource},
		},
		{
			"ecr get-repository-policy", `{"registryId":"210987654321","repositoryName":"app","policyText":` + inString(resource) + `}`,
			summary{"app", iam.ResourcePolicy, true, "ecr:repository", []string{"app"}, resource},
		},
		{
			"ec2 describe-vpc-endpoints", `{"VpcEndpoints":[{"VpcEndpointId":"vpce-1","PolicyDocument":` + inString(resource) + `}]}`,
			summary{"vpce-1", iam.EndpointPolicy, true, "", []string{"vpce-1"}, resource},
		},
		{
			"organizations describe-policy", `{"Policy":{"PolicySummary":{"Name":"guard","Type":"SERVICE_CONTROL_POLICY"},"Content":` + inString(identity) + `}}`,
			summary{"guard", iam.ServiceControlPolicy, true, "", nil, identity},
		},
		{
			"organizations describe-policy of an RCP", `{"Policy":{"PolicySummary":{"Name":"guard","Type":"RESOURCE_CONTROL_POLICY"},"Content":` + inString(resource) + `}}`,
			summary{"guard", iam.ResourceControlPolicy, true, "", nil, resource},
		},
		{
			"logs describe-resource-policies", `{"resourcePolicies":[{"policyName":"in","policyDocument":` + inString(resource) + `}]}`,
			summary{"in", iam.ResourcePolicy, true, "logs", nil, resource},
		},
	} {
		t.Run(tc.command, func(t *testing.T) {
			t.Parallel()
			got := summaries(find(t, "out.json", tc.text))
			if diff := cmp.Diff([]summary{tc.want}, got); diff != "" {
				t.Errorf("Find(%s) differs (-want +got):\n%s", tc.text, diff)
			}
		})
	}
}

func TestOtherThingsAreNoPolicies(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a tag policy":              `{"Policy":{"PolicySummary":{"Name":"tags","Type":"TAG_POLICY"},"Content":"{\"tags\":{}}"}}`,
		"a firewall's rule":         `{"Rules":[{"Statement":{"RateBasedStatement":{"Limit":100}},"Action":{"Block":{}}}]}`,
		"a queue without a policy":  `{"Attributes":{"QueueArn":"arn:aws:sqs:us-east-1:210987654321:q"}}`,
		"a statement of something":  `{"Statement":"SELECT 1","Effect":"none"}`,
		"an effect of something":    `{"Effect":"Allow"}`,
		"an empty file":             "",
		"a number":                  "7",
		"an empty policy in a plan": `{"format_version":"1.0","planned_values":{"root_module":{"resources":[{"address":"aws_sqs_queue.q","type":"aws_sqs_queue","values":{"policy":""}}]}}}`,
	} {
		if got := summaries(find(t, "out.json", text)); len(got) > 0 {
			t.Errorf("Find(%s) = %+v, want nothing", name, got)
		}
	}
}
