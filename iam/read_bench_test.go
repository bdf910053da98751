package iam_test

import (
	"testing"

	"github.com/berth-project/berth/iam"
)

// rolePolicy is of the size and kind of which an account has thousands.
const rolePolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Queue",
      "Effect": "Allow",
      "Action": ["sqs:GetQueueUrl", "sqs:SendMessage"],
      "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"
    },
    {
      "Sid": "Media",
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject"],
      "Resource": ["arn:aws:s3:::media/${aws:PrincipalTag/team}/*", "arn:aws:s3:::static/*"],
      "Condition": {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}
    }
  ]
}`

// BenchmarkParse is one policy; an account of 10,000 roles is twice that many.
func BenchmarkParse(b *testing.B) {
	text := []byte(rolePolicy)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := iam.Parse(text, iam.ParseOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	p, err := iam.Parse([]byte(rolePolicy), iam.ParseOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		iam.Format(p, iam.FormatOptions{})
	}
}
