# What the app may do.
locals {
  prefix     = "survey"
  account_id = data.aws_caller_identity.current.account_id
  boundary = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:*"], Resource = "*" }]
  })
}

variable "vendor_account" {
  default = "210987654321"
}

variable "external_id" {}

data "aws_caller_identity" "current" {}

resource "aws_sqs_queue" "jobs" {
  name = "${local.prefix}-jobs"
}

resource "aws_s3_bucket" "media" {
  bucket = "survey-media"
}

resource "aws_iam_role" "app" {
  name = "app"

  # comments, separators and trailing commas of all kinds
  assume_role_policy = jsonencode({
    "Version" : "2012-10-17",
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "ecs-tasks.amazonaws.com" } // who
        Action    = "sts:AssumeRole",
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.vendor_account}:root" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
      },
    ]
  })

  permissions_boundary = aws_iam_policy.limit.arn

  inline_policy {
    name   = "jobs"
    policy = data.aws_iam_policy_document.jobs.json
  }
}

resource "aws_iam_policy" "limit" {
  name   = "limit"
  policy = local.boundary
}

data "aws_iam_policy_document" "jobs" {
  statement {
    sid       = "Send"
    actions   = ["sqs:SendMessage", "sqs:GetQueueUrl"]
    resources = [aws_sqs_queue.jobs.arn]
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["${aws_s3_bucket.media.arn}/home/&{aws:username}/*", aws_s3_bucket.media.arn]

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [false]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["blue"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["green"]
    }
  }
}

resource "aws_iam_role_policy" "heredoc" {
  role   = aws_iam_role.app.id
  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": "s3:GetObject",
          "Resource": "${aws_s3_bucket.media.arn}/$${aws:PrincipalTag/home}/*"
        }
      ]
    }
  EOF
}

resource "aws_s3_bucket_policy" "media" {
  bucket = aws_s3_bucket.media.id
  policy = <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Principal": {"AWS": "${aws_iam_role.app.arn}"}, "Action": "s3:*", "Resource": "${aws_s3_bucket.media.arn}"}]
}
POLICY
}

resource "aws_iam_role_policy_attachment" "extra" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.extra.arn
}

resource "aws_iam_policy" "extra" {
  policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"logs:PutLogEvents\", \"Resource\": \"arn:aws:logs:*:${local.account_id}:*\"}]}"
}

resource "aws_iam_policy" "computed" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for b in var.buckets : { Effect = "Allow", Action = "s3:GetObject", Resource = "${b}/*" }]
  })
}

resource "aws_iam_policy" "elsewhere" {
  policy = file("${path.module}/policies/app.json")
}

data "aws_iam_policy_document" "bucket_policy" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::survey-static/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "dynamic" {
  dynamic "statement" {
    for_each = var.buckets
    content {
      actions   = ["s3:GetObject"]
      resources = [statement.value]
    }
  }
}

module "worker" {
  source = "./worker"
  trust_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_cloudformation_stack" "roles" {
  name          = "roles"
  template_body = <<TEMPLATE
{
  "Resources": {
    "Admin": {
      "Type": "AWS::IAM::Role",
      "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "sts:AssumeRole"}]}
      }
    }
  }
}
TEMPLATE
}
