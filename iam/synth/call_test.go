package synth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/synth"
)

const recording = `
{"call": "S3.ListObjectsV2", "parameters": {"Bucket": "media", "Prefix": "raw/"}, "principal": "arn:aws:sts::111122223333:assumed-role/web/1"}
{"call": "S3.GetObject", "parameters": {"Bucket": "media", "Key": "raw/1.jpg"}, "principal": "arn:aws:sts::111122223333:assumed-role/web/2"}
{"call": "S3.PutObject", "parameters": {"Bucket": "media", "Key": "thumb/1.jpg", "ACL": "public-read"}, "principal": "arn:aws:sts::111122223333:assumed-role/web/2", "failed": true}
{"call": "SQS.SendMessageBatch", "parameters": {"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/111122223333/jobs"}, "principal": "arn:aws:sts::111122223333:assumed-role/web/2"}
{"call": "STS.GetCallerIdentity", "principal": "arn:aws:sts::111122223333:assumed-role/web/2"}
{"call": "DynamoDB.GetItem", "parameters": {"TableName": "surveys"}, "principal": "worker"}
{"call": "DynamoDB.TransactWriteItems", "parameters": {"TransactItems": [{"Put": {"TableName": "surveys"}}, {"Delete": {"TableName": "arn:aws:dynamodb:eu-central-1:111122223333:table/answers"}}]}, "principal": "worker"}
{"action": "sns:Publish", "resource": "arn:aws:sns:eu-central-1:111122223333:alerts", "principal": "worker"}
{"call": "Lambda.Invoke", "parameters": {}, "principal": "worker"}
{"call": "Moon.Land", "principal": "worker"}
`

func TestFromCallsAllowsWhatWasCalled(t *testing.T) {
	t.Parallel()
	calls, err := synth.ReadCalls([]byte(recording))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := synth.FromCalls(calls, synth.Recording{Place: place})
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) != 2 {
		t.Fatalf("FromCalls() gives %d programs, want 2", len(programs))
	}
	web, worker := programs[0], programs[1]
	if web.Principal != "arn:aws:iam::111122223333:role/web" || web.Calls != 3 {
		t.Errorf("the first program is %q with %d calls, want the role web with 3", web.Principal, web.Calls)
	}
	compare(t, "seen-web.json", rendered(t, web.Policies, synth.JSON))
	compare(t, "seen-worker.json", rendered(t, worker.Policies, synth.JSON))
	if diff := cmp.Diff(map[string]int{"Moon.Land": 1}, worker.Unmapped); diff != "" {
		t.Errorf("unmapped calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{"lambda:InvokeFunction": {"FunctionName"}}, worker.Incomplete); diff != "" {
		t.Errorf("incomplete calls (-want +got):\n%s", diff)
	}
	for _, want := range []string{"Moon.Land (1 times) is not known", "FunctionName is * in its resource"} {
		if !slices.ContainsFunc(worker.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("notes %q do not say %q", worker.Notes, want)
		}
	}
}

