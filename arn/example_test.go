package arn_test

import (
	"fmt"

	"github.com/berth-project/berth/arn"
)

func ExampleParse() {
	a, err := arn.Parse("arn:aws:iam::123456789012:role/team/app")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Service, a.Account, a.ResourceType(), a.ResourceID())

	_, err = arn.Parse("arn:aws:s3:my-bucket")
	fmt.Println(err)
	// Output:
	// iam 123456789012 role team/app
	// arn "arn:aws:s3:my-bucket" ends before its account: write arn:partition:service:region:account:resource
}

// The two rules of the language differ.
func ExampleMatchResource() {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:jobs"
	fmt.Println(arn.MatchResource("arn:aws:sqs:*:jobs", queue))
	fmt.Println(arn.Match("arn:aws:sqs:*:jobs", queue))
	// Output:
	// true
	// false
}

func ExampleTemplate_Overlaps() {
	bucket := arn.Template{Text: "arn:${Partition}:s3:::${BucketName}", Narrow: []string{"BucketName"}}
	fmt.Println(bucket.Overlaps("arn:aws:s3:::photos*"))
	fmt.Println(bucket.Overlaps("arn:aws:s3:::photos/*"))
	// Output:
	// true
	// false
}
