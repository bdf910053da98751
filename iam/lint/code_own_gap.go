package lint

// gapCodes are about what a policy evidently wants to do and cannot, or only by
// half, because an action is missing or denied. They never name a danger; what the
// principal may do by other policies is not known here.
var gapCodes = []Code{
	{"GAP_MULTIPART_ABORT", Suggestion, Info, "may upload and not clean up", `
The SDKs upload large objects in parts. When that breaks off they abort it, which needs s3:AbortMultipartUpload; without it the parts stay, cost
money and show in no listing. Allow it where s3:PutObject is allowed, or let a lifecycle rule of the bucket remove incomplete uploads.

	"Action": ["s3:PutObject", "s3:AbortMultipartUpload"]
`},
	{"GAP_LIST_BUCKET", Suggestion, Info, "may read objects and not see which are there", `
Without s3:ListBucket on the bucket itself S3 answers 403 and not 404 for an object that is not there, so a program cannot tell a missing file from a missing
permission; and nothing can be listed. In a permissions boundary it is out of reach of every role below it.

	{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::media"}
`},
	{"GAP_DESCRIBE_MISSING", Suggestion, Info, "may change what it cannot look at", `
Automation that adds rules or routes first looks which are there, to find the right one and not to add it twice. The actions for that take no resource, so
they need a statement of their own:

	{"Effect": "Allow", "Action": ["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"], "Resource": "*"}
`},
	{"GAP_MESSAGE_DELETE", Suggestion, Info, "may receive messages and not finish them", `
A received message comes back when its visibility timeout ends unless it is deleted. Who receives without sqs:DeleteMessage works on the same messages
again and again, until they land in the dead-letter queue.

	"Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
`},
	{"GAP_GLOBAL_SERVICES", Warning, Medium, "a region rule that stops the global services", `
IAM, Organizations, Route 53, CloudFront and other services without regions answer in us-east-1 (in other partitions in a region of theirs), which
aws:RequestedRegion then holds. A Deny of every action outside a list of regions stops them too. Except them:

	{"Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "sts:*", "route53:*", "cloudfront:*", "support:*"], "Resource": "*",
	 "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}
`},
	{"GAP_REGISTRY_TOKEN", Suggestion, Info, "may pull images and not sign in", `
A client signs in to the registry with ecr:GetAuthorizationToken before it pulls or pushes. The action takes no resource, so it needs a statement of its own:

	{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
`},
}
