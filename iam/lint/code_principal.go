package lint

// principalCodes are about Principal and NotPrincipal.
var principalCodes = []Code{
	{"MISSING_PRINCIPAL", Error, High, "no Principal", `
The policy of a resource, and the trust policy of a role, say in each statement whom it is about. There is no default.
`},
	{"UNSUPPORTED_PRINCIPAL", Error, High, "a principal in a policy that takes none", `
Policies of identities, boundaries, session policies and service control policies apply to whom they are attached to; the service refuses one with Principal. The
same text may be right as the policy of the resource itself. Remove the element, or attach the document to the resource.
`},
	{"INVALID_PRINCIPAL_KEY", Error, High, "a kind of principal that does not exist", `
Principal has the members AWS, Service, Federated and CanonicalUser, with exactly this case.
`},
	{"INVALID_PRINCIPAL_FORMAT", Error, High, "not the name of a principal", `
Under AWS stand "*", account numbers and the ARNs of accounts (root), users, roles and sessions; a group is no principal. Under Service stand names like
ec2.amazonaws.com, under Federated the ARN of a provider or one of the few providers with a name of their own.
`},
	{"INVALID_SERVICE_PRINCIPAL_FORMAT", Error, High, "not the name of a service", `
A service principal is written service-name.amazonaws.com, in a few regions with the region before amazonaws.com or another domain. It has neither a scheme
nor a path and is no ARN.
`},
	{"INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", Error, High, "not the name of an identity provider", `
Under Federated stands the ARN of a SAML or OpenID Connect provider of the account, or one of the few providers with a name of their own, such as
accounts.google.com. The address of a provider is not its name: register it and write its ARN.
`},
	{"FEDERATED_PRINCIPAL_NOT_SUPPORTED", Error, High, "an identity provider outside a trust policy", `
An identity provider lets people assume a role and calls nothing itself, so only trust policies name one. Name the role, under AWS.
`},
	{"ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", Error, High, "everyone, in a form that trust policies do not take", `
IAM refuses "Principal": "*" in the trust policy of a role. Name who may assume the role. If conditions are to say it alone, write the longer form:

	"Principal": {"AWS": "*"}
`},
	{"ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", Error, High, "NotPrincipal in a trust policy", `
The trust policy of a role lists in Principal who may assume it; IAM refuses NotPrincipal there.
`},
	{"UNSUPPORTED_WILDCARD_IN_PRINCIPAL", Error, High, "a wildcard within a principal", `
A principal is "*" alone or one exact name; "role/*" matches nobody and the service refuses it. Name the account and narrow it by a condition on
aws:PrincipalArn, which takes wildcards with ArnLike.
`},
	{"INVALID_ROLE_REFERENCE", Warning, Medium, "a role by its identifier", `
An identifier that begins with AROA stands where a role was deleted: it matches nobody, also not a new role of the same name. Name the role by its ARN.
`},
	{"INVALID_USER_REFERENCE", Warning, Medium, "a user by its identifier", `
An identifier that begins with AIDA stands where a user was deleted: it matches nobody, also not a new user of the same name. Name the user by its ARN.
`},
	{"EMPTY_ARRAY_PRINCIPAL", Suggestion, Medium, "an empty list of principals", `
The statement is about nobody and has no effect. With NotPrincipal it is about everybody. List who is meant, or remove the statement.
`},
	{"EMPTY_OBJECT_PRINCIPAL", Suggestion, Medium, "a Principal without members", `
The statement is about nobody and has no effect. With NotPrincipal it is about everybody. List who is meant, or remove the statement.
`},
	{"ALLOW_WITH_NOT_PRINCIPAL", Security, High, "allows everybody but a few", `
Allow with NotPrincipal grants to every caller that is not listed, those of other accounts and those without credentials among them. List whom you mean
in Principal.
`},
	{"RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", Security, Medium, "a service may act here on behalf of anyone", `
The statement lets a service of the vendor in. The service works for every customer, so anyone who can make it call can reach this resource through it (the
confused deputy). Say on whose behalf: aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or aws:SourceOrgPaths.
`},
	{"UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Error, High, "a condition that keeps the service out", `
Requests that a service makes on its own behalf carry no organisation, name or MFA of a caller. The statement is for services only and asks for such a key, so
it never applies. Say on whose behalf the service may call:

	"Condition": {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}
`},
	{"RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Suggestion, Low, "a condition that calls of services do not carry", `
A service that calls on its own behalf has no user, no organisation of its own and no address of yours: aws:PrincipalOrgID, aws:SourceIp and the like are absent
or the service's. Say on whose behalf it may call: aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or aws:SourceOrgPaths.
`},
	{"MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", Security, High, "any token of the identity provider is taken", `
A role that trusts an OpenID Connect provider must say which tokens it takes: a condition on the provider's aud, sub or another claim that the provider sets per
customer. A provider that serves many customers signs tokens for all of them, and the audience sts.amazonaws.com says no more than that the token is for AWS. The
level is medium for the provider of a Kubernetes cluster on EKS, whose tokens are for its service accounts alone:

	"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/A1B2C3:sub": "system:serviceaccount:default:app"}
`},
	{"MISSING_GITHUB_REPO_CONDITION_KEY", Security, High, "any repository may assume the role", `
GitHub signs tokens for the workflows of every repository there is. Without a condition on token.actions.githubusercontent.com:sub that begins with
repo:OWNER/ anyone with a repository may assume this role. Write StringEquals or StringLike with repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH or
repo:OWNER/REPOSITORY:environment:NAME.
`},
	{"SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", Warning, Low, "a subject of GitHub with a wildcard", `
"repo:OWNER/REPOSITORY:*" lets in workflows of every branch, tag and pull request, also those that nobody has reviewed. The level is medium where the wildcard
stands for repositories. Name the branch or the environment:

	"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:OWNER/REPOSITORY:ref:refs/heads/main"}
`},
	{"FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", Security, Low, "ForAnyValue on the audience of a token", `
The audience of a token (aud) has one value, and a set qualifier on it suggests otherwise. Write the plain operator:

	"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
`},
	{"REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", Suggestion, Low, "a session beside its role", `
Who names a role means all its sessions. Naming one of them too says nothing more. Remove it:

	"Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"}
`},
	{"MISSING_ACTION_FOR_CONDITION_KEY", Error, High, "a condition on what callers may not pass", `
A caller passes session tags only where the trust policy allows sts:TagSession, and a source identity only where it allows sts:SetSourceIdentity. Without that the
condition never holds, and nobody assumes the role:

	"Action": ["sts:AssumeRole", "sts:SetSourceIdentity"], "Condition": {"StringLike": {"sts:SourceIdentity": "*"}}
`},
	{"MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", Error, High, "certificates cannot assume the role", `
IAM Roles Anywhere passes the fields of the certificate as session tags and its subject as source identity, so it needs all three actions:

	"Principal": {"Service": "rolesanywhere.amazonaws.com"},
	"Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
`},
}
