# The machinery's roles and tier 3's user have the policies that stand here, and no other: one that somebody adds by hand
# shows in the next plan, and goes with it. Without this Terraform would not even look.

locals {
  policies_of_roles = merge(
    { for role in aws_iam_role.handler : role.name => "handler" },
    { for role in aws_iam_role.forwarder : role.name => "forward" },
    {
      (aws_iam_role.workflow.name)   = "workflow"
      (aws_iam_role.scheduler.name)  = "scheduler"
      (aws_iam_role.audit_read.name) = "read"
    },
  )
}

resource "aws_iam_role_policies_exclusive" "role" {
  for_each = local.policies_of_roles

  role_name    = each.key
  policy_names = [each.value]
  depends_on = [
    aws_iam_role_policy.handler, aws_iam_role_policy.forwarder, aws_iam_role_policy.workflow, aws_iam_role_policy.scheduler,
    aws_iam_role_policy.audit_read,
  ]
}

resource "aws_iam_role_policy_attachments_exclusive" "role" {
  for_each = local.policies_of_roles

  role_name   = each.key
  policy_arns = []
}

resource "aws_iam_user_policies_exclusive" "offline" {
  for_each = aws_iam_user.offline

  user_name    = each.value.name
  policy_names = ["offline"]
  depends_on   = [aws_iam_user_policy.offline]
}

resource "aws_iam_user_policy_attachments_exclusive" "offline" {
  for_each = aws_iam_user.offline

  user_name   = each.value.name
  policy_arns = []
}
