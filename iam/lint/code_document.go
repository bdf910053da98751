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
	{"UNSUPPORTED_ELEMENT", Error, Medium, "an element that this kind of policy does not take", `
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
Services bound the policies of their resources: a trust policy has 2,048 characters unless the quota was raised, a bucket policy 20 KiB, a key policy 32 KiB,
a topic policy 30,720 characters, a secret's policy 20,480, a function's 20 KiB, a repository's 10,240.
`},
	{"POLICY_SIZE_EXCEEDS_SCP_QUOTA", Error, High, "longer than an organisation's policy may be", `
Service and resource control policies have at most 5,120 characters each. Here blanks count where the document is sent as it is: write it without them, or
split it.
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
	{"RCP_SYNTAX_ERROR_ALLOW", Error, High, "an Allow in an RCP", `
Resource control policies of one's own only deny: "Effect": "Deny" with "Principal": "*". What allows is RCPFullAWSAccess, which is always attached.
`},
}
