resource "aws_iam_policy" "survey-web" {
  name   = "survey-web"
  policy = jsonencode({
    "Version": "2012-10-17",
    "Statement": [
      {
        "Sid": "BucketMediaObjectsS3GetObjectTagging",
        "Effect": "Allow",
        "Action": "s3:GetObjectTagging",
        "Resource": "arn:aws:s3:::media/*"
      },
      {
        "Sid": "BucketMediaS3GetBucketLocation",
        "Effect": "Allow",
        "Action": "s3:GetBucketLocation",
        "Resource": "arn:aws:s3:::media"
      },
      {
        "Sid": "ElasticfilesystemFileSystemFs0123456789abcdef0Read",
        "Effect": "Allow",
        "Action": [
          "elasticfilesystem:ClientMount",
          "elasticfilesystem:DescribeAccessPoints",
          "elasticfilesystem:DescribeBackupPolicy",
          "elasticfilesystem:DescribeFileSystemPolicy",
          "elasticfilesystem:DescribeFileSystems",
          "elasticfilesystem:DescribeLifecycleConfiguration",
          "elasticfilesystem:DescribeMountTargetSecurityGroups",
          "elasticfilesystem:DescribeMountTargets",
          "elasticfilesystem:DescribeReplicationConfigurations",
          "elasticfilesystem:DescribeTags",
          "elasticfilesystem:ListTagsForResource",
          "elasticfilesystem:ReplicationRead"
        ],
        "Resource": "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0123456789abcdef0"
      }
    ]
  })
}
