package diff_test

import (
	"fmt"
	"log"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

func parse(text string) []*iam.Policy {
	p, err := iam.Parse([]byte(text), iam.ParseOptions{})
	if err != nil {
		log.Fatal(err)
	}
	return []*iam.Policy{p}
}

func ExampleCompare() {
	before := parse(`{"Version": "2012-10-17", "Statement": {
		"Sid": "Media", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::media/*",
		"Condition": {"Bool": {"aws:SecureTransport": "true"}}}}`)
	after := parse(`{"Version": "2012-10-17", "Statement": {
		"Sid": "Media", "Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::media/uploads/*",
		"Condition": {"Bool": {"aws:SecureTransport": "true"}}}}`)
	fmt.Print(diff.Compare(before, after, diff.Options{}))
	// Output:
	// B grants something that A does not, and lacks something that A grants: adds 3 Write; removes 1 Write, 1 Read.
	//
	// Gained
	//   + s3:DeleteObject, s3:ReplicateObject, s3:RestoreObject, actions of s3:*Object that are not known
	//       on          arn:aws:s3:::media/uploads/*
	//       if          Bool aws:SecureTransport true
	//       levels      3 Write
	//       by          Statement[0] Media of B
	//       such as     s3:DeleteObject on arn:aws:s3:::media/uploads/example with aws:SecureTransport=true
	//
	// Lost
	//   - s3:GetObject, s3:PutObject
	//       on          arn:aws:s3:::media/*
	//       if          Bool aws:SecureTransport true
	//       levels      1 Write, 1 Read
	//       by          Statement[0] Media of A
	//       such as     s3:GetObject on arn:aws:s3:::media/example with aws:SecureTransport=true
}

func ExampleRule_Check() {
	before := parse(`{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}}`)
	after := parse(`{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:DeleteObject"], "Resource": "*"}}`)
	for _, text := range []string{"new-access:write", "access:iam:PassRole,s3:Delete*"} {
		rule, err := diff.ParseRule(text)
		if err != nil {
			log.Fatal(err)
		}
		violations, err := rule.Check(before, after, diff.Options{})
		if err != nil {
			log.Fatal(err)
		}
		for _, v := range violations {
			fmt.Println(v)
		}
	}
	// Output:
	// new-access:Write: Statement[0] of B grants s3:DeleteObject, such as s3:DeleteObject on arn:aws:s3:::example/example
	// access:iam:PassRole,s3:Delete*: Statement[0] of B grants s3:DeleteObject, such as s3:DeleteObject on arn:aws:s3:::example/example
}

func ExampleMinimise() {
	policies := parse(`{"Version": "2012-10-17", "Statement": [
		{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectTagging"], "Resource": "arn:aws:s3:::media/*"},
		{"Effect": "Allow", "Action": "s3:PutObject", "Resource": ["arn:aws:s3:::media/*", "arn:aws:s3:::media/uploads/*"]},
		{"Sid": "Thumbnail", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/thumbnails/*"}]}`)
	m, err := diff.Minimise(policies, diff.MinimiseOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range m.Steps {
		fmt.Println(s)
	}
	fmt.Printf("%s", iam.Format(m.Policies[0], iam.FormatOptions{Compact: true}))
	// Output:
	// Statement[2] Thumbnail: removed: what it allows, other statements allow or deny
	// Statement[1]: removed resource arn:aws:s3:::media/uploads/*: what it allows, other statements allow or deny
	// Statement[1]: merged into Statement[0] Read, which is the same but for its actions
	// {
	//   "Version": "2012-10-17",
	//   "Statement": {
	//     "Sid": "Read",
	//     "Effect": "Allow",
	//     "Action": [
	//       "s3:GetObject",
	//       "s3:GetObjectTagging",
	//       "s3:PutObject"
	//     ],
	//     "Resource": "arn:aws:s3:::media/*"
	//   }
	// }
}
