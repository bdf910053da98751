package lint

// deadCodes are about what can never apply. On an Allow the policy does not
// work; on a Deny it is worse: the guard that is read in it is not there, so
// those findings are raised as Security.
var deadCodes = []Code{
	{"DEAD_WILDCARD_NO_MATCH", Error, Medium, "a pattern that matches no action", `
The service is known and has no action that the pattern matches, so it grants or denies nothing. Often it is the name of an API operation that another
action covers: batches of messages are authorised as sqs:SendMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility. Correct it or remove it.
`},
	{"DEAD_ACTION_RESOURCE_MISMATCH", Error, High, "an action on resources it does not work on", `
None of the statement's resources can be what the action works on, so the action is never allowed (or denied) by it. The classic is s3:ListBucket, which works
on the bucket, beside s3:GetObject, which works on objects. An action that takes no resource needs "*". Give each its own:

	{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::media"},
	{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}

Of a pattern that stands for many actions the level is low where some of them work.
`},
	{"DEAD_BUCKET_NAME", Error, High, "a bucket that cannot exist", `
A bucket's name has 3 to 63 characters, lower-case letters, digits, "." and "-", and begins and ends with a letter or a digit (S3 User Guide, "Bucket
naming rules"). Since 2018 no bucket with another name can be created in any region, so the pattern matches nothing but a relic.
`},
	{"DEAD_ARN_ID_FORMAT", Error, High, "an identifier that cannot exist", `
Resources of this type are named by an identifier of a fixed form that the service assigns, and this is not one: mostly it is the name somebody gave the
resource. ARNs with a name match nothing:

	"Resource": "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0123456789abcdef0"

A secret's ARN ends with six characters the service adds; leave them open: "secret:prod/db-??????".
`},
	{"DEAD_DATE_EXPIRED", Error, High, "a time that has passed", `
The statement applies before a moment that is past, or within a window that ends before it begins, and never again. There is no operator for hours of the
day: a window has a date at both ends. Remove the statement, or give it a new time.
`},
	{"DEAD_CONDITION_CONTRADICTION", Error, Medium, "conditions that cannot all hold", `
All conditions of a statement must hold together, and these cannot: one key has to have two values, be absent and equal something, lie in an empty range,
or be a key that none of the statement's actions carries. The level is low where the key is missing for some of the actions only: those are never
reached. Values that are alternatives belong in one list:

	"Condition": {"StringEquals": {"aws:PrincipalTag/team": ["blue", "red"]}}
`},
	{"DEAD_SHADOWED_BY_DENY", Warning, Medium, "allowed here and denied elsewhere", `
A Deny without conditions covers what this allows, and a Deny always wins. Remove what has no effect, or narrow the Deny. The level is low where
one action of several is denied.
`},
	{"DEAD_PRINCIPAL_UNKNOWN", Error, Low, "a principal that was deleted", `
The service writes a principal's internal ID (AIDA..., AROA...) in place of its ARN when the user or role was deleted. It matches nobody, also not a new
one of the same name. Remove it, or put the new one's ARN.
`},
}
