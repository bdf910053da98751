package lint

// trustCodes are about who may assume a role.
var trustCodes = []Code{
	{"TRUST_ANY_PRINCIPAL", Security, Critical, "anyone may assume the role", `
The trust policy names every principal of every account. Whoever knows the role's ARN, which is no secret, has its permissions. Name who may assume it:

	"Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"}

The level is medium where conditions limit who is meant: naming principals is still easier to get right.
`},
	{"TRUST_ACCOUNT_ROOT", Security, Medium, "a whole account may assume the role", `
"arn:aws:iam::444455556666:root" and the bare account number stand for every user and role there that its administrators let call sts:AssumeRole,
and not for the root user. Name the role that calls, or limit the statement to it, which also survives that the role is created anew:

	"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/deployer"}}

The level is high for an account that is known not to be your own, and low for your own.
`},
	{"TRUST_NO_EXTERNAL_ID", Security, Medium, "another account may assume the role without an external ID", `
A vendor who assumes roles for many customers can be tricked into using yours for one of them: all they need is the role's ARN (the confused deputy).
An external ID that the vendor chose, one per customer, stops that:

	"Condition": {"StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e-4c55-9a4b-2f2c9f1f7c3a"}}

The level is high for accounts given as third parties, medium where it is not known whose the account is, and information for your own, where it adds
little. Adding the condition stops callers who do not send the value yet, so nobody but you can do it.
`},
	{"TRUST_EXTERNAL_ID_IFEXISTS", Security, High, "an external ID that need not be given", `
The condition on sts:ExternalId also holds where the caller sends none: IfExists, ForAllValues and negated operators pass when the key is absent.
The external ID then protects from nothing. Use the plain operator:

	"Condition": {"StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e-4c55-9a4b-2f2c9f1f7c3a"}}
`},
	{"TRUST_EXTERNAL_ID_WEAK", Security, Medium, "an external ID that can be guessed", `
The external ID is short, a common word, the number of the account or the name of a company, or holds a wildcard. It is to be different for each customer of
the vendor and not to be found by trying. Let the vendor choose it, from at least 128 random bits.
`},
	{"TRUST_IAM_USER", Security, Medium, "an IAM user may assume the role", `
A user has long-term keys. Whoever finds one has the role until somebody notices. Let a role assume this one (of a workload, of single sign-on, or of an
OpenID Connect provider for what runs elsewhere):

	"Principal": {"AWS": "arn:aws:iam::111122223333:role/ci"}
`},
	{"TRUST_ACTION_MISMATCH", Error, High, "the principal cannot assume a role by this action", `
Each kind of principal has its own call: a SAML provider sts:AssumeRoleWithSAML, an OpenID Connect provider (Cognito, Google, GitHub and others)
sts:AssumeRoleWithWebIdentity, users, roles, accounts and services sts:AssumeRole. With another action the statement lets nobody in:

	{"Effect": "Allow", "Action": "sts:AssumeRoleWithSAML",
	 "Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/adfs"},
	 "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}
`},
	{"TRUST_SAML_NO_AUD", Security, Medium, "a SAML trust that does not say for whom assertions are", `
Without a condition on SAML:aud any assertion of the identity provider counts, also one that was meant for another recipient. Pin it to where you sign in:

	"Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
`},
	{"TRUST_NO_TAG_SESSION", Suggestion, Info, "policies look at session tags that nobody may set", `
The role's policies decide by aws:PrincipalTag, and its trust policy does not let callers pass session tags. If the tags are those of the role itself
all is well. If they are to come with the session, allow sts:TagSession beside sts:AssumeRole:

	"Action": ["sts:AssumeRole", "sts:TagSession"]
`},
	{"TRUST_SERVICE_NO_SOURCE", Security, Low, "a service may assume the role for anyone's resource", `
The service acts for resources of all its customers and tells in aws:SourceArn and aws:SourceAccount for which. Without a condition on either, a
resource in another account may get the service to use your role. Say which account is meant:

	"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}
`},
	{"TRUST_COGNITO_UNAUTH", Security, High, "guests of an identity pool may assume the role", `
Cognito hands out sessions to everyone who asks an identity pool, signed in or not. A role for those who are signed in names the pool and the state; without
the first any pool of any account will do, without the second guests get the role as well:

	"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:12345678-abcd-abcd-abcd-123456789012"},
	              "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}
`},
	{"TRUST_CHAIN_DURATION", Suggestion, Info, "a session longer than chaining allows", `
The role allows sessions of more than an hour, and it is assumed by another role. That is role chaining, for which a session lasts at most 3,600 seconds
whatever the role says; asking for more is an error. Let callers ask for an hour, or let them assume this role directly.
`},
}
