package lint

// documentCodes are about the document as a whole and the frame of its
// statements.
var documentCodes = []Code{
	{"JSON_SYNTAX_ERROR", Error, High, "the text is not JSON", `
Nothing else about the document can be judged until it parses. Common causes: a comma behind the last member, a missing quote or brace, a comment,
a text cut short when it was copied.
`},
	{"DATA_TYPE_MISMATCH", Error, High, "an element has the wrong JSON type", `
Each element takes one type: Version, Sid and Effect a string; Action and Resource a string or a list of strings; Principal "*" or an object;
Condition an object of objects. The service refuses a document with another type.
`},
	{"DUPLICATE_KEYS_WITH_DIFFERENT_CASE", Error, High, "two keys differ only in case", `
Two members of one object are the same but for the case of letters. Condition keys are compared without regard to case, so one of the two is lost,
and readers disagree on which. Merge them.
`},
	{"DUPLICATE_KEYS", Error, High, "a key is there twice", `
The same member is there twice in one object. Many JSON readers silently keep the last, so what was read first in review is not what counts. Merge the
two, or remove one.
`},
	{"UNSUPPORTED_CHARACTER", Error, Medium, "a character that documents cannot hold", `
Policies are written in tab, line feed, carriage return and the characters from U+0020 to U+00FF. The service refuses anything else, also within strings
and also when it cannot be seen.
`},
	{"INVALID_POLICY_ELEMENT", Error, High, "an element that does not exist", `
The language has no element of this name here. Names count with their case: "action" is not "Action". An unknown element is never ignored; the
service refuses the document.
`},
	{"UNSUPPORTED_ELEMENT", Error, Medium, "a resource in a trust policy", `
A trust policy belongs to its role, so it names no Resource. Remove the element.
`},
	{"UNSUPPORTED_ELEMENT_COMBINATION", Error, High, "two elements that exclude each other", `
A statement has one of Action and NotAction, one of Resource and NotResource, one of Principal and NotPrincipal. Split the statement, or remove the
element that is not meant.
`},
	{"INVALID_VERSION", Error, High, "a version of the language that does not exist", `
There are two: "2012-10-17", and "2008-10-17" without variables. It is the version of the language and not a date of your own.
`},
	{"MISSING_VERSION", Warning, Low, "no Version", `
Without Version a document is read by the rules of 2008-10-17, in which ${aws:username} is plain text. Write "Version": "2012-10-17". The fix is safe
only where the document holds no "${": there the meaning would change.
`},
	{"MISSING_STATEMENT", Error, High, "no statement", `
A policy is an object with a member Statement that holds at least one statement. A lone statement, with Effect at the top, is a fragment: wrap it.
`},
	{"MISSING_EFFECT", Error, High, "no Effect", `
Every statement says "Effect": "Allow" or "Effect": "Deny"; there is no default.
`},
	{"INVALID_EFFECT", Error, High, "an effect that does not exist", `
Effect is "Allow" or "Deny", with exactly this case.
`},
	{"UNSUPPORTED_SID", Error, Medium, "a statement's name with characters it cannot have", `
In policies of identities a Sid is made of letters and digits. Resources are freer: many services take blanks and punctuation.
`},
	{"UNIQUE_SIDS_REQUIRED", Error, Medium, "two statements of one name", `
In policies of identities each Sid may be there once. Rename one, or remove the names.
`},
	{"UNIQUE_SIDS_RECOMMENDED", Warning, Low, "two statements of one name", `
Services take a resource's policy with repeated names, and anything that edits statements by name (such as RemovePermission) then reaches the wrong one.
`},
	{"EMPTY_SID_VALUE", Suggestion, Info, "an empty statement name", `
The name is there and empty, which says no more than no name. Remove it, or say what the statement is for.
`},
	{"REDUNDANT_STATEMENT", Suggestion, Low, "a statement that adds nothing", `
Whatever this statement allows or denies, another one of the document already does. Remove it: a reader who narrows only one of the two changes nothing and
believes otherwise.
`},
	{"POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", Warning, High, "longer than an identity's policy may be", `
A managed policy has at most 6,144 characters and a session policy 2,048, blanks between elements not counted; the inline policies together have 2,048
for a user, 5,120 for a group and 10,240 for a role. Remove what is redundant, or split the document.
`},
	{"POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", Warning, High, "longer than a resource's policy may be", `
Services bound the policies of their resources: a bucket policy has 20 KiB, a key policy 32 KiB, a topic policy 30,720 characters, a secret's policy
20,480, a function's 20 KiB, a repository's 10,240. Remove what is redundant, or name principals by a condition on their organisation.
`},
	{"POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", Warning, High, "longer than a trust policy may be", `
A trust policy has at most 2,048 characters, blanks between elements not counted, unless the quota was raised for the account ("Role trust policy
length"). Split the role, or name principals by a condition on their organisation.
`},
	{"POLICY_SIZE_EXCEEDS_SCP_QUOTA", Error, High, "longer than a service control policy may be", `
A service control policy has at most 5,120 characters. Here blanks count where the document is sent as it is: write it without them, or split it.
`},
	{"POLICY_SIZE_EXCEEDS_RCP_QUOTA", Error, High, "longer than a resource control policy may be", `
A resource control policy has at most 5,120 characters. Here blanks count where the document is sent as it is: write it without them, or split it.
`},
	{"SCP_SYNTAX_ERROR_ACTION_WILDCARD", Error, Medium, "a wildcard within an action of an SCP", `
By the older rules, which hold where --scp-legacy is given, actions of service control policies take "*" at their end only.
`},
	{"SCP_SYNTAX_ERROR_ALLOW_CONDITION", Error, Medium, "a condition on an Allow of an SCP", `
By the older rules, which hold where --scp-legacy is given, only Deny statements of service control policies take conditions.
`},
	{"SCP_SYNTAX_ERROR_ALLOW_NOTACTION", Error, Medium, "NotAction on an Allow of an SCP", `
By the older rules, which hold where --scp-legacy is given, an Allow statement of a service control policy lists actions.
`},
	{"SCP_SYNTAX_ERROR_ALLOW_RESOURCE", Error, Medium, "a resource on an Allow of an SCP", `
By the older rules, which hold where --scp-legacy is given, an Allow statement of a service control policy has "Resource": "*".
`},
	{"SCP_SYNTAX_ERROR_NOTRESOURCE", Error, Medium, "NotResource in an SCP", `
By the older rules, which hold where --scp-legacy is given, service control policies have no NotResource.
`},
	{"SCP_SYNTAX_ERROR_PRINCIPAL", Error, Medium, "a principal in an SCP", `
Service control policies apply to every principal of the accounts below them and name none.
`},
	{"RCP_SYNTAX_ERROR_PRINCIPAL", Error, High, "a principal in an RCP", `
Resource control policies are about everybody: "Principal": "*", and no NotPrincipal. Whom to except is said by conditions, such as on aws:PrincipalOrgID.
`},
	{"RCP_SYNTAX_ERROR_NOTACTION", Error, High, "NotAction in an RCP", `
Resource control policies list the actions they deny in Action.
`},
	{"RCP_SYNTAX_ERROR_ACTION", Error, High, "a service that RCPs do not reach", `
Resource control policies apply to the services of a list (Organizations User Guide, "List of AWS services that support RCPs") and take actions of these
only. Bound other services by a service control policy.
`},
	{"RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", Warning, Medium, "an RCP that also stops services acting for you", `
A resource control policy meets the services of the vendor too. Their requests carry no key about a principal, so a test such as StringNotEquals on
aws:PrincipalOrgID holds for them: logs are no longer delivered, events no longer sent. Exempt services:

	"Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
`},
	{"RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", Warning, Medium, "an RCP about services that also stops principals", `
aws:SourceAccount, aws:SourceOrgID and the like are there when a service calls on somebody's behalf. Requests of users and roles lack them, so the negated
test holds for everybody. Say that services are meant:

	"Condition": {"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:SourceAccount": "false"},
	              "Bool": {"aws:PrincipalIsAWSService": "true"}}
`},
	{"RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", Warning, Medium, "an RCP that stops services which do not tell for whom they act", `
Not every integration of every service sends aws:SourceAccount and aws:SourceOrgID. Without the key a negated test holds, and the integration stops. Leave
those requests out:

	"Null": {"aws:SourceAccount": "false"}
`},
	{"RCP_SYNTAX_ERROR_ALLOW", Error, High, "an Allow in an RCP", `
Resource control policies of one's own only deny: "Effect": "Deny" with "Principal": "*". What allows is RCPFullAWSAccess, which is always attached.
`},
}
