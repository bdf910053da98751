resource "aws_iam_policy" "survey-web" {
  name   = "survey-web"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "DatabaseDbABCDEFGHIJKLAppConnect",
        "Effect": "Allow",
        "Action": "rds-db:connect",
        "Resource": "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKL/app"
      },
      {
        "Sid": "ImageAcmeAppPullPush",
        "Effect": "Allow",
        "Action": [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart"
        ],
        "Resource": "arn:aws:ecr:eu-central-1:111122223333:repository/acme/app"
      },
      {
        "Sid": "IngressSg0123456789abcdef0Open",
        "Effect": "Allow",
        "Action": [
          "ec2:AuthorizeSecurityGroupIngress",
          "ec2:RevokeSecurityGroupIngress"
        ],
        "Resource": "arn:aws:ec2:eu-central-1:111122223333:security-group/sg-0123456789abcdef0"
      },
      {
        "Sid": "StarOnly",
        "Effect": "Allow",
        "Action": [
          "ec2:DescribeSecurityGroupRules",
          "ec2:DescribeSecurityGroups",
          "ecr:GetAuthorizationToken"
        ],
        "Resource": "*"
      }
    ]
  })
}
