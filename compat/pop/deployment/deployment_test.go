package deployment_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/compat/pop/deployment"
	"github.com/berth-project/berth/iam"
)

var names = deployment.Names{Region: "us-east-1", Account: "111122223333", Stage: "prod", QueuePrefix: "pop"}

// document is a policy as it is written.
type document struct {
	Version   string
	Statement []struct {
		Sid, Effect      string
		Action, Resource []string
	}
}

func policyOf(t *testing.T, r deployment.Role) document {
	t.Helper()
	text, err := r.Document(names)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// denied lists the calls of a role that a policy does not allow.
func denied(t *testing.T, r deployment.Role, d document) []deployment.Call {
	t.Helper()
	d.Statement = slices.Clone(d.Statement)
	for i := range d.Statement { // a statement must have actions
		if len(d.Statement[i].Action) == 0 {
			d.Statement = slices.Delete(d.Statement, i, i+1)
			break
		}
	}
	set := &iam.PolicySet{}
	if len(d.Statement) > 0 {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		policy, err := iam.Parse(text, iam.ParseOptions{Kind: iam.InlineRolePolicy})
		if err != nil {
			t.Fatalf("policy of %s: %v", r.Name, err)
		}
		set.Identity = []*iam.Compiled{iam.Compile(policy)}
	}
	return deniedBy(set, r)
}

func deniedBy(set *iam.PolicySet, r deployment.Role) []deployment.Call {
	var calls []deployment.Call
	for _, c := range r.Calls(names) {
		decision := set.Decide(&iam.Request{
			Principal: iam.Principal{
				Kind: iam.AssumedRole, Account: names.Account,
				ARN:     "arn:aws:sts::" + names.Account + ":assumed-role/" + r.Name + "/function",
				RoleARN: "arn:aws:iam::" + names.Account + ":role/" + r.Name,
			},
			Action: c.Action, Resource: c.Resource, ResourceAccount: names.Account,
		})
		if !decision.Allowed() {
			calls = append(calls, c)
		}
	}
	return calls
}

// Acceptance check 7: nothing that the parts of a deployment call is denied, and
// without any one action something is.
func TestAcceptance7PoliciesAllowWhatIsCalledAndNoMore(t *testing.T) {
	t.Parallel()
	actions := 0
	for _, r := range deployment.Roles() {
		d := policyOf(t, r)
		if calls := denied(t, r, d); calls != nil {
			t.Errorf("%s: denied %v", r.Name, calls)
		}
		for i := range d.Statement {
			for k, action := range d.Statement[i].Action {
				actions++
				less := d
				less.Statement = slices.Clone(d.Statement)
				less.Statement[i].Action = slices.Delete(slices.Clone(d.Statement[i].Action), k, k+1)
				if denied(t, r, less) == nil {
					t.Errorf("%s: nothing needs %s in statement %s", r.Name, action, d.Statement[i].Sid)
				}
			}
		}
	}
	if actions < 50 {
		t.Errorf("%d actions were taken away, want at least 50", actions)
	}
}

// Every resource that a policy names must be needed as well.
func TestPoliciesNameNoResourceInVain(t *testing.T) {
	t.Parallel()
	for _, r := range deployment.Roles() {
		d := policyOf(t, r)
		for i := range d.Statement {
			for k, resource := range d.Statement[i].Resource {
				less := d
				less.Statement = slices.Clone(d.Statement)
				less.Statement[i].Resource = slices.Delete(slices.Clone(d.Statement[i].Resource), k, k+1)
				if len(less.Statement[i].Resource) == 0 {
					less.Statement[i].Action = nil
				}
				if denied(t, r, less) == nil {
					t.Errorf("%s: nothing needs %s in statement %s", r.Name, resource, d.Statement[i].Sid)
				}
			}
		}
	}
}

// What POP's own instructions grant and these policies must not.
func TestPoliciesRefuse(t *testing.T) {
	t.Parallel()
	table := "arn:aws:dynamodb:us-east-1:111122223333:table/"
	for _, c := range []struct{ role, action, resource string }{
		{"UnifiedEndpoint", "dynamodb:DeleteTable", table + "POP-Agenda-prod"},
		{"UnifiedEndpoint", "dynamodb:UpdateTable", table + "POP-Agenda-prod"},
		{"UnifiedEndpoint", "dynamodb:GetItem", table + "POP-Agenda-test"},
		{"UnifiedEndpoint", "dynamodb:GetItem", table + "Other"},
		{"UnifiedEndpoint", "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:111122223333:pop-encoders-prod"},
		{"ResourcePoolEndpoint", "dynamodb:Scan", table + "POP-Agenda-prod"},
		{"ResourcePoolEndpoint", "sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:pop-encoders-prod"},
		{"ResourcePoolEndpoint", "sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:111122223333:pop-encoders-test"},
		{"SchedulerMaster", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:111122223333:function:POP-Reaper:prod"},
		{"SchedulerQueue", "kinesis:GetRecords", "arn:aws:kinesis:us-east-1:111122223333:stream/x"},
		{"SchedulerQueue", "dynamodb:GetItem", table + "POP-Agenda-prod"},
		{"RetryCallback", "dynamodb:UpdateItem", table + "POP-ProgressAgenda-prod"},
		{"Reclaimer", "dynamodb:UpdateItem", table + "POP-ProgressAgenda-prod"},
		{"Reaper", "dynamodb:BatchWriteItem", table + "POP-Customer-prod"},
		{"Authorizer", "dynamodb:GetItem", table + "POP-Customer-prod"},
		{"Authorizer", "logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/POP-Reaper:log-stream:x"},
	} {
		i := slices.IndexFunc(deployment.Roles(), func(r deployment.Role) bool { return r.Name == c.role })
		policy, err := deployment.Roles()[i].Policy(names)
		if err != nil {
			t.Fatal(err)
		}
		set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(policy)}}
		d := set.Decide(&iam.Request{
			Principal: iam.Principal{Kind: iam.AssumedRole, Account: names.Account, ARN: "arn:aws:sts::111122223333:assumed-role/x/y"},
			Action:    c.action, Resource: c.resource, ResourceAccount: names.Account,
		})
		if d.Allowed() {
			t.Errorf("%s may %s on %s", c.role, c.action, c.resource)
		}
	}
}

