package lint

// privilegeCodes are about statements that grant more than anyone needs.
var privilegeCodes = []Code{
	{"LP_ADMIN_STAR", Security, Critical, "everything is allowed", `
"Action": "*" on "Resource": "*" makes an administrator: of data, of users, of billing, of this very policy. No program needs that. Start from what it
calls, statement by statement:

	{"Effect": "Allow", "Action": ["sqs:GetQueueUrl", "sqs:SendMessage"], "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"}
`},
	{"LP_SERVICE_WILDCARD", Warning, Medium, "all actions of a service are allowed", `
The pattern stands for all a service can do: deleting, sharing, switching protection off, and whatever the vendor adds next year. List what is needed;
"berth iam synth" writes the list from declared needs or from recorded calls. The level is high for services that hold permissions, keys, secrets or
the bulk of the data.

	"Action": ["s3:GetObject", "s3:PutObject"]
`},
	{"LP_ACTION_WILDCARD", Suggestion, Low, "a pattern stands for several actions", `
The detail lists what the pattern stands for today, by access level; the vendor adds to it without telling you. Where it stands for one action only it
saves nothing. The level is high where the pattern reaches actions that change permissions. Write the list:

	"Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
`},
	{"LP_WILDCARD_REACHES_DESTRUCTIVE", Warning, High, "a pattern reaches actions that destroy or expose", `
The pattern reads like everyday work and also stands for actions that delete what holds the data, or that change who may reach it: dynamodb:*Table
includes DeleteTable. Who writes such a pattern rarely means that. List the actions:

	"Action": ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem"]
`},
	{"LP_RESOURCE_STAR", Warning, Medium, "all resources, where the actions take named ones", `
The statement applies to every resource of the account although its actions can be limited to some. The detail says which action takes which ARN; put those
in place of "*". The level goes by the worst access: high for changing permissions, medium for writing, low for reading. Actions that only list, and
actions that take no resource, do not count.

	"Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"
`},
	{"LP_RESOURCE_TOO_WIDE", Warning, Low, "an ARN with nothing filled in", `
The ARN names a type of resource and leaves everything else to wildcards, so it is "*" with more letters. Fill in the region, the account and the name:

	"Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"
`},
	{"LP_MIXED_STAR", Suggestion, Low, "actions that need \"*\" keep others from being limited", `
Some actions of the statement take no resource and need "Resource": "*"; others could be limited and are not, because they share the statement. Split it:

	{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
	{"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
	 "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/app"}
`},
	{"LP_NOT_ACTION_ALLOW", Warning, High, "everything but a few actions is allowed", `
An Allow with NotAction grants every action of every service that is not listed, the ones that do not exist yet included. List what is allowed. To take a few
actions from what another statement allows use Deny, where NotAction is a good guard:

	{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
`},
	{"LP_NOT_RESOURCE_ALLOW", Warning, High, "everything but a few resources is allowed", `
An Allow with NotResource grants its actions on every resource that is not listed, in the future too and on those other accounts share. List the resources, or
allow them and deny the few:

	{"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::secret", "arn:aws:s3:::secret/*"]}
`},
	{"LP_CROSS_PRODUCT", Suggestion, Low, "each action on each resource, though not each pair is meant", `
A statement grants all its actions on all its resources. Here some of those pairs mean nothing, or several different resources get reading and writing
alike because they share a statement. Write one statement for each set of resources that is used in the same way:

	{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::static/*"},
	{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::media/*"}
`},
	{"LP_UNUSED", Suggestion, Low, "allowed and never used", `
In the recorded calls nothing used this. If the record covers all the program does (rare jobs and error paths too), remove it.
`},
	{"LP_REGION_OPEN", Suggestion, Info, "the region is left open", `
The ARN has a wildcard for the region. Resources of the same name in other regions, also ones that someone else creates there, are included. Fill it in unless
the program works in several regions:

	"Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"
`},
	{"LP_ACCOUNT_OPEN", Suggestion, Info, "the account is left open", `
The ARN has a wildcard for the account, so a resource of that name in any account that lets you in is included: data can be written to a stranger's
queue. Fill it in, or compare aws:ResourceAccount:

	"Condition": {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
`},
	{"LP_PLACEHOLDER", Error, High, "a placeholder was not filled in", `
The value is text from a template or an article ("<ACCOUNT_ID>", "YOUR-BUCKET", "NAME OF THE GROUP") and matches nothing real. Put in what is meant.
`},
	{"LP_SHARED_ROLE", Suggestion, Info, "one policy for different jobs", `
Programs with different needs share this policy, so each has the permissions of the others too: a web server that only sends jobs could also delete them.
Where the roles and their needs are not known this is concluded from the policy: it both fills and empties a queue, creates tables and uses them, or
does the same to several stores. Give each program a role and a policy of its own:

	web:    ["sqs:GetQueueUrl", "sqs:SendMessage"]
	worker: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
`},
}
