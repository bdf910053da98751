package lint

// actionCodes are about Action and NotAction.
var actionCodes = []Code{
	{"MISSING_ACTION", Error, High, "no Action", `
Every statement has Action or NotAction; there is no default.
`},
	{"EMPTY_ARRAY_ACTION", Suggestion, Medium, "an empty list of actions", `
The statement is about no action and has no effect; with NotAction it is about every action. List what is meant, or remove the statement.
`},
	{"INVALID_ACTION", Error, High, "an action that does not exist", `
The service has no such action, so the line grants and denies nothing. Names of API operations and of actions differ: HeadBucket is authorised by s3:ListBucket,
SendMessageBatch by sqs:SendMessage. The finding says which action is meant where that is known.
`},
	{"INVALID_SERVICE_IN_ACTION", Error, High, "a service that does not exist", `
What stands before the colon is no service. The prefix is often not the name of the product: CloudWatch Logs is logs, Step Functions is states, EFS is
elasticfilesystem.
`},
	{"WILDCARD_IN_SERVICE_NAME", Suggestion, Medium, "a wildcard in the name of the service", `
The service accepts no wildcard before the colon, but for "*" alone. Name the service.
`},
	{"REDUNDANT_ACTION", Suggestion, Low, "an action that another pattern covers", `
Another pattern of the same statement matches everything this one matches. Remove it, or narrow the other one if that was not meant.
`},
	{"UNSUPPORTED_ACTION_IN_POLICY", Error, High, "an action that this kind of policy cannot grant", `
A resource's policy speaks about actions on that resource: the policy of a bucket about s3, that of a queue about sqs. A trust policy speaks about assuming
the role: sts:AssumeRole, its two siblings for identity providers, sts:TagSession and sts:SetSourceIdentity.
`},
	{"PASS_ROLE_WITH_STAR_IN_RESOURCE", Security, High, "may pass any role to a service", `
Who may pass a role to a service acts with that role through the service. With a wildcard as resource that is every role of the account, the administrator's among
them. Name the roles and add a condition on iam:PassedToService.
`},
	{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", Security, High, "may pass any role, by wildcard", `
The action's wildcard covers iam:PassRole and the resource is unbounded: whoever holds this acts as any role of the account through a service. Name the actions,
name the roles, and add a condition on iam:PassedToService.
`},
	{"PASS_ROLE_WITH_NOT_RESOURCE", Security, High, "may pass all roles but a few", `
NotResource grants iam:PassRole on every role that is not listed, also on those made later. List the roles in Resource.
`},
	{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", Security, High, "may pass all roles but a few, by wildcard", `
The action's wildcard covers iam:PassRole and NotResource grants it on every role that is not listed. List actions and roles.
`},
	{"PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", Security, High, "may pass any role, by NotAction", `
NotAction grants all that is not listed, iam:PassRole among it, on an unbounded resource. List the actions, or list iam:PassRole in NotAction.
`},
	{"PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE", Security, High, "may pass all roles but a few, by NotAction", `
NotAction and NotResource together grant iam:PassRole on every role that is not listed. List actions and roles.
`},
	{"CREATE_SLR_WITH_STAR_IN_RESOURCE", Warning, Medium, "may create the service-linked role of any service", `
A service-linked role gives a service rights in the account. Name the roles that are needed:
arn:aws:iam::*:role/aws-service-role/SERVICE.amazonaws.com/*.
`},
	{"CREATE_SLR_WITH_NOT_RESOURCE", Warning, Medium, "may create service-linked roles of all services but a few", `
NotResource grants iam:CreateServiceLinkedRole for every service that is not listed. List the roles in Resource.
`},
	{"CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", Warning, Medium, "may create any service-linked role, by wildcard", `
The action's wildcard covers iam:CreateServiceLinkedRole and the resource is unbounded. List actions and roles.
`},
	{"CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", Warning, Medium, "may create service-linked roles, by wildcard and NotResource", `
The action's wildcard covers iam:CreateServiceLinkedRole and NotResource grants it for every service that is not listed. List actions and roles.
`},
	{"CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", Warning, Medium, "may create any service-linked role, by NotAction", `
NotAction grants all that is not listed, iam:CreateServiceLinkedRole among it, on an unbounded resource. List the actions.
`},
	{"CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", Warning, Medium, "may create service-linked roles, by NotAction and NotResource", `
NotAction and NotResource together grant iam:CreateServiceLinkedRole for every service that is not listed. List actions and roles.
`},
}
