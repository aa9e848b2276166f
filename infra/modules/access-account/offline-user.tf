# Tier 3, for when Identity Center is down: an IAM user whose key one person holds and whose MFA device another. Neither the
# key nor the device is made here, because both would stand in Terraform's state. Output next_steps says how they are.

resource "aws_iam_user" "offline" {
  for_each = local.offline_user_name == null ? toset([]) : toset([local.offline_user_name])

  name = each.key
  path = "/forge/"
  tags = local.tags
  # Its keys and devices were made by hand: whoever takes it away takes them away first, knowing what they do.
  force_destroy = false
}

resource "aws_iam_user_policy" "offline" {
  for_each = aws_iam_user.offline

  name   = "offline"
  user   = each.value.name
  policy = local.documents.deployed.offline
}
