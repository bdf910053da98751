package lint

// policyWriters write policies of resources, or lists of accounts that a
// resource is shared with.
var policyWriters = []string{
	"acm-pca:PutPolicy",
	"apigateway:UpdateRestApiPolicy",
	"backup:PutBackupVaultAccessPolicy",
	"cloudtrail:PutResourcePolicy",
	"codeartifact:PutDomainPermissionsPolicy",
	"codeartifact:PutRepositoryPermissionsPolicy",
	"codebuild:PutResourcePolicy",
	"dynamodb:PutResourcePolicy",
	"ec2:ModifyImageAttribute",
	"ec2:ModifySnapshotAttribute",
	"ec2:ModifyVpcEndpointServicePermissions",
	"ec2:PutResourcePolicy",
	"ecr-public:SetRepositoryPolicy",
	"ecr:PutRegistryPolicy",
	"ecr:SetRepositoryPolicy",
	"elasticfilesystem:PutFileSystemPolicy",
	"events:PutPermission",
	"glacier:SetVaultAccessPolicy",
	"glue:PutResourcePolicy",
	"iam:UpdateAssumeRolePolicy",
	"kinesis:PutResourcePolicy",
	"kms:CreateGrant",
	"kms:PutKeyPolicy",
	"lambda:AddLayerVersionPermission",
	"lambda:AddPermission",
	"lambda:PutResourcePolicy",
	"logs:PutDestinationPolicy",
	"logs:PutResourcePolicy",
	"organizations:PutResourcePolicy",
	"ram:CreateResourceShare",
	"rds:ModifyDBClusterSnapshotAttribute",
	"rds:ModifyDBSnapshotAttribute",
	"s3:PutAccessPointPolicy",
	"s3:PutAccountPublicAccessBlock",
	"s3:PutBucketPolicy",
	"s3:PutBucketPublicAccessBlock",
	"s3:PutMultiRegionAccessPointPolicy",
	"s3express:PutBucketPolicy",
	"secretsmanager:PutResourcePolicy",
	"servicediscovery:PutResourcePolicy",
	"ses:CreateEmailIdentityPolicy",
	"ses:PutIdentityPolicy",
	"sns:AddPermission",
	"sns:SetTopicAttributes",
	"sqs:AddPermission",
	"sqs:SetQueueAttributes",
	"ssm:ModifyDocumentPermission",
	"ssm:PutResourcePolicy",
	"wafv2:PutPermissionPolicy",
	"xray:PutResourcePolicy",
}

// aclWriters set access control lists of S3.
var aclWriters = []string{"s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutBucketAcl"}

const registryToken = "ecr:GetAuthorizationToken"

// credentialActions answer with credentials.
var credentialActions = []string{
	"chime:CreateApiKey",
	"codeartifact:GetAuthorizationToken",
	"codepipeline:PollForJobs",
	"cognito-identity:GetCredentialsForIdentity",
	"cognito-identity:GetOpenIdToken",
	"cognito-identity:GetOpenIdTokenForDeveloperIdentity",
	"connect:GetFederationToken",
	"ec2:GetPasswordData",
	registryToken,
	"gamelift:RequestUploadCredentials",
	"iam:CreateAccessKey",
	"iam:CreateLoginProfile",
	"iam:CreateServiceSpecificCredential",
	"iam:ResetServiceSpecificCredential",
	"iam:UpdateLoginProfile",
	"lightsail:DownloadDefaultKeyPair",
	"lightsail:GetInstanceAccessDetails",
	"lightsail:GetRelationalDatabaseMasterUserPassword",
	"rds-db:connect",
	"redshift-serverless:GetCredentials",
	"redshift:GetClusterCredentials",
	"redshift:GetClusterCredentialsWithIAM",
	"sts:AssumeRole",
	"sts:GetFederationToken",
}

// dataReaders answer with the content of resources.
var dataReaders = []string{
	"dynamodb:BatchGetItem",
	"dynamodb:GetItem",
	"dynamodb:PartiQLSelect",
	"dynamodb:Query",
	"dynamodb:Scan",
	"s3:GetObject",
	"s3:GetObjectVersion",
	"secretsmanager:BatchGetSecretValue",
	"secretsmanager:GetSecretValue",
	"ssm:GetParameter",
	"ssm:GetParameterHistory",
	"ssm:GetParameters",
	"ssm:GetParametersByPath",
}

// runners start programs.
var runners = []string{
	"batch:SubmitJob",
	"codebuild:StartBuild",
	"codebuild:StartBuildBatch",
	"ecs:ExecuteCommand",
	"ecs:RunTask",
	"ecs:StartTask",
	"glue:StartJobRun",
	"lambda:InvokeAsync",
	"lambda:InvokeFunction",
	"ssm:SendCommand",
	"ssm:StartAutomationExecution",
	"ssm:StartSession",
	"states:StartExecution",
	"states:StartSyncExecution",
}

// networkOpeners open ports, routes or endpoints.
var networkOpeners = []string{
	"ec2:AcceptVpcPeeringConnection",
	"ec2:AuthorizeSecurityGroupEgress",
	"ec2:AuthorizeSecurityGroupIngress",
	"ec2:CreateNetworkAclEntry",
	"ec2:CreateRoute",
	"ec2:ModifySecurityGroupRules",
	"ec2:ReplaceNetworkAclEntry",
	"ec2:ReplaceRoute",
	"eks:UpdateClusterConfig",
	"elasticache:AuthorizeCacheSecurityGroupIngress",
	"lambda:CreateFunctionUrlConfig",
	"lambda:UpdateFunctionUrlConfig",
	"rds:AuthorizeDBSecurityGroupIngress",
	"rds:ModifyDBInstance",
	"redshift:AuthorizeClusterSecurityGroupIngress",
	"redshift:ModifyCluster",
}

// networkGuards are the condition keys, where there is one, that keep what an
// action opens from being public.
var networkGuards = map[string]string{
	"eks:UpdateClusterConfig":        "eks:endpointPublicAccess",
	"lambda:CreateFunctionUrlConfig": "lambda:FunctionUrlAuthType",
	"lambda:UpdateFunctionUrlConfig": "lambda:FunctionUrlAuthType",
}
