# What the exporter and the sweeper become to read an account's trail. Production accounts have one each; this account
# has one because the IAM user of tier 3 is here, and its keys' end is told by this account's trail alone.

resource "aws_iam_role" "audit_read" {
  name                 = "ForgeAuditRead"
  path                 = "/forge/"
  description          = "Break-glass: reads the trail of this account"
  assume_role_policy   = local.documents.deployed.audit_read_trust
  max_session_duration = 3600
  tags                 = local.tags
}

resource "aws_iam_role_policy" "audit_read" {
  name   = "read"
  role   = aws_iam_role.audit_read.id
  policy = local.documents.deployed.audit_read
}