func TestFromCallsOfFailuresShowsWhatIsMissing(t *testing.T) {
	t.Parallel()
	calls, err := synth.ReadCalls([]byte(recording))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := synth.FromCalls(calls, synth.Recording{Place: place, FailedOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := programs[0].Allowed(), []string{"s3:PutObject", "s3:PutObjectAcl"}; !slices.Equal(got, want) {
		t.Errorf("Allowed() = %q, want %q", got, want)
	}
}

// TestSecretsAreAllowedByTheirWholeName completes what calls may leave out and
// policies may not.
func TestSecretsAreAllowedByTheirWholeName(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:"
	for _, tc := range []struct{ id, want string }{
		{"acme/db", prefix + "acme/db-??????"},
		{"prod-secret", prefix + "prod-secret-??????"}, // a name that looks as if it were whole
		{prefix + "acme/db-a1B2c3", prefix + "acme/db-a1B2c3"},
		{prefix + "acme/db", prefix + "acme/db-??????"},
		{"", prefix + "*"},
	} {
		call := synth.Call{Name: "SecretsManager.GetSecretValue", Parameters: map[string]any{}}
		if tc.id != "" {
			call.Parameters["SecretId"] = tc.id
		}
		programs, err := synth.FromCalls([]synth.Call{call}, synth.Recording{Place: place})
		if err != nil {
			t.Fatal(err)
		}
		if got := programs[0].Policies[0].Statements[0].Resources.Values; !slices.Equal(got, []string{tc.want}) {
			t.Errorf("a call for the secret %q allows %q, want %q", tc.id, got, tc.want)
		}
	}
}

func TestReadCallsReadsEveryForm(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"array":  `[{"call": "S3.GetObject", "region": "eu-central-1", "parameters": {"Bucket": "media", "Key": "a"}}]`,
		"csm":    `{"Version":1,"Type":"ApiCallAttempt","Service":"S3","Api":"GetObject"} {"Version":1,"Type":"ApiCall","Service":"S3","Api":"GetObject","Region":"eu-central-1","FinalHttpStatusCode":200}`,
		"trail":  `{"Records":[{"eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","recipientAccountId":"111122223333","requestParameters":{"bucketName":"media","key":"a"},"userIdentity":{"arn":"arn:aws:sts::111122223333:assumed-role/web/1","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/team/web"}}}}]}`,
		"action": `{"action":"s3:GetObject","resource":"arn:aws:s3:::media/a","region":"eu-central-1"}`,
	} {
		calls, err := synth.ReadCalls([]byte(text))
		if err != nil || len(calls) != 1 || calls[0].Region != "eu-central-1" {
			t.Errorf("%s: ReadCalls() = %+v, %v, want one call in eu-central-1", name, calls, err)
			continue
		}
		programs, err := synth.FromCalls(calls, synth.Recording{Place: place})
		if err != nil || len(programs) != 1 || !slices.Equal(programs[0].Allowed(), []string{"s3:GetObject"}) {
			t.Errorf("%s: FromCalls() = %+v, %v, want s3:GetObject", name, programs, err)
		}
	}
}

func TestReadCallsSaysWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\"call\": \"S3.GetObject\"}\n{\"call\": }": "line 2: not JSON",
		"{\"call\": \"S3.GetObject\"}\n\n{\"x\": 1}": `line 3: it has neither "call" nor "action"`,
		`[{"call": 1}]`: "call 0",
		`"text"`:        "line 1",
	} {
		if _, err := synth.ReadCalls([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadCalls(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestGeneraliseKeepsTheBucketAndAccount(t *testing.T) {
	t.Parallel()
	var calls []synth.Call
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		calls = append(calls,
			synth.Call{Name: "S3.GetObject", Parameters: map[string]any{"Bucket": "media", "Key": "raw/" + key}},
			synth.Call{Name: "S3.GetObject", Parameters: map[string]any{"Bucket": "media-" + key, "Key": "x"}},
			synth.Call{Action: "iam:PutRolePolicy", Resource: "arn:aws:iam::111122223333:role/app-" + key},
			synth.Call{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-central-1:111122223333:jobs-" + key},
		)
	}
	programs, err := synth.FromCalls(calls, synth.Recording{Place: place})
	if err != nil {
		t.Fatal(err)
	}
	resources := map[string][]string{}
	for _, s := range programs[0].Policies[0].Statements {
		for _, a := range s.Actions.Values {
			resources[a] = append(resources[a], s.Resources.Values...)
		}
	}
	for _, r := range resources {
		slices.Sort(r)
	}
	want := map[string][]string{
		"s3:GetObject": {
			"arn:aws:s3:::media-a/x", "arn:aws:s3:::media-b/x", "arn:aws:s3:::media-c/x", "arn:aws:s3:::media-d/x", "arn:aws:s3:::media-e/x",
			"arn:aws:s3:::media/raw/*",
		},
		// Writing permissions is never widened.
		"iam:PutRolePolicy": {
			"arn:aws:iam::111122223333:role/app-a", "arn:aws:iam::111122223333:role/app-b", "arn:aws:iam::111122223333:role/app-c",
			"arn:aws:iam::111122223333:role/app-d", "arn:aws:iam::111122223333:role/app-e",
		},
		"sqs:SendMessage": {"arn:aws:sqs:eu-central-1:111122223333:jobs-*"},
	}
	if diff := cmp.Diff(want, resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}

// TestHostileParametersDoNotBecomeWildcards: a key named "*" is that key.
func TestHostileParametersDoNotBecomeWildcards(t *testing.T) {
	t.Parallel()
	programs, err := synth.FromCalls([]synth.Call{{Name: "S3.DeleteObject", Parameters: map[string]any{"Bucket": "media", "Key": "*"}}}, synth.Recording{Place: place})
	if err != nil {
		t.Fatal(err)
	}
	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(programs[0].Policies[0])}}
	for resource, want := range map[string]bool{"arn:aws:s3:::media/*": true, "arn:aws:s3:::media/other": false} {
		d := set.Decide(&iam.Request{
			Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/u", Account: "111122223333"},
			Action:    "s3:DeleteObject", Resource: resource, ResourceAccount: "111122223333",
		})
		if d.Allowed() != want {
			t.Errorf("s3:DeleteObject on %s: allowed %v, want %v", resource, d.Allowed(), want)
		}
	}
}

func TestUnusedIsAllowedAndNeverCalled(t *testing.T) {
	t.Parallel()
	programs, err := synth.FromCalls([]synth.Call{{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-central-1:111122223333:jobs"}}, synth.Recording{Place: place})
	if err != nil {
		t.Fatal(err)
	}
	old, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:*Message","s3:GetObject"],"Resource":"*"}]}`), iam.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"s3:GetObject", "sqs:DeleteMessage", "sqs:ReceiveMessage"}
	if got := programs[0].Unused([]*iam.Policy{old}); !slices.Equal(got, want) {
		t.Errorf("Unused() = %q, want %q", got, want)
	}
}

func FuzzReadCalls(f *testing.F) {
	f.Add([]byte(recording))
	f.Add([]byte(`{"Records":[{"eventSource":"s3.amazonaws.com","eventName":"GetObject","resources":[{"ARN":"arn:aws:s3:::b"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		calls, err := synth.ReadCalls(data)
		if err != nil {
			return
		}
		programs, err := synth.FromCalls(calls, synth.Recording{Place: place})
		if err != nil {
			return
		}
		for _, p := range programs {
			for _, policy := range p.Policies {
				if _, err := iam.Parse(iam.Format(policy, iam.FormatOptions{}), iam.ParseOptions{}); err != nil {
					t.Errorf("what was written is no policy: %v", err)
				}
			}
		}
	})
}
