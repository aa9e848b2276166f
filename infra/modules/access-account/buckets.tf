# intake: what people write, once each. archive: what the recorder makes of it, which nobody can change. configuration:
# what the functions know of forge.yaml, which only the pipeline writes.

resource "aws_s3_bucket" "bucket" {
  for_each = local.buckets

  bucket = each.value
  # Can only be switched on when a bucket is made.
  object_lock_enabled = each.key == "archive"
  force_destroy       = false
  tags                = local.tags
}

resource "aws_s3_bucket_versioning" "bucket" {
  for_each = local.buckets

  bucket = aws_s3_bucket.bucket[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

# COMPLIANCE can't be undone or shortened, by root or AWS either: what is written today stays for as long as this says today.
resource "aws_s3_bucket_object_lock_configuration" "archive" {
  bucket              = aws_s3_bucket.bucket["archive"].id
  object_lock_enabled = "Enabled"

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.archive_retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.bucket]
}

check "archive_retention" {
  assert {
    condition     = var.archive_retention_days >= 365
    error_message = "Records of break-glass are locked for ${var.archive_retention_days} day(s) only. That is right while you try it out, because COMPLIANCE can't be undone. Before anybody relies on it set archive_retention_days to ${max(365, var.break_glass.records.retention_days)}."
  }
  assert {
    condition     = var.archive_retention_days < 365 || var.archive_retention_days >= var.break_glass.records.retention_days
    error_message = "Records are locked for ${var.archive_retention_days} days, and forge.yaml's records.retention says ${var.break_glass.records.retention_days}: forge audit verify will find each of them."
  }
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.bucket[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "bucket" {
  for_each = local.buckets

  bucket = aws_s3_bucket.bucket[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  for_each = local.buckets

  bucket = aws_s3_bucket.bucket[each.key].id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Last: from here on nobody but the pipeline's role changes what stands above.
resource "aws_s3_bucket_policy" "bucket" {
  for_each = local.buckets

  bucket = aws_s3_bucket.bucket[each.key].id
  policy = local.documents.deployed.buckets[each.key]

  depends_on = [
    aws_s3_bucket_versioning.bucket,
    aws_s3_bucket_public_access_block.bucket,
    aws_s3_bucket_ownership_controls.bucket,
    aws_s3_bucket_server_side_encryption_configuration.bucket,
    aws_s3_bucket_object_lock_configuration.archive,
  ]
}

resource "aws_s3_bucket_lifecycle_configuration" "intake" {
  bucket = aws_s3_bucket.bucket["intake"].id

  rule {
    id     = "what-is-collected"
    status = "Enabled"
    filter {}
    expiration {
      days = var.intake_days
    }
    # Bytes that an expiration has hidden, for whoever finds out late that they were needed.
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.bucket]
}

resource "aws_s3_bucket_notification" "intake" {
  bucket      = aws_s3_bucket.bucket["intake"].id
  eventbridge = true
}
