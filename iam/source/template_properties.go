package source

import "github.com/berth-project/berth/iam"

// property is where a resource has a policy.
type property struct {
	// path leads to it from the resource's properties: "Policies[].PolicyDocument".
	path string
	kind iam.Kind
	// on is what a resource policy is attached to: "sqs:queue".
	on string
	// owners are the properties that say what has the policy. Without them it is
	// the resource itself.
	owners []string
	// loose properties hold other things too: only what looks like a policy is one.
	loose bool
}

func resourcePolicy(path, on string, owners ...string) []property {
	return []property{{path: path, kind: iam.ResourcePolicy, on: on, owners: owners}}
}

// templateProperties are the properties with policies, by type of resource
// (CloudFormation Template Reference, "AWS resource and property types
// reference"). Policies elsewhere in a template are found too, by their shape,
// and their kind is guessed.
var templateProperties = map[string][]property{
	"AWS::IAM::Role": {
		{path: "AssumeRolePolicyDocument", kind: iam.TrustPolicy},
		{path: "Policies[].PolicyDocument", kind: iam.InlineRolePolicy},
	},
	"AWS::IAM::User":          {{path: "Policies[].PolicyDocument", kind: iam.InlineUserPolicy}},
	"AWS::IAM::Group":         {{path: "Policies[].PolicyDocument", kind: iam.InlineGroupPolicy}},
	"AWS::IAM::ManagedPolicy": {{path: "PolicyDocument", kind: iam.IdentityPolicy, owners: []string{"Roles", "Users", "Groups"}}},
	"AWS::IAM::Policy":        {{path: "PolicyDocument", kind: iam.InlineRolePolicy, owners: []string{"Roles", "Users", "Groups"}}},
	"AWS::IAM::RolePolicy":    {{path: "PolicyDocument", kind: iam.InlineRolePolicy, owners: []string{"RoleName"}}},
	"AWS::IAM::UserPolicy":    {{path: "PolicyDocument", kind: iam.InlineUserPolicy, owners: []string{"UserName"}}},
	"AWS::IAM::GroupPolicy":   {{path: "PolicyDocument", kind: iam.InlineGroupPolicy, owners: []string{"GroupName"}}},
	"AWS::SSO::PermissionSet": {{path: "InlinePolicy", kind: iam.InlineRolePolicy}},
	"AWS::Serverless::Function": {
		{path: "AssumeRolePolicyDocument", kind: iam.TrustPolicy},
		{path: "Policies[]", kind: iam.InlineRolePolicy, loose: true},
		{path: "Policies", kind: iam.InlineRolePolicy, loose: true},
	},
	"AWS::Serverless::StateMachine": {
		{path: "Policies[]", kind: iam.InlineRolePolicy, loose: true},
		{path: "Policies", kind: iam.InlineRolePolicy, loose: true},
	},
	"AWS::Transfer::User":                    {{path: "Policy", kind: iam.SessionPolicy}},
	"AWS::EC2::VPCEndpoint":                  {{path: "PolicyDocument", kind: iam.EndpointPolicy}},
	"AWS::Organizations::Policy":             {{path: "Content", kind: iam.ServiceControlPolicy, owners: []string{"TargetIds"}}},
	"AWS::ApiGateway::RestApi":               resourcePolicy("Policy", "execute-api:execute-api-general"),
	"AWS::Backup::BackupVault":               resourcePolicy("AccessPolicy", "backup:backupVault"),
	"AWS::CloudTrail::ResourcePolicy":        resourcePolicy("ResourcePolicy", "cloudtrail", "ResourceArn"),
	"AWS::CodeArtifact::Domain":              resourcePolicy("PermissionsPolicyDocument", "codeartifact:domain"),
	"AWS::CodeArtifact::Repository":          resourcePolicy("PermissionsPolicyDocument", "codeartifact:repository"),
	"AWS::DynamoDB::GlobalTable":             resourcePolicy("Replicas[].ResourcePolicy.PolicyDocument", "dynamodb:table"),
	"AWS::DynamoDB::Table":                   resourcePolicy("ResourcePolicy.PolicyDocument", "dynamodb:table"),
	"AWS::ECR::PublicRepository":             resourcePolicy("RepositoryPolicyText", "ecr-public:repository"),
	"AWS::ECR::RegistryPolicy":               resourcePolicy("PolicyText", "ecr"),
	"AWS::ECR::Repository":                   resourcePolicy("RepositoryPolicyText", "ecr:repository"),
	"AWS::EFS::FileSystem":                   resourcePolicy("FileSystemPolicy", "elasticfilesystem:file-system"),
	"AWS::Elasticsearch::Domain":             resourcePolicy("AccessPolicies", "es:domain"),
	"AWS::Events::EventBus":                  resourcePolicy("Policy", "events:event-bus"),
	"AWS::KMS::Key":                          resourcePolicy("KeyPolicy", "kms:key"),
	"AWS::KMS::ReplicaKey":                   resourcePolicy("KeyPolicy", "kms:key"),
	"AWS::Kinesis::ResourcePolicy":           resourcePolicy("ResourcePolicy", "kinesis:stream", "ResourceArn"),
	"AWS::Logs::Destination":                 resourcePolicy("DestinationPolicy", "logs:destination"),
	"AWS::Logs::ResourcePolicy":              resourcePolicy("PolicyDocument", "logs"),
	"AWS::MediaStore::Container":             resourcePolicy("Policy", "mediastore:container"),
	"AWS::OpenSearchService::Domain":         resourcePolicy("AccessPolicies", "es:domain"),
	"AWS::Organizations::ResourcePolicy":     resourcePolicy("Content", "organizations"),
	"AWS::RedshiftServerless::Namespace":     resourcePolicy("NamespaceResourcePolicy", "redshift-serverless:namespace"),
	"AWS::S3::AccessPoint":                   resourcePolicy("Policy", "s3:accesspoint"),
	"AWS::S3::BucketPolicy":                  resourcePolicy("PolicyDocument", "s3:bucket", "Bucket"),
	"AWS::S3::MultiRegionAccessPointPolicy":  resourcePolicy("Policy", "s3:multiregionaccesspoint", "MrapName"),
	"AWS::S3Express::BucketPolicy":           resourcePolicy("PolicyDocument", "s3express:bucket", "Bucket"),
	"AWS::S3ObjectLambda::AccessPointPolicy": resourcePolicy("PolicyDocument", "s3-object-lambda:objectlambdaaccesspoint", "ObjectLambdaAccessPoint"),
	"AWS::S3Outposts::BucketPolicy":          resourcePolicy("PolicyDocument", "s3-outposts:bucket", "Bucket"),
	"AWS::S3Tables::TableBucketPolicy":       resourcePolicy("ResourcePolicy", "s3tables:TableBucket", "TableBucketARN"),
	"AWS::SNS::TopicInlinePolicy":            resourcePolicy("PolicyDocument", "sns:topic", "TopicArn"),
	"AWS::SNS::TopicPolicy":                  resourcePolicy("PolicyDocument", "sns:topic", "Topics"),
	"AWS::SQS::QueueInlinePolicy":            resourcePolicy("PolicyDocument", "sqs:queue", "Queue"),
	"AWS::SQS::QueuePolicy":                  resourcePolicy("PolicyDocument", "sqs:queue", "Queues"),
	"AWS::Schemas::RegistryPolicy":           resourcePolicy("Policy", "schemas:registry", "RegistryName"),
	"AWS::SecretsManager::ResourcePolicy":    resourcePolicy("ResourcePolicy", "secretsmanager:secret", "SecretId"),
	"AWS::VpcLattice::AuthPolicy":            resourcePolicy("Policy", "vpc-lattice-svcs:Service", "ResourceIdentifier"),
	"AWS::VpcLattice::ResourcePolicy":        resourcePolicy("Policy", "vpc-lattice", "ResourceArn"),
	"AWS::XRay::ResourcePolicy":              resourcePolicy("PolicyDocument", "xray"),
}

