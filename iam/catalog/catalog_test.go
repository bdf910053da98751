package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

func TestCountsAreThoseOfTheIndex(t *testing.T) {
	t.Parallel()
	index := readJSON[map[string]struct{ Actions, Resources, ConditionKeys int }](t, "index.json")
	if got := len(catalog.Default().Services()); got != len(index) {
		t.Errorf("there are %d services, want %d", got, len(index))
	}
	for prefix, want := range index {
		s, ok := catalog.Default().Service(strings.ToUpper(prefix))
		if !ok {
			t.Errorf("Service(%q) is not there", prefix)
			continue
		}
		if len(s.Actions) != want.Actions || len(s.Resources) != want.Resources || len(s.Keys) != want.ConditionKeys {
			t.Errorf("%s has %d actions, %d resources, %d keys, want %+v", prefix, len(s.Actions), len(s.Resources), len(s.Keys), want)
		}
	}
}

func TestEveryResourceAnActionTakesIsThere(t *testing.T) {
	t.Parallel()
	for _, s := range catalog.Default().Services() {
		for _, a := range s.Actions {
			for _, u := range a.Resources {
				if u.Resource == nil {
					t.Fatalf("%s takes a type of resource that %s does not have", a.FullName(), s.Prefix)
				}
				if !u.Resource.Denotes(u.Resource.Pattern()) {
					t.Errorf("%s: %s does not denote itself", a.FullName(), u.Resource.Template)
				}
			}
		}
	}
}

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

func TestAction(t *testing.T) {
	t.Parallel()
	a, ok := catalog.Default().Action("S3:getobject")
	if !ok || a.FullName() != "s3:GetObject" || a.Access != catalog.Read || a.StarOnly() {
		t.Errorf("Action(S3:getobject) = %+v, %v", a, ok)
	}
	if a, _ := catalog.Default().Action("ecr:GetAuthorizationToken"); !a.StarOnly() {
		t.Error("ecr:GetAuthorizationToken takes a resource")
	}
	for _, name := range []string{"s3:HeadBucket", "s3", "", "nowhere:Go", ":GetObject"} {
		if a, ok := catalog.Default().Action(name); ok {
			t.Errorf("Action(%q) = %s, want none", name, a.FullName())
		}
	}
}

func TestExpandIsWhatTheWildcardMatches(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*", "s3:*", "s3:Get*", "SQS:*message", "dynamodb:*Table", "iam:PassRole", "*:List*", "s?s:Send*", "sqs:*MessageBatch", "s3", "nowhere:*"} {
		var want []string
		for _, s := range catalog.Default().Services() {
			for _, a := range s.Actions {
				if glob.MatchFold(pattern, a.FullName()) {
					want = append(want, a.FullName())
				}
			}
		}
		var got []string
		for _, a := range catalog.Default().Expand(pattern) {
			got = append(got, a.FullName())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Expand(%q) (-want +got):\n%s", pattern, diff)
		}
	}
}

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
		{"s3", "bucket", "", false},
		{"s3", "bucket", "arn:aws", false},
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

func TestFillSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s, _ := catalog.Default().Service("sqs")
	q, _ := s.Resource("queue")
	got, missing := q.Fill(map[string]string{"Partition": "aws", "Account": "111122223333", "QueueName": "jobs"})
	if want := "arn:aws:sqs:*:111122223333:jobs"; got != want || !slices.Equal(missing, []string{"Region"}) {
		t.Errorf("Fill() = %q, %v, want %q, [Region]", got, missing, want)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		typ   catalog.KeyType
		multi bool
	}{
		{"aws:sourceip", catalog.IPKey, false},
		{"aws:PrincipalTag/Team", catalog.StringKey, false},
		{"aws:TagKeys", catalog.StringKey, true},
		{"aws:CurrentTime", catalog.DateKey, false},
		{"aws:SourceArn", catalog.ARNKey, false},
		{"s3:ExistingObjectTag/env", catalog.StringKey, false},
		{"s3:max-keys", catalog.NumericKey, false},
		{"dynamodb:LeadingKeys", catalog.StringKey, true},
		{"secretsmanager:ResourceTag/env", catalog.StringKey, false},
	} {
		k, ok := catalog.Default().Key(c.name)
		if !ok || k.Type != c.typ || k.Multi != c.multi {
			t.Errorf("Key(%q) = %+v, %v, want type %v, multi %v", c.name, k, ok, c.typ, c.multi)
		}
	}
	for _, name := range []string{"aws:SourceIpp", "aws:PrincipalTag/", "s3:nothing", "", "x"} {
		if k, ok := catalog.Default().Key(name); ok {
			t.Errorf("Key(%q) = %v, want none", name, k.Name)
		}
	}
}

func TestSupports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action, key string
		want        bool
	}{
		{"s3:ListBucket", "s3:prefix", true},
		{"s3:GetObject", "s3:prefix", false},
		{"s3:GetObject", "aws:SourceIp", true},
		{"ec2:RunInstances", "aws:RequestTag/env", true},
		{"sqs:SendMessage", "aws:RequestTag/env", false},
		{"sqs:SendMessage", "aws:ResourceTag/env", true},
		{"iam:PassRole", "iam:PassedToService", true},
	} {
		a, ok := catalog.Default().Action(c.action)
		if !ok {
			t.Fatalf("no action %s", c.action)
		}
		if got := catalog.Default().Supports(a, c.key); got != c.want {
			t.Errorf("Supports(%s, %s) = %v, want %v", c.action, c.key, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"s3:GetObjct":          "s3:GetObject",
		"s3:HeadBucket":        "s3:ListBucket",
		"sqs:SendMessageBatch": "sqs:SendMessage",
		"lambda:Invoke":        "lambda:InvokeFunction",
		"sqss:SendMessage":     "sqs:SendMessage",
		"s3:ListBuckets":       "s3:ListAllMyBuckets",
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
	for _, name := range []string{"S3.Nothing", "S3", "", "Nowhere.Go"} {
		if _, _, ok := catalog.Default().Call(name); ok {
			t.Errorf("Call(%q) is there", name)
		}
	}
}

func TestRCPSupported(t *testing.T) {
	t.Parallel()
	if !catalog.RCPSupported("s3") || catalog.RCPSupported("ec2") {
		t.Error("RCPSupported does not say s3 and not ec2")
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

func BenchmarkUnpack(b *testing.B) {
	for b.Loop() {
		catalog.Unpack()
	}
}
