package iam

import "strings"

// ParseOptions say what a document is read as.
type ParseOptions struct {
	// Kind is where the policy is attached; [IdentityPolicy] by default.
	Kind Kind
	// ResourceType says for a [ResourcePolicy] what it is attached to, as
	// "service:type" of the service reference ("s3:bucket", "ecr:repository") or
	// as CloudFormation names it ("AWS::ECR::Repository"), in any case. Empty is a
	// type of which nothing special is known.
	ResourceType string
	// Lenient accepts documents with problems that are tolerated, as stored ones
	// may have them. It never accepts what can be understood in two ways.
	Lenient bool
	// SCPLegacy holds a [ServiceControlPolicy] to the rules from before September
	// 2025, when Allow took neither conditions nor resources.
	SCPLegacy bool
}

// resourceType is what is special about the policies of one type of resource.
type resourceType struct {
	name, template string
	// noResource is set where a statement may go without Resource and is then
	// about what the policy is attached to.
	noResource bool
	// characters is set where the service takes only the characters IAM does.
	characters bool
	// quota is how many characters the policy may have (the services' own pages
	// of quotas); 0 where unknown.
	quota int
}

// resourceTypes are the types of which something is known. A file system's
// policy as the console of Amazon EFS writes it names no resource; neither do
// those of registries (Amazon ECR User Guide, "Private repository policies").
var resourceTypes = []resourceType{
	{name: "s3:bucket", template: "AWS::S3::Bucket", quota: 20 << 10},
	{name: "kms:key", template: "AWS::KMS::Key", quota: 32 << 10, characters: true},
	{name: "sqs:queue", template: "AWS::SQS::Queue"},
	{name: "sns:topic", template: "AWS::SNS::Topic", quota: 30_720},
	{name: "secretsmanager:Secret", template: "AWS::SecretsManager::Secret", quota: 20_480},
	{name: "lambda:function", template: "AWS::Lambda::Function", quota: 20 << 10},
	{name: "ecr:repository", template: "AWS::ECR::Repository", quota: 10_240, noResource: true},
	{name: "ecr-public:repository", template: "AWS::ECR::PublicRepository", quota: 10_240, noResource: true},
	{name: "glue:catalog", quota: 10 << 10},
	{name: "elasticfilesystem:file-system", template: "AWS::EFS::FileSystem", quota: 20_000, noResource: true},
}

// findResourceType returns what is known of a type, under either of its names.
func findResourceType(name string) resourceType {
	for _, t := range resourceTypes {
		if name != "" && (strings.EqualFold(name, t.name) || strings.EqualFold(name, t.template)) {
			return t
		}
	}
	return resourceType{}
}
