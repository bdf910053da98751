package iam_test

import (
	"fmt"

	"github.com/berth-project/berth/iam"
)

func ExampleRead() {
	text := []byte(`{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "allow",
    "Action": ["s3:GetObject", "GetBucket"],
    "Resources": "arn:aws:s3:::media/*"
  }]
}`)
	_, problems := iam.Read(text, iam.ParseOptions{Kind: iam.IdentityPolicy})
	for _, p := range problems {
		fmt.Println(p.Span.Start, p.Code, p.Path)
		fmt.Println("     ", p.Message)
		fmt.Println("     ", p.Help)
	}
	// Output:
	// 3:17 MISSING_RESOURCE Statement[0]
	//       statement has neither Resource nor NotResource
	//       add "Resource": [...]
	// 4:15 INVALID_EFFECT Statement[0].Effect
	//       effect "allow" does not exist
	//       write "Allow"
	// 5:32 INVALID_ACTION Statement[0].Action[1]
	//       action "GetBucket" has no service
	//       write it as "service:Name", such as "s3:GetObject"
	// 6:5 INVALID_POLICY_ELEMENT Statement[0].Resources
	//       element "Resources" does not exist
	//       write "Resource"
}

// A stored document may have what the vendor no longer takes. A lenient reader
// takes it where it is clear what it means, and nothing else.
func ExampleParse() {
	deleted := []byte(`{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "deleted"}}}`)
	twice := []byte(`{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}}`)

	_, err := iam.Parse(deleted, iam.ParseOptions{Kind: iam.TrustPolicy})
	fmt.Println(err)
	_, err = iam.Parse(deleted, iam.ParseOptions{Kind: iam.TrustPolicy, Lenient: true})
	fmt.Println(err)
	_, err = iam.Parse(twice, iam.ParseOptions{Kind: iam.TrustPolicy, Lenient: true})
	fmt.Println(err)
	// Output:
	// 1:84: INVALID_PRINCIPAL_FORMAT: principal "deleted" is neither an ARN nor an account (write the ARN of a role, user or session, or 12 digits)
	// <nil>
	// 1:35: DUPLICATE_KEYS: "Effect" is there twice, first at 1:16 (remove one of the two)
}

func ExampleFormat() {
	p, err := iam.Parse([]byte(`{"Statement":{"Resource":["*"],"Action":["sqs:SendMessage","sqs:GetQueueUrl"],"Effect":"Allow"},"Version":"2012-10-17"}`), iam.ParseOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", iam.Format(p, iam.FormatOptions{Canonical: true, Compact: true}))
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": {
	//     "Effect": "Allow",
	//     "Action": [
	//       "sqs:GetQueueUrl",
	//       "sqs:SendMessage"
	//     ],
	//     "Resource": "*"
	//   }
	// }
}

func ExamplePolicy_Normal() {
	p, err := iam.Parse([]byte(`{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}`), iam.ParseOptions{Kind: iam.TrustPolicy})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", iam.Format(p.Normal(), iam.FormatOptions{Minify: true}))
	// Output:
	// {"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Action":["sts:AssumeRole"]}]}
}

func ExampleSize() {
	text := []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}}`)
	q, _ := iam.QuotaFor(iam.IdentityPolicy, "")
	fmt.Printf("%d of %d characters of a %s\n", iam.Size(text, iam.IdentityPolicy), q.Limit, q.Name)
	// Output:
	// 113 of 6144 characters of a managed policy
}
