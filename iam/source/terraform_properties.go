package source

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

// terraformProperties are the arguments with policies, by type of resource
// (Terraform Registry, provider hashicorp/aws). Nested blocks are lists, as
// plans have them.
var terraformProperties = map[string][]property{
	"aws_iam_policy":       {{path: "policy", kind: iam.IdentityPolicy, owners: []string{}}},
	"aws_iam_role_policy":  {{path: "policy", kind: iam.InlineRolePolicy, owners: []string{"role"}}},
	"aws_iam_user_policy":  {{path: "policy", kind: iam.InlineUserPolicy, owners: []string{"user"}}},
	"aws_iam_group_policy": {{path: "policy", kind: iam.InlineGroupPolicy, owners: []string{"group"}}},
	"aws_iam_role": {
		{path: "assume_role_policy", kind: iam.TrustPolicy},
		{path: "inline_policy[].policy", kind: iam.InlineRolePolicy},
	},
	"aws_ssoadmin_permission_set_inline_policy": {{path: "inline_policy", kind: iam.InlineRolePolicy, owners: []string{"permission_set_arn"}}},
	"aws_organizations_policy":                  {{path: "content", kind: iam.ServiceControlPolicy}},
	"aws_vpc_endpoint":                          {{path: "policy", kind: iam.EndpointPolicy}},
	"aws_vpc_endpoint_policy":                   {{path: "policy", kind: iam.EndpointPolicy, owners: []string{"vpc_endpoint_id"}}},
	"aws_transfer_access":                       {{path: "policy", kind: iam.SessionPolicy}},
	"aws_transfer_user":                         {{path: "policy", kind: iam.SessionPolicy}},

	"aws_acmpca_policy":                               resourcePolicy("policy", "acm-pca:certificate-authority", "resource_arn"),
	"aws_api_gateway_rest_api":                        resourcePolicy("policy", "execute-api:execute-api-general"),
	"aws_api_gateway_rest_api_policy":                 resourcePolicy("policy", "execute-api:execute-api-general", "rest_api_id"),
	"aws_backup_vault_policy":                         resourcePolicy("policy", "backup:backupVault", "backup_vault_name"),
	"aws_cloudsearch_domain_service_access_policy":    resourcePolicy("access_policy", "cloudsearch:domain", "domain_name"),
	"aws_cloudwatch_event_bus_policy":                 resourcePolicy("policy", "events:event-bus", "event_bus_name"),
	"aws_cloudwatch_log_destination_policy":           resourcePolicy("access_policy", "logs:destination", "destination_name"),
	"aws_cloudwatch_log_resource_policy":              resourcePolicy("policy_document", "logs"),
	"aws_codeartifact_domain_permissions_policy":      resourcePolicy("policy_document", "codeartifact:domain", "domain"),
	"aws_codeartifact_repository_permissions_policy":  resourcePolicy("policy_document", "codeartifact:repository", "repository"),
	"aws_codebuild_resource_policy":                   resourcePolicy("policy", "codebuild:project", "resource_arn"),
	"aws_dynamodb_resource_policy":                    resourcePolicy("policy", "dynamodb:table", "resource_arn"),
	"aws_ecr_registry_policy":                         resourcePolicy("policy", "ecr"),
	"aws_ecr_repository_policy":                       resourcePolicy("policy", "ecr:repository", "repository"),
	"aws_ecrpublic_repository_policy":                 resourcePolicy("policy", "ecr-public:repository", "repository_name"),
	"aws_efs_file_system_policy":                      resourcePolicy("policy", "elasticfilesystem:file-system", "file_system_id"),
	"aws_elasticsearch_domain":                        resourcePolicy("access_policies", "es:domain"),
	"aws_elasticsearch_domain_policy":                 resourcePolicy("access_policies", "es:domain", "domain_name"),
	"aws_glacier_vault":                               resourcePolicy("access_policy", "glacier:vault"),
	"aws_glacier_vault_lock":                          resourcePolicy("policy", "glacier:vault", "vault_name"),
	"aws_glue_resource_policy":                        resourcePolicy("policy", "glue:catalog"),
	"aws_kinesis_resource_policy":                     resourcePolicy("policy", "kinesis:stream", "resource_arn"),
	"aws_kms_external_key":                            resourcePolicy("policy", "kms:key"),
	"aws_kms_key":                                     resourcePolicy("policy", "kms:key"),
	"aws_kms_key_policy":                              resourcePolicy("policy", "kms:key", "key_id"),
	"aws_kms_replica_key":                             resourcePolicy("policy", "kms:key"),
	"aws_media_store_container_policy":                resourcePolicy("policy", "mediastore:container", "container_name"),
	"aws_networkfirewall_resource_policy":             resourcePolicy("policy", "network-firewall", "resource_arn"),
	"aws_opensearch_domain":                           resourcePolicy("access_policies", "es:domain"),
	"aws_opensearch_domain_policy":                    resourcePolicy("access_policies", "es:domain", "domain_name"),
	"aws_organizations_resource_policy":               resourcePolicy("content", "organizations"),
	"aws_redshift_resource_policy":                    resourcePolicy("policy", "redshift:namespace", "resource_arn"),
	"aws_redshiftserverless_resource_policy":          resourcePolicy("policy", "redshift-serverless:namespace", "resource_arn"),
	"aws_s3_access_point":                             resourcePolicy("policy", "s3:accesspoint"),
	"aws_s3_bucket":                                   resourcePolicy("policy", "s3:bucket"),
	"aws_s3_bucket_policy":                            resourcePolicy("policy", "s3:bucket", "bucket"),
	"aws_s3control_access_point_policy":               resourcePolicy("policy", "s3:accesspoint", "access_point_arn"),
	"aws_s3control_bucket_policy":                     resourcePolicy("policy", "s3-outposts:bucket", "bucket"),
	"aws_s3control_multi_region_access_point_policy":  resourcePolicy("details[].policy", "s3:multiregionaccesspoint"),
	"aws_s3control_object_lambda_access_point_policy": resourcePolicy("policy", "s3-object-lambda:objectlambdaaccesspoint"),
	"aws_schemas_registry_policy":                     resourcePolicy("policy", "schemas:registry", "registry_name"),
	"aws_secretsmanager_secret":                       resourcePolicy("policy", "secretsmanager:secret"),
	"aws_secretsmanager_secret_policy":                resourcePolicy("policy", "secretsmanager:secret", "secret_arn"),
	"aws_ses_identity_policy":                         resourcePolicy("policy", "ses:identity", "identity"),
	"aws_sesv2_email_identity_policy":                 resourcePolicy("policy", "ses:identity", "email_identity"),
	"aws_sns_topic":                                   resourcePolicy("policy", "sns:topic"),
	"aws_sns_topic_policy":                            resourcePolicy("policy", "sns:topic", "arn"),
	"aws_sqs_queue":                                   resourcePolicy("policy", "sqs:queue"),
	"aws_sqs_queue_policy":                            resourcePolicy("policy", "sqs:queue", "queue_url"),
	"aws_vpclattice_auth_policy":                      resourcePolicy("policy", "vpc-lattice-svcs:Service", "resource_identifier"),
	"aws_vpclattice_resource_policy":                  resourcePolicy("policy", "vpc-lattice", "resource_arn"),
	"aws_xray_resource_policy":                        resourcePolicy("policy_document", "xray"),
}

