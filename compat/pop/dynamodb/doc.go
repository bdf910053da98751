// Package dynamodb reads the tables of a deployment of Comcast's Priority
// Operation Processing, as DynamoDB exports them: an export to S3 in DynamoDB
// JSON, or the output of a scan.
//
//	for o, err := range dynamodb.Objects(file, object.KindAgenda) { … }
//
// The tables hold nested values as texts with JSON, booleans as 0 and 1, times as
// numbers and -1 for those that are not known; here they are as the API tells
// them. Attributes that objects do not have are ignored.
package dynamodb
