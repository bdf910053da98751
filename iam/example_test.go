package iam_test

import (
	"fmt"

	"github.com/berth-project/berth/iam"
)

// The principal of the examples.
var app = iam.Principal{
	Kind:    iam.AssumedRole,
	ARN:     "arn:aws:sts::111122223333:assumed-role/App/web-1",
	RoleARN: "arn:aws:iam::111122223333:role/App",
	Account: "111122223333",
}

func ExamplePolicySet_Decide() {
	policy, err := iam.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Effect": "Allow",
			"Action": "s3:GetObject",
			"Resource": "arn:aws:s3:::media/${aws:PrincipalTag/team}/*"
		}
	}`), iam.ParseOptions{Kind: iam.InlineRolePolicy})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(policy)}}

	for _, key := range []string{"blue/logo.png", "red/logo.png"} {
		d := set.Decide(&iam.Request{
			Principal:       app,
			Action:          "s3:GetObject",
			Resource:        "arn:aws:s3:::media/" + key,
			ResourceAccount: "111122223333",
			Context:         iam.NewContext(map[string]string{"aws:PrincipalTag/team": "blue"}),
		})
		fmt.Println(key, d.Outcome, d.Reason)
	}
	// Output:
	// blue/logo.png Allow allow-identity
	// red/logo.png ImplicitDeny implicit-deny-no-allow
}

func ExamplePolicySet_Explain() {
	policy, err := iam.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": [
			{"Sid": "Work", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
			 "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"},
			{"Sid": "Report", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*",
			 "Condition": {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}
		]
	}`), iam.ParseOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.CompileNamed("Worker", policy)}}
	fmt.Print(set.Explain(&iam.Request{
		Principal: app, Action: "s3:PutObject", Resource: "arn:aws:s3:::reports/2024.csv", ResourceAccount: "111122223333",
	}))
	// Output:
	// ImplicitDeny (implicit-deny-no-allow): arn:aws:sts::111122223333:assumed-role/App/web-1 may not s3:PutObject on arn:aws:s3:::reports/2024.csv
	//   scp:      none is attached
	//   rcp:      none is attached
	//   endpoint: the request came through no endpoint with a policy
	//   resource: the resource has no policy
	//   identity: no statement of the policy allows it
	//   boundary: none is set
	//   session:  none was passed
	// Nearest to allowing it:
	//   identity[0] Worker, statement 1 "Report"
	//     Condition StringEquals s3:x-amz-server-side-encryption: wants "aws:kms", the request does not have the key
	//   identity[0] Worker, statement 0 "Work"
	//     Action: wants "sqs:SendMessage" or "sqs:ReceiveMessage", the request has "s3:PutObject"
	//     Resource: wants "arn:aws:sqs:eu-west-1:111122223333:jobs", the request has "arn:aws:s3:::reports/2024.csv"
}

// A Deny is answered with what it asks about, which is the way out of it.
func ExamplePolicySet_Explain_deny() {
	guard, err := iam.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": [
			{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
			{"Sid": "OnlyWithMFA", "Effect": "Deny", "Action": "*", "Resource": "*",
			 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
		]
	}`), iam.ParseOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(guard)}}
	x := set.Explain(&iam.Request{
		Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/dev", Account: "111122223333"},
		Action:    "ec2:TerminateInstances", Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", ResourceAccount: "111122223333",
	})
	fmt.Print(x)
	fmt.Println(x.Message())
	// Output:
	// ExplicitDeny (explicit-deny-identity): arn:aws:iam::111122223333:user/dev may not ec2:TerminateInstances on arn:aws:ec2:eu-west-1:111122223333:instance/i-1
	//   scp:      none is attached
	//   rcp:      none is attached
	//   endpoint: the request came through no endpoint with a policy
	//   resource: the resource has no policy
	//   identity: identity[0], statement 1 "OnlyWithMFA" denies it
	//   boundary: none is set
	//   session:  none was passed
	// The Deny holds because:
	//   Condition BoolIfExists aws:MultiFactorAuthPresent "false": the request does not have the key
	// User: arn:aws:iam::111122223333:user/dev is not authorized to perform: ec2:TerminateInstances on resource: arn:aws:ec2:eu-west-1:111122223333:instance/i-1 with an explicit deny in an identity-based policy
}

// Whether a role can be assumed is a request like any other: the trust policy is
// the policy of the resource, and must allow in every case.
func ExamplePolicySet_trust() {
	trust, err := iam.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::444455556666:root"},
			"Action": "sts:AssumeRole",
			"Condition": {"StringEquals": {"sts:ExternalId": "acme-7f3a"}}
		}
	}`), iam.ParseOptions{Kind: iam.TrustPolicy})
	if err != nil {
		fmt.Println(err)
		return
	}
	own, err := iam.Parse([]byte(`{
		"Version": "2012-10-17",
		"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/Deploy"}
	}`), iam.ParseOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := &iam.PolicySet{
		Identity: []*iam.Compiled{iam.Compile(own)},
		Resource: iam.Compile(trust),
		Target:   iam.RoleTrust,
	}
	for _, id := range []string{"acme-7f3a", "guess"} {
		d := set.Decide(&iam.Request{
			Principal: iam.Principal{
				Kind: iam.AssumedRole, ARN: "arn:aws:sts::444455556666:assumed-role/Deployer/d1",
				RoleARN: "arn:aws:iam::444455556666:role/Deployer", Account: "444455556666",
			},
			Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/Deploy", ResourceAccount: "111122223333",
			Context: iam.NewContext(map[string]string{"sts:ExternalId": id}),
		})
		fmt.Println(id, d.Reason)
	}
	// Output:
	// acme-7f3a allow-cross-account
	// guess implicit-deny-trust
}

func ExampleDeriveContext() {
	ctx := iam.DeriveContext(iam.Facts{
		Principal: app,
		Caller:    iam.CallerFacts{UniqueID: "AROAEXAMPLE", Tags: map[string]string{"team": "blue"}},
		Call:      iam.CallFacts{TLS: true, Region: "eu-west-1"},
	})
	ctx.Set("s3:prefix", "home/") // what only the service knows
	for _, key := range ctx.Keys() {
		v, _ := ctx.Get(key)
		fmt.Println(key, v.Values)
	}
	// Output:
	// aws:principalaccount [111122223333]
	// aws:principalarn [arn:aws:iam::111122223333:role/App]
	// aws:principalisawsservice [false]
	// aws:principaltag/team [blue]
	// aws:principaltype [AssumedRole]
	// aws:requestedregion [eu-west-1]
	// aws:securetransport [true]
	// aws:userid [AROAEXAMPLE:web-1]
	// aws:viaawsservice [false]
	// s3:prefix [home/]
}

func ExampleCache() {
	cache := iam.NewCache(1000)
	stored := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}}`)
	for range 3 { // once for each request
		policy, err := cache.Compile(stored, iam.ParseOptions{Kind: iam.ResourcePolicy, ResourceType: "s3:bucket", Lenient: true})
		if err != nil {
			fmt.Println(err)
			return
		}
		set := &iam.PolicySet{Resource: policy.Named("site")}
		fmt.Println(set.Decide(&iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::site/index.html", ResourceAccount: "111122223333"}).Outcome)
	}
	// Output:
	// Allow
	// Allow
	// Allow
}
