resource "aws_iam_policy" "survey-web" {
  name   = "survey-web"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "BucketMediaObjectsReadWrite",
        "Effect": "Allow",
        "Action": [
          "s3:AbortMultipartUpload",
          "s3:GetObject",
          "s3:ListMultipartUploadParts",
          "s3:PutObject"
        ],
        "Resource": "arn:aws:s3:::media/*"
      },
      {
        "Sid": "BucketMediaRead",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::media"
      },
      {
        "Sid": "BucketUploadsObjectsRead",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-uploads-prod/raw/*"
      },
      {
        "Sid": "BucketUploadsRead",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::acme-uploads-prod",
        "Condition": {
          "StringLike": {
            "s3:prefix": "raw/*"
          }
        }
      },
      {
        "Sid": "KeyDynamodbDecryptEncrypt",
        "Effect": "Allow",
        "Action": [
          "kms:Decrypt",
          "kms:GenerateDataKey"
        ],
        "Resource": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "Condition": {
          "StringEquals": {
            "kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"
          }
        }
      },
      {
        "Sid": "MetricAcmeAppWrite",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {
          "StringEquals": {
            "cloudwatch:namespace": "Acme/App"
          }
        }
      },
      {
        "Sid": "QueueJobsSend",
        "Effect": "Allow",
        "Action": [
          "sqs:GetQueueUrl",
          "sqs:SendMessage"
        ],
        "Resource": "arn:aws:sqs:eu-central-1:111122223333:jobs"
      },
      {
        "Sid": "StarOnly",
        "Effect": "Allow",
        "Action": [
          "xray:GetSamplingRules",
          "xray:GetSamplingTargets",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments"
        ],
        "Resource": "*"
      },
      {
        "Sid": "TableSurveysIndexesRead",
        "Effect": "Allow",
        "Action": "dynamodb:Query",
        "Resource": "arn:aws:dynamodb:eu-central-1:111122223333:table/surveys/index/*"
      },
      {
        "Sid": "TableSurveysReadWrite",
        "Effect": "Allow",
        "Action": [
          "dynamodb:BatchGetItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:ConditionCheckItem",
          "dynamodb:DeleteItem",
          "dynamodb:DescribeTable",
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem"
        ],
        "Resource": "arn:aws:dynamodb:eu-central-1:111122223333:table/surveys"
      }
    ]
  })
}
