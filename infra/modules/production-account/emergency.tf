# The roles of an emergency: tier 0's, for whoever is on call, and tier 3's, for two people on the day when Identity Center
# is down. Neither needs anything of forge to be up.

locals {
  emergency_trust = templatefile("${path.module}/policies/emergency-trust.json", local.names)

  # What they may do, and after it what no emergency needs: blinding those who watch, forge's own, and what outlives it.
  emergency_policies = {
    may       = templatefile("${path.module}/policies/emergency.json", local.names)
    never-may = templatefile("${path.module}/policies/emergency-guard.json", local.names)
  }
}

resource "aws_iam_role" "emergency" {
  count = length(var.on_call_permission_sets) == 0 ? 0 : 1

  name                 = "Forge-Prod-Emergency"
  path                 = "/forge/"
  description          = "Break-glass tier 0: assumed by whoever is on call, in their own name, with a reason"
  assume_role_policy   = local.emergency_trust
  max_session_duration = 3600
  permissions_boundary = local.names.revocations
  tags                 = { tier = "0" }
  depends_on           = [aws_iam_policy.revocations]

  lifecycle {
    precondition {
      condition     = length(jsonencode(jsondecode(local.emergency_trust))) <= 2048
      error_message = "The trust policy of Forge-Prod-Emergency is too long: IAM takes 2048 characters. Name fewer vpn_addresses."
    }
  }
}

resource "aws_iam_role_policy" "emergency" {
  for_each = length(var.on_call_permission_sets) == 0 ? {} : local.emergency_policies

  name   = each.key
  role   = aws_iam_role.emergency[0].name
  policy = each.value
}

resource "aws_iam_role" "offline" {
  count = var.offline_user == null ? 0 : 1

  name                 = "Forge-BreakGlass-Offline"
  path                 = "/forge/"
  description          = "Break-glass tier 3: assumed by two people, one with the key, the other with the MFA device"
  assume_role_policy   = templatefile("${path.module}/policies/offline-trust.json", local.names)
  max_session_duration = var.offline_minutes * 60
  permissions_boundary = local.names.revocations
  tags                 = { tier = "3" }
  depends_on           = [aws_iam_policy.revocations]
}

resource "aws_iam_role_policy" "offline" {
  for_each = var.offline_user == null ? {} : local.emergency_policies

  name   = each.key
  role   = aws_iam_role.offline[0].name
  policy = each.value
}
