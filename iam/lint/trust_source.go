package lint

import (
	"slices"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/internal/stranger"
)

// sourceServices are services that send aws:SourceAccount and aws:SourceArn when
// they assume a role, by the confused-deputy page of each one's guide. Those
// that do not (ec2, lambda) must not be listed: with the condition their role
// could not be assumed at all.
var sourceServices = []string{
	"amplify.amazonaws.com",
	"appflow.amazonaws.com",
	"appsync.amazonaws.com",
	"autoscaling.amazonaws.com",
	"batchoperations.s3.amazonaws.com",
	"bedrock.amazonaws.com",
	"cloudtrail.amazonaws.com",
	"codebuild.amazonaws.com",
	"codedeploy.amazonaws.com",
	"cognito-idp.amazonaws.com",
	"comprehend.amazonaws.com",
	"config.amazonaws.com",
	"datasync.amazonaws.com",
	"dlm.amazonaws.com",
	"dms.amazonaws.com",
	"ecs-tasks.amazonaws.com",
	"elasticmapreduce.amazonaws.com",
	"events.amazonaws.com",
	"firehose.amazonaws.com",
	"forecast.amazonaws.com",
	"glue.amazonaws.com",
	"grafana.amazonaws.com",
	"greengrass.amazonaws.com",
	"iot.amazonaws.com",
	"iotevents.amazonaws.com",
	"kendra.amazonaws.com",
	"kinesisanalytics.amazonaws.com",
	"lex.amazonaws.com",
	"lexv2.amazonaws.com",
	"logs.amazonaws.com",
	"monitoring.rds.amazonaws.com",
	"personalize.amazonaws.com",
	"pipes.amazonaws.com",
	"rekognition.amazonaws.com",
	"sagemaker.amazonaws.com",
	"scheduler.amazonaws.com",
	"ssm.amazonaws.com",
	"states.amazonaws.com",
	"textract.amazonaws.com",
	"transcribe.amazonaws.com",
	"transfer.amazonaws.com",
	"vpc-flow-logs.amazonaws.com",
}

// sourceKeys tell for whose resource a service acts.
var sourceKeys = []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"}

// trustSources finds services that may use the role on behalf of strangers.
func trustSources(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		if !reaches(s, assumeRole) || p.namesSource(s) || p.demandsKey(s, externalIDKey, arn.ValidAccount) {
			return // some services send the account they act for as external ID
		}
		for _, m := range members(s.Principals) {
			if m.key != "Service" || !slices.Contains(sourceServices, m.text) {
				continue
			}
			f := p.report("TRUST_SERVICE_NO_SOURCE", m.path(p.policy, i), "%s may assume the role on behalf of a resource in any account", m.text)
			f.Help = "add a condition on aws:SourceAccount or aws:SourceArn"
			if own := p.options.OwnAccounts; len(own) == 1 {
				p.fix(f, false, "limit to account "+own[0], p.addCondition(i, "StringEquals", "aws:SourceAccount", own[0]))
			}
		}
	})
}

// namesSource reports whether conditions say for whose resource a service acts:
// by one of the keys made for it, or by what the service encrypts, which is named
// in the encryption context (AWS KMS Developer Guide, "Encryption context").
func (p *pass) namesSource(s *iam.Statement) bool {
	return slices.ContainsFunc(sourceKeys, func(key string) bool { return p.demandsKey(s, key, stranger.LeftOut(key)) }) ||
		slices.ContainsFunc(s.Conditions, func(c iam.Condition) bool {
			_, context := cutFold(c.Key, "kms:EncryptionContext:")
			return context && demands(&c) && p.everyValue(&c, stranger.LeftOut("aws:PrincipalArn"))
		})
}