// foreignTypes are the types whose policies are in a language of their own.
var foreignTypes = map[string]bool{
	"aws_iot_policy":                     true,
	"aws_verifiedpermissions_policy":     true,
	"aws_ecr_lifecycle_policy":           true,
	"aws_sqs_queue_redrive_policy":       true,
	"aws_sqs_queue_redrive_allow_policy": true,
}

// terraformNouns map a type of resource to what it is, and what its attribute id
// is.
var terraformNouns = map[string]struct{ noun, id string }{
	"aws_acm_certificate":                  {"certificate", "arn"},
	"aws_alb":                              {"loadbalancer", "arn"},
	"aws_api_gateway_rest_api":             {"restapi", "id"},
	"aws_cloudfront_distribution":          {"distribution", "id"},
	"aws_cloudwatch_event_bus":             {"eventbus", "name"},
	"aws_cloudwatch_event_rule":            {"rule", "name"},
	"aws_cloudwatch_log_group":             {"loggroup", "name"},
	"aws_codebuild_project":                {"project", "arn"},
	"aws_codepipeline":                     {"pipeline", "name"},
	"aws_cognito_user_pool":                {"userpool", "id"},
	"aws_db_instance":                      {"rds", "name"},
	"aws_dynamodb_table":                   {"table", "name"},
	"aws_ecr_repository":                   {"repository", "name"},
	"aws_ecs_cluster":                      {"cluster", "arn"},
	"aws_ecs_task_definition":              {"taskdefinition", "name"},
	"aws_efs_file_system":                  {"filesystem", "id"},
	"aws_iam_group":                        {"group", "name"},
	"aws_iam_instance_profile":             {"instanceprofile", "name"},
	"aws_iam_openid_connect_provider":      {"oidc", "arn"},
	"aws_iam_policy":                       {"policy", "arn"},
	"aws_iam_role":                         {"role", "name"},
	"aws_iam_saml_provider":                {"saml", "arn"},
	"aws_iam_user":                         {"user", "name"},
	"aws_instance":                         {"instance", "id"},
	"aws_kinesis_firehose_delivery_stream": {"deliverystream", "arn"},
	"aws_kinesis_stream":                   {"stream", "arn"},
	"aws_kms_alias":                        {"kms", "name"},
	"aws_kms_key":                          {"key", "id"},
	"aws_lambda_function":                  {"function", "name"},
	"aws_lb":                               {"loadbalancer", "arn"},
	"aws_opensearch_domain":                {"opensearch", "arn"},
	"aws_s3_bucket":                        {"bucket", "name"},
	"aws_secretsmanager_secret":            {"secret", "arn"},
	"aws_security_group":                   {"securitygroup", "id"},
	"aws_sfn_state_machine":                {"statemachine", "arn"},
	"aws_sns_topic":                        {"topic", "arn"},
	"aws_sqs_queue":                        {"queue", "url"},
	"aws_ssm_parameter":                    {"parameter", "name"},
	"aws_subnet":                           {"subnet", "id"},
	"aws_vpc":                              {"vpc", "id"},
	"aws_vpc_endpoint":                     {"vpcendpoint", "id"},
}

