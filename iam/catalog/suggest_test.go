package catalog_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"s3:GetObjct":               "s3:GetObject",
		"s3:HeadBucket":             "s3:ListBucket",
		"sqs:SendMessageBatch":      "sqs:SendMessage",
		"lambda:Invoke":             "lambda:InvokeFunction",
		"sqss:SendMessage":          "sqs:SendMessage",
		"s3:ListBuckets":            "s3:ListAllMyBuckets",
		"S3:getobjct":               "s3:GetObject",
		"s3:SendMessage":            "sqs:SendMessage",
		"cloudwatch:CreateLogGroup": "logs:CreateLogGroup",
		"monitoring:PutMetricData":  "cloudwatch:PutMetricData",
		"sns:PublishBatch":          "sns:Publish",
		"apigateway:GetRestApis":    "apigateway:GET",
		"apigateway:UpdateRestApi":  "apigateway:PATCH",
	} {
		if got := catalog.Default().SuggestAction(name); len(got) == 0 || got[0] != want {
			t.Errorf("SuggestAction(%q) = %v, want %q first", name, got, want)
		}
	}
	if got := catalog.Default().SuggestService("dynamdb"); len(got) == 0 || got[0] != "dynamodb" {
		t.Errorf("SuggestService(dynamdb) = %v", got)
	}
	if got := catalog.Default().SuggestAction("s3:" + strings.Repeat("x", 4000)); got != nil {
		t.Errorf("SuggestAction of a long name = %v, want none", got)
	}
}

func FuzzSuggest(f *testing.F) {
	f.Add("s3:GetObjct")
	f.Add("*:*")
	f.Fuzz(func(t *testing.T, name string) {
		for _, n := range catalog.Default().SuggestAction(name) {
			if _, ok := catalog.Default().Action(n); !ok {
				t.Errorf("SuggestAction(%q) gives %q, which does not exist", name, n)
			}
		}
		for _, a := range catalog.Default().Expand(name) {
			if !glob.MatchFold(name, a.FullName()) {
				t.Errorf("Expand(%q) has %s", name, a.FullName())
			}
		}
	})
}

func TestInsteadExplains(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"s3:HeadBucket":                    "s3:ListBucket",
		"s3:HeadObject":                    "s3:GetObject",
		"s3:ListObjects":                   "s3:ListBucket",
		"s3:ListObjectsV2":                 "s3:ListBucket",
		"S3:copyobject":                    "s3:GetObject s3:PutObject",
		"sqs:DeleteMessageBatch":           "sqs:DeleteMessage",
		"sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
		"lambda:Invoke":                    "lambda:InvokeFunction",
		"dynamodb:TransactWriteItems":      "dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:ConditionCheckItem",
		"ecr:PullImage":                    "ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage",
		"ecr:DockerPush":                   "ecr:BatchCheckLayerAvailability ecr:InitiateLayerUpload ecr:UploadLayerPart ecr:CompleteLayerUpload ecr:PutImage",
		"apigateway:CreateRestApi":         "apigateway:POST",
	} {
		got, ok := catalog.Default().Instead(name)
		if !ok || strings.Join(got.Actions, " ") != want || got.Why == "" {
			t.Errorf("Instead(%q) = %+v, %v, want %q and a reason", name, got, ok, want)
		}
		for _, a := range got.Actions {
			if _, ok := catalog.Default().Action(a); !ok {
				t.Errorf("Instead(%q) has %s, which does not exist", name, a)
			}
		}
	}
	for _, name := range []string{"s3:GetObject", "s3:GetObjct", "s3:*Batch", "s3:Batch", "nowhere:HeadBucket", "s3", "", "ecr:PullThroughCacheRule", "apigateway:Frobnicate", "sqs:PurgeQueueBatch2"} {
		if got, ok := catalog.Default().Instead(name); ok {
			t.Errorf("Instead(%q) = %+v, want none", name, got)
		}
	}
}

func TestSuggestSaysNothingWhereNothingIsNear(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"s3:Frobnicate", "s3:*", "*", "", ":", "s3:", "nowhere:ListTagsForResource", "x:y"} {
		if got := catalog.Default().SuggestAction(name); len(got) > 0 {
			t.Errorf("SuggestAction(%q) = %v, want none", name, got)
		}
	}
	for _, prefix := range []string{"", "*", "zzzzzzzzzz", strings.Repeat("s", 5000)} {
		if got := catalog.Default().SuggestService(prefix); len(got) > 0 {
			t.Errorf("SuggestService(%.20q) = %v, want none", prefix, got)
		}
	}
}

func TestSuggestService(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"SFN": "states", "monitoring": "cloudwatch", "lamda": "lambda", "sec2": "ec2", "secretmanager": "secretsmanager", "EventBridge": "events",
	} {
		if got := catalog.Default().SuggestService(prefix); len(got) == 0 || got[0] != want {
			t.Errorf("SuggestService(%q) = %v, want %q first", prefix, got, want)
		}
	}
}
