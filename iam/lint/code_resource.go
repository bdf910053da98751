package lint

// resourceCodes are about Resource and NotResource.
var resourceCodes = []Code{
	{"MISSING_RESOURCE", Error, High, "no Resource", `
A policy of an identity or of an organisation says in each statement what it is about: Resource or NotResource.
`},
	{"EMPTY_ARRAY_RESOURCE", Suggestion, Medium, "an empty list of resources", `
The statement is about no resource and has no effect; with NotResource it is about every resource. List what is meant, or remove the statement.
`},
	{"REDUNDANT_RESOURCE", Suggestion, Low, "a resource that another pattern covers", `
Another pattern of the same statement matches every resource this one matches. Remove it, or narrow the other one if that was not meant.
`},
	{"INVALID_ARN_PREFIX", Error, High, "a resource that is no ARN", `
A resource is "*" or a name that begins with "arn:". A bare name or a path matches nothing.
`},
	{"MISSING_ARN_FIELD", Error, High, "an ARN with parts missing", `
An ARN has six parts: arn:partition:service:region:account:resource. Region and account may be empty for some services; their colons may not be missing.
`},
	{"INVALID_PARTITION", Error, High, "a partition that does not exist", `
The second part of an ARN is aws, aws-cn, aws-us-gov or one of the isolated partitions.
`},
	{"INVALID_SERVICE", Error, High, "a service that does not exist, in an ARN", `
The third part of an ARN is the prefix of a service. Nothing has a name with this one, so the pattern matches nothing.
`},
	{"INVALID_ARN_SERVICE_CASE", Error, High, "a service in capitals, in an ARN", `
Names are compared with regard to case and services are in lower case, so the pattern matches nothing. The fix writes it in lower case.
`},
	{"INVALID_ARN_REGION", Error, High, "a region that does not exist, in an ARN", `
The fourth part of an ARN is a region of the partition: eu-west-1, and not an availability zone such as eu-west-1a, the name of a place, or a region of
another partition (cn-north-1 is in aws-cn, us-gov-west-1 in aws-us-gov). No resource has such a name.
`},
	{"MISSING_ARN_REGION", Error, High, "no region where names have one", `
Every resource of this type has its region in its name, so a pattern without one matches nothing. Name the region, or write "*".
`},
	{"ARN_REGION_NOT_ALLOWED", Error, High, "a region where names have none", `
Resources of this type have no region in their name (a bucket's name, a role's name), so the pattern matches nothing. The fix leaves the part empty.
`},
	{"INVALID_ARN_ACCOUNT", Error, High, "not an account number, in an ARN", `
The fifth part of an ARN is the 12-digit number of an account, without hyphens, or the word aws for what belongs to the vendor.
`},
	{"MISSING_ARN_ACCOUNT", Error, High, "no account where names have one", `
Every resource of this type has its account in its name, so a pattern without one matches nothing. Write the 12 digits, or "*".
`},
	{"ARN_ACCOUNT_NOT_ALLOWED", Error, High, "an account where names have none", `
Resources of this type have no account in their name: bucket names are unique worldwide. The pattern matches nothing. The fix leaves the part empty.
`},
	{"INVALID_ARN_RESOURCE", Error, High, "no resource of the service has such a name", `
The part behind the fifth colon fits none of the types of resources the service has, so the pattern matches nothing: a missing "table/", a "/" where ":"
stands, a type of another service.
`},
	{"UNSUPPORTED_RESOURCE_ARN_IN_POLICY", Error, High, "a resource that this policy cannot be about", `
The policy of a resource speaks about that resource and what is in it. A name of another service, or of another resource, never matches.
`},
}
