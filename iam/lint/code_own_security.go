package lint

// securityCodes are about statements that work and are dangerous.
var securityCodes = []Code{
	{"SEC_PUBLIC_PRINCIPAL", Security, High, "anyone may use the resource", `
The policy of a resource allows something to every principal of every account, and mostly to requests that are not signed at all. No condition
narrows that: one counts where it compares who is calling, or from where, by a positive operator, without IfExists and with a value that
leaves someone out. aws:SecureTransport, a referer, "*" and 0.0.0.0/0 leave nobody out. Name the principals, or limit the statement:

	"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
`},
	{"SEC_PUBLIC_WRITE", Security, Critical, "anyone may change the resource", `
As SEC_PUBLIC_PRINCIPAL, and what is allowed to everyone writes, tags or changes permissions: strangers can replace or delete what is stored, fill
it at your cost, or make themselves its owners. Take writing out of the public statement and allow it to named principals:

	"Principal": {"AWS": "arn:aws:iam::111122223333:role/upload"}
`},
	{"SEC_PRIVILEGE_ESCALATION", Security, High, "a way to gain more permissions", `
Together these actions let the holder make itself, or something it controls, as powerful as any role or user of the account, whatever its
own policies say. The detail names each way and the statements that open it. Deny statements and the permissions boundary are taken into account;
a way counts as closed where its resources or iam:PassedToService keep it within what is named. Remove one action of each way, or bound it:

	{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/batch",
	 "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}
`},
	{"SEC_RESOURCE_POLICY_WRITE", Security, High, "may share resources with other accounts", `
The actions write the policies of resources, and of all resources of their type: the holder can hand a table, a queue, a bucket or a key to any
account. Such actions hide in wildcards written before they existed (dynamodb:Put* reaches PutResourcePolicy). List the actions that are meant:

	"Action": ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"]
`},
	{"SEC_OBJECT_ACL", Security, Medium, "may publish objects by their access lists", `
Who may set the access control list of an S3 object or bucket can make it readable to everyone, past the bucket's policy. Programs need it
rarely: with Object Ownership "bucket owner enforced" the lists are off and uploads need no ACL. Remove the action. Where other accounts need
the owner to have control, allow that one list:

	"Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
`},
	{"SEC_CREDENTIALS_EXPOSURE", Security, Medium, "may obtain credentials", `
The answers of these actions are credentials (keys, passwords, tokens, sessions), here of any user, role or database. They outlive the permission that
gave them and act as someone else. Name whose they may be:

	{"Effect": "Allow", "Action": "rds-db:connect",
	 "Resource": "arn:aws:rds-db:eu-west-1:111122223333:dbuser:cluster-ABCDEFGHIJKL01234/app"}
`},
	{"SEC_DATA_EXFILTRATION", Security, Medium, "may read all data of a kind", `
The actions read the content of objects, secrets, parameters or items, of every one in the account (and of those that other accounts share). Who takes
over the program takes the data with it. Name what it reads:

	{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}
`},
	{"SEC_EXECUTE_ANY", Security, High, "may run anything that is there", `
The actions start functions, tasks, commands or builds, of any name. Each runs with its own role, so the holder can set all of them in motion with input
of its choice. Name what it may start:

	{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:resize"}
`},
	{"SEC_NETWORK_EXPOSURE", Security, High, "may open the network", `
The actions open ports, routes or endpoints. The language has no condition for a port or an address range, so even with the security group named the
holder can open every port of it to the internet. Do not hand this to another party. Let it ask for a rule that a person or your own automation
adds, or open the port once to a prefix list or a security group that you own and keep up to date.
`},
	{"SEC_MFA_WAIVED", Security, High, "MFA is asked of all but access keys", `
aws:MultiFactorAuthPresent is absent in requests signed with long-term access keys, and IfExists waives the test for them. The statement grants to a leaked key
what it grants to somebody with a second factor. Use the plain operator:

	"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
`},
	{"SEC_NOTIP_DENY_WITHOUT_VIA", Security, Low, "an address rule that also stops services", `
A Deny for all addresses outside a list also meets requests that a service makes on behalf of the caller (Athena reading S3, CloudFormation creating
a queue) and those that come through a VPC endpoint, which carry another address or none. Such a rule is mostly found out in production and
then removed whole. Exempt them:

	"Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "BoolIfExists": {"aws:ViaAWSService": "false"}}
`},
}