// nameArguments are what types of resources call the argument with the name.
var nameArguments = []string{"bucket", "name", "function_name", "family", "identifier", "domain_name"}

// terraformStandIn returns what stands for an attribute of a resource whose name
// is known: data.aws_x and aws_x have the same attributes.
func terraformStandIn(typ, name, attribute string, p place) string {
	known, ok := terraformNouns[typ]
	if !ok {
		return terraformData(typ, name, attribute, p)
	}
	n, _ := nounNamed(known.noun)
	if attribute == "id" {
		attribute = known.id
	}
	words := folded(attribute)
	switch {
	case words == "streamarn" && known.noun == "table":
		return n.named(name) + "/stream/2020-01-01T00:00:00.000"
	case strings.HasSuffix(words, "arn"):
		return n.named(name)
	case words == "url" && known.noun == "oidc":
		return "https://" + name
	case words == "url":
		return "https://sqs." + StandInRegion + "." + standInSuffix + "/" + StandInAccount + "/" + name
	case strings.HasSuffix(words, "name") || words == "bucket" || words == "family":
		return name
	case words == "uniqueid" && known.noun == "role":
		return "AROAEXAMPLEID12345678"
	case words == "id" || strings.HasSuffix(words, "keyid"):
		return lastPart(n.named(name))
	}
	return standIn(attribute, p)
}

// terraformData returns what stands for an attribute of a data source that tells
// where the configuration runs, or of a type that is not known.
func terraformData(typ, name, attribute string, p place) string {
	words := folded(attribute)
	switch typ {
	case "aws_caller_identity":
		if words == "arn" {
			return "arn:aws:iam::" + StandInAccount + ":root"
		}
		return StandInAccount
	case "aws_region":
		return StandInRegion
	case "aws_partition":
		if strings.Contains(words, "suffix") {
			return standInSuffix
		}
		return StandInPartition
	case "aws_organizations_organization":
		return standInOrganization
	}
	// These say nothing of what they are of; the type does.
	owner := strings.TrimPrefix(typ, "aws_") + "_" + name
	switch words {
	case "arn":
		return standIn(owner+"_arn", p)
	case "id", "name":
		return standIn(owner, p)
	}
	return standIn(attribute, p)
}