func TestTrustIsForLambdaOfThisAccount(t *testing.T) {
	t.Parallel()
	text, err := deployment.Trust(names)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := iam.Parse(text, iam.ParseOptions{Kind: iam.TrustPolicy})
	if err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]bool{names.Account: true, "999999999999": false} {
		set := &iam.PolicySet{Resource: iam.Compile(policy), Target: iam.RoleTrust}
		d := set.Decide(&iam.Request{
			Principal: iam.Principal{Kind: iam.ServicePrincipal, Service: "lambda.amazonaws.com"},
			Action:    "sts:AssumeRole", Resource: "arn:aws:iam::" + names.Account + ":role/UnifiedEndpoint", ResourceAccount: names.Account,
			Context: iam.NewContext(map[string]string{"aws:SourceAccount": account}),
		})
		if d.Allowed() != want {
			t.Errorf("Lambda on behalf of %s: allowed %t, want %t", account, d.Allowed(), want)
		}
	}
}

func ExampleRole_Document() {
	for _, r := range deployment.Roles() {
		if r.Name != "Reclaimer" {
			continue
		}
		text, err := r.Document(deployment.Names{Region: "us-east-1", Account: "111122223333", Stage: "prod", QueuePrefix: "pop"})
		if err != nil {
			panic(err)
		}
		fmt.Println(strings.Join(strings.Fields(string(text)), " "))
	}
	// Output:
	// { "Version": "2012-10-17", "Statement": [ { "Sid": "Silent", "Effect": "Allow", "Action": [ "dynamodb:Scan" ], "Resource": [ "arn:aws:dynamodb:us-east-1:111122223333:table/POP-ProgressAgenda-prod" ] }, { "Sid": "OwnLog", "Effect": "Allow", "Action": [ "logs:CreateLogStream", "logs:PutLogEvents" ], "Resource": [ "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/POP-Reclaimer:*" ] } ] }
}
