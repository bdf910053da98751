package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// TestPublishedPoliciesShowTheirDefects judges the policies of four published
// documents: a deployment vendor's set-up page (0), an application's cloud
// environment (2), articles on a platform (3), a workflow engine's installation
// page (4). Each line is a defect of one of them that was found by reading.
func TestPublishedPoliciesShowTheirDefects(t *testing.T) {
	t.Parallel()
	kinds := map[string]iam.Kind{
		"0-registry-trust": iam.TrustPolicy, "3-boundary": iam.BoundaryPolicy, "3-instance-trust": iam.TrustPolicy,
		"3-cross-account-trust": iam.TrustPolicy, "4-function-trust": iam.TrustPolicy,
	}
	for _, tc := range []struct {
		item                 int
		document, code, path string
		options              lint.Options
	}{
		{1, "0-registry-access", "LP_RESOURCE_STAR", "Statement[0]", lint.Options{}},
		{1, "0-registry-access", "LP_MIXED_STAR", "Statement[0]", lint.Options{}},
		{2, "0-registry-trust", "TRUST_ACCOUNT_ROOT", "Statement[0].Principal.AWS", lint.Options{}},
		{3, "0-registry-trust", "LP_PLACEHOLDER", "Statement[0].Principal.AWS", lint.Options{}},
		{3, "0-registry-trust", "LP_PLACEHOLDER", "Statement[0].Condition.StringEquals.sts:ExternalId", lint.Options{}},
		{3, "0-registry-trust", "EMPTY_SID_VALUE", "Statement[0]", lint.Options{}},
		{4, "0-database-ingress", "DEAD_ARN_ID_FORMAT", "Statement[0].Resource[0]", lint.Options{}},
		{5, "0-database-ingress", "SEC_NETWORK_EXPOSURE", "Statement[0]", lint.Options{}},
		{6, "0-database-ingress", "GAP_DESCRIBE_MISSING", "Statement[0]", lint.Options{}},
		{7, "2-queue", "INVALID_ACTION", "Statement[0].Action[3]", lint.Options{}},
		{7, "2-queue", "INVALID_ACTION", "Statement[0].Action[4]", lint.Options{}},
		{7, "2-queue", "INVALID_ACTION", "Statement[0].Action[8]", lint.Options{}},
		{8, "2-queue", "LP_SHARED_ROLE", "Statement[0]", lint.Options{}},
		{8, "2-queue", "LP_SHARED_ROLE", "$", lint.Options{Uses: []lint.Use{
			{Role: "web", Actions: []string{"sqs:GetQueueUrl", "sqs:SendMessage"}},
			{Role: "worker", Actions: []string{"sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}},
		}}},
		{8, "2-queue", "LP_UNUSED", "Statement[1].Action", lint.Options{Calls: []lint.Call{{Action: "sqs:GetQueueUrl"}, {Action: "sqs:SendMessage"}}}},
		{9, "2-buckets", "INVALID_ACTION", "Statement[0].Action[4]", lint.Options{}},
		{10, "2-buckets", "DEAD_ACTION_RESOURCE_MISMATCH", "Statement[0].Action[5]", lint.Options{}},
		{10, "2-buckets", "GAP_LIST_BUCKET", "Statement[0]", lint.Options{}},
		{11, "2-buckets", "SEC_OBJECT_ACL", "Statement[0].Action[1]", lint.Options{}},
		{12, "2-buckets", "LP_CROSS_PRODUCT", "Statement[0]", lint.Options{}},
		{12, "2-buckets", "LP_SHARED_ROLE", "Statement[0]", lint.Options{}},
		{13, "2-buckets", "GAP_MULTIPART_ABORT", "Statement[0]", lint.Options{}},
		{14, "3-named-user", "UNSUPPORTED_PRINCIPAL", "Statement[0].Principal", lint.Options{}},
		{15, "3-service-role", "LP_SERVICE_WILDCARD", "Statement[0].Action", lint.Options{}},
		{15, "3-service-role", "DEAD_ACTION_RESOURCE_MISMATCH", "Statement[0].Action", lint.Options{}},
		{16, "3-service-role", "DEAD_BUCKET_NAME", "Statement[0].Resource", lint.Options{}},
		{17, "3-boundary", "DEAD_BUCKET_NAME", "Statement[0].Resource", lint.Options{}},
		{17, "3-boundary", "GAP_LIST_BUCKET", "Statement[0]", lint.Options{}},
		{18, "3-conditions", "PRIVATE_IP_ADDRESS", "Statement[0].Condition.IpAddress.aws:SourceIp", lint.Options{}},
		{18, "3-conditions", "DEAD_BUCKET_NAME", "Statement[0].Resource", lint.Options{}},
		{19, "3-conditions", "DEAD_DATE_EXPIRED", "Statement[0].Condition.DateLessThan.aws:CurrentTime", lint.Options{}},
		{20, "3-cross-account-trust", "TRUST_ACCOUNT_ROOT", "Statement[0].Principal.AWS", lint.Options{}},
		{20, "3-cross-account-trust", "TRUST_NO_EXTERNAL_ID", "Statement[0]", lint.Options{}},
		{23, "4-function-trust", "MISSING_STATEMENT", "$", lint.Options{}},
		{24, "4-queue-editor", "DEAD_WILDCARD_NO_MATCH", "Statement[0].Action[3]", lint.Options{}},
		{24, "4-queue-editor", "LP_RESOURCE_STAR", "Statement[0]", lint.Options{}},
		{24, "4-queue-editor", "LP_ACTION_WILDCARD", "Statement[0].Action[0]", lint.Options{}},
		{24, "4-queue-editor", "LP_ACTION_WILDCARD", "Statement[0].Action[1]", lint.Options{}},
		{25, "4-table-editor", "LP_WILDCARD_REACHES_DESTRUCTIVE", "Statement[0].Action[0]", lint.Options{}},
		{26, "4-table-editor", "SEC_RESOURCE_POLICY_WRITE", "Statement[0].Action[6]", lint.Options{}},
		{27, "4-table-editor", "LP_RESOURCE_STAR", "Statement[0]", lint.Options{}},
		{27, "4-table-editor", "LP_SHARED_ROLE", "Statement[0]", lint.Options{}},
		{28, "4-function-launcher", "SEC_EXECUTE_ANY", "Statement[0]", lint.Options{}},
		{28, "4-function-launcher", "LP_RESOURCE_STAR", "Statement[0]", lint.Options{}},
	} {
		t.Run(fmt.Sprintf("%d_%s", tc.item, tc.code), func(t *testing.T) {
			t.Parallel()
			tc.options.Now = now
			findings := judgeFile(t, tc.document, kinds[tc.document], tc.options)
			for _, f := range findings {
				if f.Code == tc.code && f.Path == tc.path {
					return
				}
			}
			t.Errorf("%s: no %s at %s in %v", tc.document, tc.code, tc.path, lines(findings, ""))
		})
	}
}

// The one policy among them that has nothing wrong is left alone.
func TestTheCleanPublishedPolicyIsLeftAlone(t *testing.T) {
	t.Parallel()
	if got := judgeFile(t, "3-instance-trust", iam.TrustPolicy, lint.Options{Now: now}); len(got) > 0 {
		t.Errorf("3-instance-trust: %v, want nothing", lines(got, ""))
	}
}

func judgeFile(t *testing.T, name string, kind iam.Kind, o lint.Options) []lint.Finding {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "showcase", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	policy, problems := iam.Read(text, iam.ParseOptions{Kind: kind})
	return lint.Policy(policy, problems, o)
}
