package catalog_test

import (
	"testing"

	"github.com/berth-project/berth/iam/catalog"
)

func TestEveryActionOfACallExists(t *testing.T) {
	t.Parallel()
	for _, name := range catalog.Default().Calls() {
		permissions, _, ok := catalog.Default().Call(name)
		if !ok {
			t.Errorf("Call(%q) is not there", name)
		}
		for _, p := range permissions {
			if _, ok := catalog.Default().Action(p.Action); !ok {
				t.Errorf("%s takes %s, which does not exist", name, p.Action)
			}
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	p, free, ok := catalog.Default().Call("S3.ListObjectsV2")
	if !ok || free || len(p) != 1 || p[0].Action != "s3:ListBucket" {
		t.Errorf("Call(S3.ListObjectsV2) = %v, %v, %v", p, free, ok)
	}
	if _, free, ok := catalog.Default().Call("STS.GetCallerIdentity"); !free || !ok {
		t.Error("STS.GetCallerIdentity takes a permission")
	}
	if p, _, ok := catalog.Default().Call("SFN.StartExecution"); !ok || p[0].Action != "states:StartExecution" {
		t.Errorf("Call(SFN.StartExecution) = %v, %v", p, ok)
	}
	for name, want := range map[string]string{
		"Lambda.GetFunction20150331v2":         "lambda:GetFunction",
		"CloudFront.GetDistribution2020_05_31": "cloudfront:GetDistribution",
		"CloudWatch Logs.PutLogEvents":         "logs:PutLogEvents",
		"dynamodb.getitem":                     "dynamodb:GetItem",
		"OpenSearch.CreateDomain":              "es:CreateDomain",
	} {
		p, _, ok := catalog.Default().Call(name)
		if !ok || len(p) != 1 || p[0].Action != want {
			t.Errorf("Call(%q) = %v, %v, want %q", name, p, ok, want)
		}
	}
	for _, name := range []string{"S3.Nothing", "S3", "", "Nowhere.Go"} {
		if _, _, ok := catalog.Default().Call(name); ok {
			t.Errorf("Call(%q) is there", name)
		}
	}
}

func TestPrefixOf(t *testing.T) {
	t.Parallel()
	for service, want := range map[string]string{
		"S3": "s3", "SFN": "states", "monitoring.amazonaws.com": "cloudwatch", "X-Ray": "xray", "XRay": "xray",
		"AccessAnalyzer": "access-analyzer", "RDS Data": "rds-data", "ECR PUBLIC": "ecr-public", "EKS Auth": "eks-auth",
		"Elastic Load Balancing v2": "elasticloadbalancing", "CognitoIdentityProvider": "cognito-idp", "cognito-idp": "cognito-idp",
		"Route 53": "route53", "SESv2": "ses", "email": "ses", "Nowhere": "nowhere", "": "",
	} {
		if got := catalog.PrefixOf(service); got != want {
			t.Errorf("PrefixOf(%q) = %q, want %q", service, got, want)
		}
	}
}

func TestServiceIDsLeadToPrefixes(t *testing.T) {
	t.Parallel()
	for id, prefix := range catalog.ServiceIDs() {
		if !catalog.Default().KnownPrefix(prefix) {
			t.Errorf("%s leads to %s, which is no prefix", id, prefix)
		}
		if got := catalog.PrefixOf(id); got != prefix {
			t.Errorf("PrefixOf(%q) = %q, want %q: it is a prefix itself", id, got, prefix)
		}
	}
}

func FuzzCall(f *testing.F) {
	f.Add("S3.GetObject")
	f.Add("..")
	f.Fuzz(func(t *testing.T, name string) {
		permissions, free, ok := catalog.Default().Call(name)
		if ok != (free || len(permissions) > 0) || free && len(permissions) > 0 {
			t.Errorf("Call(%q) = %v, %v, %v", name, permissions, free, ok)
		}
		for _, p := range permissions {
			if _, ok := catalog.Default().Action(p.Action); !ok {
				t.Errorf("Call(%q) takes %q, which does not exist", name, p.Action)
			}
		}
	})
}
