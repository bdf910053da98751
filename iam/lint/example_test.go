package lint_test

import (
	"fmt"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

const queuePolicy = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "",
    "Effect": "Allow",
    "Action": ["sqs:SendMessage", "sqs:SendMessageBatch", "sqs:SendMessage"],
    "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"
  }]
}
`

func ExamplePolicy() {
	policy, problems := iam.Read([]byte(queuePolicy), iam.ParseOptions{Kind: iam.IdentityPolicy})
	for _, f := range lint.Policy(policy, problems, lint.Options{Now: time.Now()}) {
		fmt.Printf("%d:%d: %s %s: %s\n", f.Span.Start.Line, f.Span.Start.Column, f.Severity, f.Code, f.Message)
	}
	// Output:
	// 4:12: suggestion EMPTY_SID_VALUE: the statement's name is empty
	// 6:35: error INVALID_ACTION: sqs has no action "SendMessageBatch"
	// 6:59: suggestion REDUNDANT_ACTION: sqs:SendMessage is listed twice
}

func ExampleMend() {
	policy, problems := iam.Read([]byte(queuePolicy), iam.ParseOptions{Kind: iam.IdentityPolicy})
	findings := lint.Policy(policy, problems, lint.Options{Now: time.Now()})
	fixed, mended, err := lint.Mend([]byte(queuePolicy), findings, lint.SafeFixes)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range mended {
		fmt.Println(f.Fix.Description)
	}
	fmt.Print(string(fixed))
	// Output:
	// remove the empty name
	// remove it, the statement lists what is meant
	// remove sqs:SendMessage
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [{
	//     "Effect": "Allow",
	//     "Action": ["sqs:SendMessage"],
	//     "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"
	//   }]
	// }
}

func ExampleSet() {
	read := func(text string) *iam.Policy {
		policy, _ := iam.Read([]byte(text), iam.ParseOptions{Kind: iam.IdentityPolicy})
		return policy
	}
	attached := lint.Attached{Policies: []*iam.Policy{
		read(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}}`),
		read(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}}`),
	}}
	for _, f := range lint.Set(attached, lint.Options{}) {
		if f.Code == "SEC_PRIVILEGE_ESCALATION" {
			fmt.Println("policy", f.Policy, f.Path)
		}
	}
	// Output:
	// policy 0 Statement[0]
}

func ExampleExplain() {
	code, _ := lint.Explain("MFA_BOOL_WITHOUT_IFEXISTS")
	fmt.Println(code.Severity, code.Level)
	fmt.Println(code.Title)
	// Output:
	// security high
	// the MFA guard lets access keys pass
}

func ExampleThreshold() {
	fails, err := lint.ParseThreshold("security:high")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fails.Reached(lint.Finding{Severity: lint.Error, Level: lint.Low}))
	fmt.Println(fails.Reached(lint.Finding{Severity: lint.Security, Level: lint.Medium}))
	// Output:
	// true
	// false
}
