package synth

import "regexp"

// Grammars of names, as the services have them. None lets a wildcard or a
// variable through. Lengths are in the table of kinds: counted repetitions would
// cost every start of the program.
var (
	bucketName   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
	queueName    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.fifo)?$`)
	topicName    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.fifo)?$`)
	wordName     = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	pathName     = regexp.MustCompile(`^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?$`)
	secretName   = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)
	functionName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	imageName    = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)
	roleName     = regexp.MustCompile(`^[A-Za-z0-9_+=,.@/-]+$`)
	keyID        = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	groupName    = regexp.MustCompile(`^[A-Za-z0-9_/.#-]+$`)
	securityID   = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	databaseUser = regexp.MustCompile(`^(db|cluster|prx)-[A-Za-z0-9]+/[A-Za-z0-9_.-]+$`)
	spaceName    = regexp.MustCompile(`^[A-Za-z0-9_./#:-]+$`)
	anything     = regexp.MustCompile(`^default$`)
)

// kinds is every kind of resource with the actions that each word takes. The
// words and actions are ours; the actions and ARN forms are checked against the
// service reference by the tests.
var kinds = []Kind{
	{
		Name: "bucket", About: "an S3 bucket", prefix: "s3", crypt: "s3",
		forms: map[string]string{
			"self":    "arn:${Partition}:s3:::${Name}",
			"objects": "arn:${Partition}:s3:::${Name}/${Prefix}*",
		},
		id: regexp.MustCompile(`^([^/*?]+)$`), names: bucketName, most: 63, help: "3 to 63 lower-case letters, digits, dots and hyphens",
		Accesses: []Access{
			{Word: "read", About: "get objects and list their keys", crypt: "decrypt", grants: []grant{
				{on: "objects", actions: []string{"s3:GetObject"}},
				{on: "self", actions: []string{"s3:ListBucket"}, when: "prefix"},
			}},
			{Word: "list", About: "list the keys of objects", grants: []grant{
				{on: "self", actions: []string{"s3:ListBucket"}, when: "prefix"},
			}},
			{Word: "write", About: "put objects, in parts too", crypt: "encrypt", grants: []grant{
				{on: "objects", actions: []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}},
			}},
			{Word: "delete", About: "delete objects", grants: []grant{
				{on: "objects", actions: []string{"s3:DeleteObject"}},
			}},
			{Word: "tag", About: "read and set the tags of objects", grants: []grant{
				{on: "objects", actions: []string{"s3:GetObjectTagging", "s3:PutObjectTagging"}},
			}},
		},
	},
	{
		Name: "bus", About: "an EventBridge event bus", prefix: "events",
		forms: map[string]string{"self": "arn:${Partition}:events:${Region}:${Account}:event-bus/${Name}"},
		id:    regexp.MustCompile(`^event-bus/([^*?]+)$`), names: pathName, most: 1011, help: "letters, digits, dots, hyphens and slashes",
		Accesses: []Access{
			{Word: "send", About: "put events", grants: []grant{{on: "self", actions: []string{"events:PutEvents"}}}},
		},
	},
	{
		Name: "container", About: "the container itself, named default", prefix: "ssmmessages",
		forms: map[string]string{}, names: anything, most: 7, help: "write container:default",
		Accesses: []Access{
			{Word: "exec", About: "let operators open a shell in it (ECS Exec)", grants: []grant{{on: "*", actions: []string{
				"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
			}}}},
		},
	},
	{
		Name: "database", About: "a user of an RDS database, RESOURCE-ID/USER", prefix: "rds-db",
		forms: map[string]string{"self": "arn:${Partition}:rds-db:${Region}:${Account}:dbuser:${Name}"},
		id:    regexp.MustCompile(`^dbuser:([^*?]+)$`), names: databaseUser, most: 127, help: "such as db-ABCDEFGHIJKL/app",
		Accesses: []Access{
			{Word: "connect", About: "sign in with a token in place of a password", grants: []grant{{on: "self", actions: []string{"rds-db:connect"}}}},
		},
	},
	{
		Name: "function", About: "a Lambda function", prefix: "lambda",
		forms: map[string]string{
			"self":     "arn:${Partition}:lambda:${Region}:${Account}:function:${Name}",
			"versions": "arn:${Partition}:lambda:${Region}:${Account}:function:${Name}:*",
		},
		id: regexp.MustCompile(`^function:([^:*?]+)$`), names: functionName, most: 64, help: "at most 64 letters, digits, hyphens and underscores",
		Accesses: []Access{
			{Word: "invoke", About: "call it, any version", grants: []grant{
				{on: "self", actions: []string{"lambda:InvokeFunction"}},
				{on: "versions", actions: []string{"lambda:InvokeFunction"}},
			}},
		},
	},
	{
		Name: "image", About: "a repository of the container registry (ECR)", prefix: "ecr",
		forms: map[string]string{"self": "arn:${Partition}:ecr:${Region}:${Account}:repository/${Name}"},
		id:    regexp.MustCompile(`^repository/([^*?]+)$`), names: imageName, most: 256, help: "lower-case letters and digits with . _ - / between them",
		Accesses: []Access{
			{Word: "pull", About: "pull images", grants: []grant{
				{on: "*", actions: []string{"ecr:GetAuthorizationToken"}},
				{on: "self", actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}},
			}},
			{Word: "push", About: "push images", grants: []grant{
				{on: "*", actions: []string{"ecr:GetAuthorizationToken"}},
				{on: "self", actions: []string{
					"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
					"ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
				}},
			}},
		},
	},
	{
		Name: "ingress", About: "the security group in front of a database, by its id", prefix: "ec2",
		forms: map[string]string{"self": "arn:${Partition}:ec2:${Region}:${Account}:security-group/${Name}"},
		id:    regexp.MustCompile(`^security-group/([^*?]+)$`), names: securityID, most: 20, help: "such as sg-0123456789abcdef0: the id, not the name",
		Accesses: []Access{
			{Word: "open", About: "add and remove rules that let addresses in", grants: []grant{
				{on: "self", actions: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"}},
				{on: "*", actions: []string{"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"}},
			}},
		},
	},
	{
		Name: "key", About: "a KMS key, by its id", prefix: "kms",
		forms: map[string]string{"self": "arn:${Partition}:kms:${Region}:${Account}:key/${Name}"},
		id:    regexp.MustCompile(`^key/([^*?]+)$`), names: keyID, most: 36, help: "such as 1234abcd-12ab-34cd-56ef-1234567890ab: policies cannot name an alias",
		Accesses: []Access{
			{Word: "decrypt", About: "decrypt with it", grants: []grant{{on: "self", actions: []string{"kms:Decrypt"}}}},
			{Word: "encrypt", About: "encrypt with it, data keys too", grants: []grant{{on: "self", actions: []string{"kms:Encrypt", "kms:GenerateDataKey"}}}},
			{Word: "sign", About: "sign with it", grants: []grant{{on: "self", actions: []string{"kms:Sign", "kms:GetPublicKey"}}}},
			{Word: "verify", About: "verify signatures", grants: []grant{{on: "self", actions: []string{"kms:Verify", "kms:GetPublicKey"}}}},
		},
	},
	{
		Name: "log", About: "a log group", prefix: "logs",
		forms: map[string]string{
			"self":    "arn:${Partition}:logs:${Region}:${Account}:log-group:${Name}",
			"streams": "arn:${Partition}:logs:${Region}:${Account}:log-group:${Name}:log-stream:*",
		},
		id: regexp.MustCompile(`^log-group:([^:*?]+)(?::\*)?$`), names: groupName, most: 512, help: "letters, digits and _ / . # -",
		Accesses: []Access{
			{Word: "write", About: "create streams and put events", grants: []grant{
				{on: "streams", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}},
			}},
			{Word: "read", About: "read and search events", grants: []grant{
				{on: "self", actions: []string{"logs:FilterLogEvents", "logs:DescribeLogStreams"}},
				{on: "streams", actions: []string{"logs:GetLogEvents"}},
			}},
		},
	},
	{
		Name: "metric", About: "a namespace of CloudWatch metrics", prefix: "cloudwatch",
		forms: map[string]string{}, names: spaceName, most: 255, help: "letters, digits and . _ - / # :",
		Accesses: []Access{
			{Word: "write", About: "put data of the namespace", grants: []grant{
				{on: "*", actions: []string{"cloudwatch:PutMetricData"}, when: "namespace"},
			}},
		},
	},
	{
		Name: "parameter", About: "a parameter of Parameter Store, or a path of them", prefix: "ssm", crypt: "ssm", rooted: true,
		forms: map[string]string{
			"self":  "arn:${Partition}:ssm:${Region}:${Account}:parameter/${Name}",
			"below": "arn:${Partition}:ssm:${Region}:${Account}:parameter/${Name}/*",
		},
		id: regexp.MustCompile(`^parameter/([^*?]+)$`), names: pathName, most: 1011, help: `such as "/com/example/db-url", or the path "/com/example"`,
		Accesses: []Access{
			{Word: "read", About: "read it, or all below the path", crypt: "decrypt", grants: []grant{
				{on: "self", actions: []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}},
				{on: "below", actions: []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}},
			}},
			{Word: "write", About: "set it, or all below the path", crypt: "encrypt", grants: []grant{
				{on: "self", actions: []string{"ssm:PutParameter"}},
				{on: "below", actions: []string{"ssm:PutParameter"}},
			}},
			{Word: "delete", About: "delete it, or all below the path", grants: []grant{
				{on: "self", actions: []string{"ssm:DeleteParameter", "ssm:DeleteParameters"}},
				{on: "below", actions: []string{"ssm:DeleteParameter", "ssm:DeleteParameters"}},
			}},
		},
	},
	{
		Name: "queue", About: "an SQS queue", prefix: "sqs", crypt: "sqs",
		forms: map[string]string{"self": "arn:${Partition}:sqs:${Region}:${Account}:${Name}"},
		id:    regexp.MustCompile(`^([^*?:/]+)$`), names: queueName, most: 80, help: "at most 80 letters, digits, hyphens and underscores",
		Accesses: []Access{
			{Word: "send", About: "send messages", crypt: "encrypt", grants: []grant{
				{on: "self", actions: []string{"sqs:GetQueueUrl", "sqs:SendMessage"}},
			}},
			{Word: "receive", About: "receive, keep and delete messages", crypt: "decrypt", grants: []grant{
				{on: "self", actions: []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}},
			}},
			{Word: "inspect", About: "read its length and settings", grants: []grant{
				{on: "self", actions: []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes"}},
			}},
			{Word: "purge", About: "delete all messages", grants: []grant{
				{on: "self", actions: []string{"sqs:GetQueueUrl", "sqs:PurgeQueue"}},
			}},
		},
	},
	{
		Name: "role", About: "an IAM role", prefix: "iam",
		forms: map[string]string{"self": "arn:${Partition}:iam::${Account}:role/${Name}"},
		id:    regexp.MustCompile(`^role/([^*?]+)$`), names: roleName, most: 576, help: "the name with its path",
		Accesses: []Access{
			{Word: "assume", About: "become the role; its trust policy must agree", grants: []grant{{on: "self", actions: []string{"sts:AssumeRole"}}}},
			{Word: "tag-session", About: "with assume: set session tags", grants: []grant{{on: "self", actions: []string{"sts:TagSession"}}}},
			{Word: "pass", About: "hand the role to one service", grants: []grant{{on: "self", actions: []string{"iam:PassRole"}, when: "passed-to"}}},
		},
	},
	{
		Name: "secret", About: "a secret of Secrets Manager", prefix: "secretsmanager", crypt: "secretsmanager",
		// The service adds a hyphen and six characters of its own to the name.
		forms: map[string]string{"self": "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${Name}-??????"},
		id:    regexp.MustCompile(`^secret:(.+?)(?:-\?\?\?\?\?\?|-[A-Za-z0-9]{6})$`), names: secretName, most: 512, help: "letters, digits and / _ + = . @ -",
		Accesses: []Access{
			{Word: "read", About: "read its value", crypt: "decrypt", grants: []grant{
				{on: "self", actions: []string{"secretsmanager:GetSecretValue"}},
			}},
			{Word: "write", About: "set its value", crypt: "encrypt", grants: []grant{
				{on: "self", actions: []string{"secretsmanager:PutSecretValue"}},
			}},
		},
	},
	{
		Name: "state-machine", About: "a Step Functions state machine", prefix: "states",
		forms: map[string]string{
			"self":       "arn:${Partition}:states:${Region}:${Account}:stateMachine:${Name}",
			"executions": "arn:${Partition}:states:${Region}:${Account}:execution:${Name}:*",
		},
		id: regexp.MustCompile(`^stateMachine:([^:*?]+)$`), names: wordName, most: 255, help: "letters, digits and _ . -",
		Accesses: []Access{
			{Word: "start", About: "start executions", grants: []grant{{on: "self", actions: []string{"states:StartExecution"}}}},
			{Word: "watch", About: "see what became of executions", grants: []grant{{on: "executions", actions: []string{"states:DescribeExecution"}}}},
		},
	},
	{
		Name: "stream", About: "a Kinesis data stream", prefix: "kinesis", crypt: "kinesis",
		forms: map[string]string{"self": "arn:${Partition}:kinesis:${Region}:${Account}:stream/${Name}"},
		id:    regexp.MustCompile(`^stream/([^/*?]+)$`), names: wordName, most: 255, help: "letters, digits and _ . -",
		Accesses: []Access{
			{Word: "send", About: "put records", crypt: "encrypt", grants: []grant{{on: "self", actions: []string{"kinesis:PutRecord", "kinesis:PutRecords"}}}},
			{Word: "receive", About: "read records", crypt: "decrypt", grants: []grant{{on: "self", actions: []string{
				"kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
			}}}},
		},
	},
	{
		Name: "table", About: "a DynamoDB table with its indexes", prefix: "dynamodb", crypt: "dynamodb",
		forms: map[string]string{
			"self":    "arn:${Partition}:dynamodb:${Region}:${Account}:table/${Name}",
			"indexes": "arn:${Partition}:dynamodb:${Region}:${Account}:table/${Name}/index/*",
			"streams": "arn:${Partition}:dynamodb:${Region}:${Account}:table/${Name}/stream/*",
		},
		id: regexp.MustCompile(`^table/([^/*?]+)$`), names: wordName, most: 255, help: "letters, digits and _ . -",
		Accesses: []Access{
			{Word: "read", About: "get and query items", crypt: "decrypt", grants: []grant{
				{on: "self", actions: []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:DescribeTable"}},
				{on: "indexes", actions: []string{"dynamodb:Query"}},
			}},
			{Word: "scan", About: "read every item", crypt: "decrypt", grants: []grant{
				{on: "self", actions: []string{"dynamodb:Scan"}},
				{on: "indexes", actions: []string{"dynamodb:Scan"}},
			}},
			{Word: "write", About: "put, change and delete items", crypt: "encrypt", grants: []grant{
				{on: "self", actions: []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"}},
			}},
			{Word: "stream", About: "read the stream of changes", crypt: "decrypt", grants: []grant{
				{on: "streams", actions: []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"}},
				{on: "*", actions: []string{"dynamodb:ListStreams"}},
			}},
		},
	},
	{
		Name: "topic", About: "an SNS topic", prefix: "sns", crypt: "sns",
		forms: map[string]string{"self": "arn:${Partition}:sns:${Region}:${Account}:${Name}"},
		id:    regexp.MustCompile(`^([^*?:/]+)$`), names: topicName, most: 256, help: "at most 256 letters, digits, hyphens and underscores",
		Accesses: []Access{
			{Word: "publish", About: "publish messages", crypt: "encrypt", grants: []grant{{on: "self", actions: []string{"sns:Publish"}}}},
			{Word: "send", About: "the same as publish", crypt: "encrypt", grants: []grant{{on: "self", actions: []string{"sns:Publish"}}}},
			{Word: "subscribe", About: "add and remove subscriptions", grants: []grant{{on: "self", actions: []string{"sns:Subscribe", "sns:Unsubscribe"}}}},
		},
	},
	{
		Name: "trace", About: "X-Ray, named default", prefix: "xray",
		forms: map[string]string{}, names: anything, most: 7, help: "write trace:default",
		Accesses: []Access{
			{Word: "write", About: "send traces and ask what to sample", grants: []grant{{on: "*", actions: []string{
				"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
			}}}},
		},
	},
}