// foreignPolicies are the types whose policies are in a language of their own.
var foreignPolicies = map[string]bool{
	"AWS::IoT::Policy":                 true,
	"AWS::WAFv2::WebACL":               true,
	"AWS::WAFv2::RuleGroup":            true,
	"AWS::VerifiedPermissions::Policy": true,
}

// templateNoun maps a type of resource to what it is, and what a Ref to it
// returns.
var templateNouns = map[string]struct{ noun, ref string }{
	"AWS::CertificateManager::Certificate":      {"certificate", "arn"},
	"AWS::CloudFront::Distribution":             {"distribution", "name"},
	"AWS::CodeBuild::Project":                   {"project", "name"},
	"AWS::CodePipeline::Pipeline":               {"pipeline", "name"},
	"AWS::Cognito::UserPool":                    {"userpool", "id"},
	"AWS::DynamoDB::GlobalTable":                {"table", "name"},
	"AWS::DynamoDB::Table":                      {"table", "name"},
	"AWS::EC2::Instance":                        {"instance", "id"},
	"AWS::EC2::SecurityGroup":                   {"securitygroup", "id"},
	"AWS::EC2::Subnet":                          {"subnet", "id"},
	"AWS::EC2::VPC":                             {"vpc", "id"},
	"AWS::EC2::VPCEndpoint":                     {"vpcendpoint", "id"},
	"AWS::ECR::Repository":                      {"repository", "name"},
	"AWS::ECS::Cluster":                         {"cluster", "name"},
	"AWS::ECS::TaskDefinition":                  {"taskdefinition", "arn"},
	"AWS::EFS::FileSystem":                      {"filesystem", "id"},
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {"loadbalancer", "arn"},
	"AWS::Elasticsearch::Domain":                {"elasticsearch", "name"},
	"AWS::Events::EventBus":                     {"eventbus", "name"},
	"AWS::Events::Rule":                         {"rule", "name"},
	"AWS::IAM::Group":                           {"group", "name"},
	"AWS::IAM::InstanceProfile":                 {"instanceprofile", "name"},
	"AWS::IAM::ManagedPolicy":                   {"policy", "arn"},
	"AWS::IAM::OIDCProvider":                    {"oidc", "arn"},
	"AWS::IAM::Role":                            {"role", "name"},
	"AWS::IAM::SAMLProvider":                    {"saml", "arn"},
	"AWS::IAM::User":                            {"user", "name"},
	"AWS::KMS::Key":                             {"key", "id"},
	"AWS::Kinesis::Stream":                      {"stream", "name"},
	"AWS::KinesisFirehose::DeliveryStream":      {"deliverystream", "name"},
	"AWS::Lambda::Function":                     {"function", "name"},
	"AWS::Logs::LogGroup":                       {"loggroup", "name"},
	"AWS::OpenSearchService::Domain":            {"opensearch", "name"},
	"AWS::RDS::DBInstance":                      {"rds", "name"},
	"AWS::S3::Bucket":                           {"bucket", "name"},
	"AWS::SNS::Topic":                           {"topic", "arn"},
	"AWS::SQS::Queue":                           {"queue", "url"},
	"AWS::SSM::Parameter":                       {"parameter", "name"},
	"AWS::SecretsManager::Secret":               {"secret", "arn"},
	"AWS::Serverless::Api":                      {"restapi", "id"},
	"AWS::Serverless::Function":                 {"function", "name"},
	"AWS::Serverless::SimpleTable":              {"table", "name"},
	"AWS::Serverless::StateMachine":             {"statemachine", "arn"},
	"AWS::StepFunctions::StateMachine":          {"statemachine", "arn"},
	"AWS::ApiGateway::RestApi":                  {"restapi", "id"},
}
