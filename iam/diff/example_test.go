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
	//       by          statement 0 Media of document 0 of B
	//       such as     s3:DeleteObject on arn:aws:s3:::media/uploads/example with aws:SecureTransport=true
	//
	// Lost
	//   - s3:GetObject, s3:PutObject
	//       on          arn:aws:s3:::media/*
	//       if          Bool aws:SecureTransport true
	//       levels      1 Write, 1 Read
	//       by          statement 0 Media of document 0 of A
	//       such as     s3:GetObject on arn:aws:s3:::media/example with aws:SecureTransport=true
}
