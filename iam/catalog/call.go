package catalog

import "strings"

// Permission is an action that an SDK call takes.
type Permission struct {
	// Action is the action: "s3:ListBucket".
	Action string
	// Template is the ARN it is on, with the call's parameters as variables:
	// "arn:${Partition}:s3:::${Bucket}". "*" for none; empty where the reference
	// of the action has to say.
	Template string
	// When is the parameter, or the circumstance in words, without which the call
	// does not take the action. Empty: always.
	When string
}

// Call returns the permissions of an SDK call such as "S3.ListObjectsV2". Most
// calls take the action of their own name; the catalogue lists those that do
// not. free is set for calls that take no permission, with a note where there
// is one. ok is false where nothing is known.
func (c *Catalog) Call(name string) (permissions []Permission, free, ok bool) {
	key := strings.ToLower(name)
	if _, found := c.free[key]; found {
		return nil, true, true
	}
	if p, found := c.calls[key]; found {
		return p, false, true
	}
	service, operation, found := strings.Cut(name, ".")
	if !found {
		return nil, false, false
	}
	a, found := c.Action(PrefixOf(service) + ":" + operation)
	if !found {
		return nil, false, false
	}
	return []Permission{{Action: a.FullName()}}, false, true
}

// serviceIDs are the services whose name in SDKs is not their action prefix.
var serviceIDs = map[string]string{
	"apigatewaymanagementapi": "execute-api", "apigatewayv2": "apigateway", "cloudwatchlogs": "logs",
	"cloudwatchevents": "events", "eventbridge": "events", "cognitoidentity": "cognito-identity",
	"cognitoidentityprovider": "cognito-idp", "dynamodbstreams": "dynamodb", "efs": "elasticfilesystem",
	"elbv2": "elasticloadbalancing", "elasticloadbalancingv2": "elasticloadbalancing", "monitoring": "cloudwatch",
	"opensearchservice": "es", "rdsdata": "rds-data", "resourcegroupstaggingapi": "tag", "sesv2": "ses", "sfn": "states",
	"stepfunctions": "states", "applicationautoscaling": "application-autoscaling", "accessanalyzer": "access-analyzer",
	"ecrpublic": "ecr-public", "servicediscovery": "servicediscovery", "ssooidc": "sso",
}

// PrefixOf returns the action prefix of a service as SDKs, endpoints or
// signatures name it: "states" for "SFN". A name that is a prefix already comes
// back in lower case.
func PrefixOf(service string) string {
	s := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(service))
	if p, ok := serviceIDs[s]; ok {
		return p
	}
	return strings.ToLower(service)
}

// Calls returns the names of the calls that are listed, in no order, in lower
// case.
func (c *Catalog) Calls() []string {
	var names []string
	for n := range c.calls {
		names = append(names, n)
	}
	return names
}
