package catalog

import (
	"slices"
	"strings"
)

// serviceIDs are the services whose name in SDKs, signatures or endpoints is not
// their action prefix even without regard to case, spaces and hyphens. The names
// are those of the vendor's service models (serviceId, signingName).
var serviceIDs = map[string]string{
	"apigatewaymanagementapi": "execute-api", "apigatewayv2": "apigateway",
	"cloudcontrol": "cloudformation", "cloudcontrolapi": "cloudformation",
	"cloudwatchevents": "events", "eventbridge": "events", "cloudwatchlogs": "logs", "monitoring": "cloudwatch",
	"cognitoidentityprovider": "cognito-idp", "configservice": "config", "databasemigrationservice": "dms",
	"directoryservice": "ds", "dynamodbstreams": "dynamodb", "streams.dynamodb": "dynamodb",
	"efs": "elasticfilesystem", "elasticsearchservice": "es", "opensearchservice": "es",
	"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "elasticloadbalancingv2": "elasticloadbalancing",
	"email": "ses", "sesv2": "ses", "emr": "elasticmapreduce", "mwaa": "airflow",
	"resourcegroupstaggingapi": "tag", "tagging": "tag", "s3control": "s3", "sfn": "states", "stepfunctions": "states",
	"ssoadmin": "sso", "ssooidc": "sso-oauth",
}

// PrefixOf returns the action prefix of a service as SDKs, signatures, endpoints
// or trails name it: "states" for "SFN", "cloudwatch" for
// "monitoring.amazonaws.com". A name that is a prefix comes back as it is, and
// so, in lower case, does one that nothing is known of.
func PrefixOf(service string) string {
	name := strings.ToLower(strings.TrimSuffix(service, ".amazonaws.com"))
	prefixes := Default().prefixes
	if _, ok := slices.BinarySearch(prefixes, name); ok {
		return name
	}
	joined := unjoin.Replace(name)
	if p, ok := serviceIDs[joined]; ok {
		return p
	}
	if i := slices.IndexFunc(prefixes, func(p string) bool { return unjoin.Replace(p) == joined }); i >= 0 {
		return prefixes[i]
	}
	return name
}

// unjoin takes the marks between the words of a name away.
var unjoin = strings.NewReplacer(" ", "", "_", "", "-", "")
