package lint

// conditionCodes are about Condition.
var conditionCodes = []Code{
	{"INVALID_CONDITION_OPERATOR", Error, High, "an operator that does not exist", `
Operators are those of the User Guide, "Condition operators", optionally with ForAllValues: or ForAnyValue: before and IfExists behind.
`},
	{"INVALID_CONDITION_KEY_FORMAT", Error, High, "a condition key without a prefix", `
A condition key is written prefix:Name, such as aws:SourceIp or s3:prefix.
`},
	{"INVALID_CONDITION_DATA_TYPE", Error, High, "values of mixed JSON types", `
The values of one key are all strings, all numbers or all booleans.
`},
	{"INVALID_CONDITION_MULTIPLE_BOOLEAN", Error, High, "both true and false", `
A test for true and false together says nothing: it holds whenever the key is there. Keep one of the two.
`},
	{"NULL_WITH_IF_EXISTS", Error, High, "Null with IfExists", `
Null asks whether a key is there and IfExists waives a test where it is not; together they mean nothing.
`},
	{"NULL_WITH_QUALIFIER", Suggestion, Medium, "Null with a set qualifier", `
Null asks about the key as a whole. With ForAllValues it always holds, with ForAnyValue never. Drop the qualifier.
`},
	{"INVALID_GLOBAL_CONDITION_KEY", Error, High, "a global condition key that does not exist", `
There is no such key with the prefix aws:. A test on it finds the key absent in every request: an Allow never applies, and a negated or IfExists test always
holds.
`},
	{"INVALID_SERVICE_CONDITION_KEY", Error, High, "a condition key that the service does not have", `
The service has no such key. A test on it finds the key absent in every request: an Allow never applies, and a negated or IfExists test always holds.
`},
	{"UNSUPPORTED_GLOBAL_CONDITION_KEY", Error, High, "a global key that is never there for these requests", `
The key exists and requests of this kind never carry it. aws:ResourceOrgID, aws:ResourceOrgPaths and aws:ResourceAccount are absent for a number of services, and
a session policy or trust policy knows fewer keys still.
`},
	{"DEPRECATED_GLOBAL_CONDITION_KEY", Warning, Low, "a condition key that has a successor", `
The key still works and another one took its place. Use the one the finding names.
`},
	{"MISSING_TAG_KEY_IN_CONDITION", Error, High, "a tag condition without the tag's name", `
Conditions on tags name the tag behind a slash: aws:ResourceTag/team. Without it the key is in no request.
`},
	{"MISSING_QUALIFIER", Error, High, "a multivalued key without ForAllValues or ForAnyValue", `
The key can have several values in one request, and a plain operator compares single values. Say whether each value has to pass (ForAllValues, with a
Null test beside it in an Allow) or one is enough (ForAnyValue).
`},
	{"FORALLVALUES_WITH_SINGLE_VALUED_KEY", Security, High, "ForAllValues on a key with one value", `
ForAllValues holds when the key is absent, so the test is waived whenever the caller leaves it out. On a key with one value it does nothing else. Drop it.
`},
	{"FORALLVALUES_ALLOW_WITHOUT_NULL_CHECK", Security, Medium, "ForAllValues grants when the key is absent", `
ForAllValues holds when the request has no value for the key: a request without tags passes a test of its tags. Add "Null": {"KEY": "false"} beside it.
`},
	{"MFA_BOOL_WITHOUT_IFEXISTS", Security, High, "the MFA guard lets access keys pass", `
aws:MultiFactorAuthPresent is absent in requests signed with long-term access keys. A Deny with Bool and "false" does not match them, so that just these go
without MFA. Write BoolIfExists.
`},
	{"MISSING_PAIRED_CONDITION_KEYS", Security, Medium, "a condition key that needs another beside it", `
Some keys say little alone: a private address (aws:VpcSourceIp) repeats in every network. Add the key that the finding names to the same statement:

	"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.1.0.0/16"}, "StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"}}
`},
	{"UNTRUSTWORTHY_CONDITION_KEY", Security, Medium, "a condition on what the caller chooses", `
aws:Referer and aws:UserAgent are headers that every program sends as it likes. A test of them keeps out nobody who wants in. Test who is calling or from where:

	"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}
`},
	{"WILDCARD_USAGE_TOO_PERMISSIVE", Error, Medium, "a wildcard in the name of an owner", `
The key names one account, organisation or network. A pattern also stands for those of strangers, who can have an account or a VPC whose number fits. Write
each in full:

	"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
`},
	{"S3_PREFIX_IN_NEGATIVE_CONTEXT", Security, Medium, "a denied prefix that a shorter one goes around", `
A request that lists "priv", or the whole bucket, also lists what is under "private/", and is not what the test is about. Only a list of what may be listed limits
listing:

	{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::media", "Condition": {"StringLike": {"s3:prefix": "public/*"}}}
`},
	{"DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", Security, Medium, "a limit on attributes that requests for all of them pass", `
dynamodb:Attributes holds the attributes that a request names. One that names none reads the whole item. Demand that attributes are named:

	"Condition": {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "name"]},
	              "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
`},
	{"STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", Security, Low, "a text comparison of an ARN", `
The key holds an ARN. In StringLike a "*" also runs over colons, so a pattern for one part can match a name with other parts. ArnLike compares part by part.
`},
	{"TYPE_MISMATCH", Warning, Medium, "an operator that does not fit the key", `
The key has one type of value and the operator compares another, such as StringEquals on a date or NumericLessThan on a text. The test may never hold.
`},
	{"TYPE_MISMATCH_BOOLEAN", Warning, Medium, "not true or false", `
Bool and Null take "true" or "false". With another value the test never holds.
`},
	{"TYPE_MISMATCH_DATE", Warning, Medium, "not a date", `
Date operators take ISO 8601 such as 2026-01-31T12:00:00Z or 2026-01-31, or seconds since 1970. With another value the test never holds.
`},
	{"TYPE_MISMATCH_IP_RANGE", Error, High, "not an address or range", `
IP operators take addresses and CIDR ranges: 203.0.113.0/24, 2001:db8::/32. With another value the test never holds.
`},
	{"TYPE_MISMATCH_NUMBER", Warning, Medium, "not a number", `
Numeric operators take numbers. With another value the test never holds.
`},
	{"TYPE_MISMATCH_STRING", Warning, Medium, "not base64", `
BinaryEquals compares bytes, which the policy writes in base64. With another value the test never holds.
`},
	{"INVALID_DATE_VALUE", Warning, Medium, "a date that may not be the one that is meant", `
The text has the form of a date and names no day or no instant there is: a thirteenth month, a twenty-fifth hour, a time without its zone. The level is low for
seconds since 1970, which are a date and cannot be read. Write the date, and a time with its zone:

	"DateLessThan": {"aws:CurrentTime": "2026-01-31T12:00:00Z"}
`},
	{"INVALID_VPC_FORMAT", Error, High, "not the ID of a VPC", `
aws:SourceVpc holds the ID of a VPC: "vpc-" and 8 or 17 hexadecimal digits. No request has another value. The name of a VPC or its range of addresses is not
its ID:

	"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"}}
`},
	{"INVALID_VPCE_FORMAT", Error, High, "not the ID of a VPC endpoint", `
aws:SourceVpce holds the ID of a VPC endpoint: "vpce-" and 8 or 17 hexadecimal digits. No request has another value.

	"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}
`},
	{"INVALID_KMS_KEY_VALUE", Error, High, "not the ARN of a key", `
S3 compares the whole ARN of the KMS key that an upload asks for, also where the request names the key by its ID or an alias:

	"Condition": {"ArnEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id":
	  "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}
`},
	{"INVALID_REGION", Error, High, "a region that does not exist, in a condition", `
aws:RequestedRegion holds the code of a region, such as eu-west-1. No request has this value, so the test never holds, and its negation always does.
`},
	{"WILDCARD_WITHOUT_LIKE_OPERATOR", Warning, Medium, "a wildcard that is plain text", `
StringEquals compares "*" and "?" as they are. Write StringLike (or ArnLike) if they stand for anything.
`},
	{"IMPROVE_IP_RANGE", Suggestion, Low, "bits beyond the mask of a range", `
What stands behind the length of a range does not count: 10.1.2.3/8 is 10.0.0.0/8. Write the range that is meant, it may be a smaller one.
`},
	{"PRIVATE_IP_ADDRESS", Error, High, "only private addresses, where requests have public ones", `
aws:SourceIp is the public address a request came from, and absent when it came through a VPC endpoint. A private range (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and
others) never matches. Name the public addresses of the network, or test aws:SourceVpc, aws:SourceVpce or aws:VpcSourceIp.
`},
	{"PRIVATE_NOT_IP_ADDRESS", Error, High, "excepts only private addresses, which no request has", `
aws:SourceIp is a public address. NotIpAddress with private ranges holds for every request: a Deny denies all, an Allow allows all.
`},
	{"PRIVATE_IP_ADDRESS_SUBSET", Suggestion, Low, "private addresses among public ones", `
The private ranges of the list never match aws:SourceIp, which is a public address. Remove them, or test aws:VpcSourceIp with them in a statement of its own.
`},
	{"PRIVATE_NOT_IP_ADDRESS_SUBSET", Suggestion, Low, "private addresses among the excepted ones", `
The private ranges of the list except nothing: aws:SourceIp is a public address. Remove them.
`},
	{"REDUNDANT_CONDITION_VALUE_NUM", Suggestion, Low, "several limits where one counts", `
Of several numbers with NumericLessThan the greatest counts, with NumericGreaterThan the least. The others only mislead.
`},
	{"EMPTY_ARRAY_CONDITION", Suggestion, Medium, "a condition without values", `
A test against no value never holds, and its negation always does. Give it values, or remove it.
`},
	{"EMPTY_ARRAY_CONDITION_FORALLVALUES", Suggestion, Medium, "ForAllValues without values", `
The test holds only when the request has no value for the key. If that is meant, Null with "true" says so.
`},
	{"EMPTY_ARRAY_CONDITION_FORANYVALUE", Suggestion, Medium, "ForAnyValue without values", `
The test never holds, so the statement has no effect. Give it values, or remove the statement.
`},
	{"EMPTY_ARRAY_CONDITION_IF_EXISTS", Suggestion, Medium, "IfExists without values", `
The test holds only when the key is absent. If that is meant, Null with "true" says so.
`},
	{"EMPTY_OBJECT_CONDITION", Suggestion, Low, "a Condition without tests", `
An empty Condition limits nothing. Remove it, or write the test that was meant to be there.
`},
	{"ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Suggestion, Medium, "allows by a tag that the service does not report", `
Requests for these actions never carry the tag key that the statement tests, so it allows none of them. Move them to a statement of their own.
`},
	{"ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Suggestion, Medium, "allows by NotAction and a tag", `
Of all the actions that NotAction leaves, the statement allows those whose requests carry the tag key, which are few and change with time. List the actions.
`},
	{"DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Security, Medium, "denies by a tag that the service does not report", `
Requests for these actions never carry the tag key that the statement tests, so it denies none of them, however the resource is tagged. Deny them in a statement of
their own, by resource name.
`},
	{"DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Security, Medium, "denies by NotAction and a tag", `
Of all the actions that NotAction leaves, the statement denies those whose requests carry the tag key. The rest passes. List the actions to deny.
`},
}
