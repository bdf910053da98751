resource "aws_iam_policy" "survey-web" {
  name   = "survey-web"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "FunctionResizeInvoke",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": [
          "arn:aws:lambda:eu-central-1:111122223333:function:resize",
          "arn:aws:lambda:eu-central-1:111122223333:function:resize:*"
        ]
      },
      {
        "Sid": "LogAcmeAppStreamsWrite",
        "Effect": "Allow",
        "Action": [
          "logs:CreateLogStream",
          "logs:PutLogEvents"
        ],
        "Resource": "arn:aws:logs:eu-central-1:111122223333:log-group:/acme/app:log-stream:*"
      },
      {
        "Sid": "ParameterComExampleSurveyRead",
        "Effect": "Allow",
        "Action": [
          "ssm:GetParameter",
          "ssm:GetParameters",
          "ssm:GetParametersByPath"
        ],
        "Resource": [
          "arn:aws:ssm:eu-central-1:111122223333:parameter/com/example/survey",
          "arn:aws:ssm:eu-central-1:111122223333:parameter/com/example/survey/*"
        ]
      },
      {
        "Sid": "QueueJobsReceive",
        "Effect": "Allow",
        "Action": [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:GetQueueUrl",
          "sqs:ReceiveMessage"
        ],
        "Resource": "arn:aws:sqs:eu-central-1:111122223333:jobs"
      },
      {
        "Sid": "RoleTeamDeployPass",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::111122223333:role/team/deploy",
        "Condition": {
          "StringEquals": {
            "iam:PassedToService": "ecs-tasks.amazonaws.com"
          }
        }
      },
      {
        "Sid": "SecretAcmeDbRead",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:acme/db-??????"
      },
      {
        "Sid": "TopicAlertsPublish",
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:us-east-1:444455556666:alerts"
      }
    ]
  })
}
