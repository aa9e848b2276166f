# These roles have the policies that stand here, and no other: one that somebody adds by hand shows in the next plan, and goes
# with it. Without this Terraform would not even look.

locals {
  policies_of_roles = merge(
    { for role in aws_iam_role.emergency : role.name => keys(local.emergency_policies) },
    { for role in aws_iam_role.offline : role.name => keys(local.emergency_policies) },
    { for role in aws_iam_role.database : role.name => ["endpoint-tunnel", "databases"] },
    { for key, role in aws_iam_role.handler : role.name => [local.handler_roles[key].policy] },
    { (aws_iam_role.forwarder.name) = ["forward"] },
  )
}

resource "aws_iam_role_policies_exclusive" "role" {
  for_each = local.policies_of_roles

  role_name    = each.key
  policy_names = each.value
  depends_on = [
    aws_iam_role_policy.emergency, aws_iam_role_policy.offline, aws_iam_role_policy.database, aws_iam_role_policy.database_tunnel,
    aws_iam_role_policy.handler, aws_iam_role_policy.forwarder,
  ]
}

resource "aws_iam_role_policy_attachments_exclusive" "role" {
  for_each = local.policies_of_roles

  role_name   = each.key
  policy_arns = []
}
