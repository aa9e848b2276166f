# The roles that databases are reached with, of everyday access and of break-glass alike: whoever is in one has a name there
# (SourceIdentity), and the boundary, so that what was issued can be refused.

locals {
  database_trust = {
    for role, settings in local.database_roles : role => templatefile("${path.module}/policies/database-role-trust.json", merge(local.names, {
      callers = join("\",\"", [for pair in setproduct(local.single_sign_on, settings.callers) : "${pair[0]}${pair[1]}_*"])
    }))
  }
}

resource "aws_iam_role" "database" {
  for_each = local.database_roles

  name               = each.key
  description        = "Databases, as ${join(", ", each.value.users)}"
  assume_role_policy = local.database_trust[each.key]
  # Reached from another role: AWS lets it live for an hour at most.
  max_session_duration = 3600
  permissions_boundary = local.names.revocations
  tags                 = { purpose = "database" }
  depends_on           = [aws_iam_policy.revocations]

  lifecycle {
    precondition {
      condition     = length(jsonencode(jsondecode(local.database_trust[each.key]))) <= 2048
      error_message = "The trust policy of ${each.key} is too long: IAM takes 2048 characters. Name fewer permission sets."
    }
  }
}

# Where no VPN is: the environment's bastion (tag role = bastion), and nothing but forwarding on it.
resource "aws_iam_role_policy" "database_tunnel" {
  for_each = local.database_roles

  name   = "bastion-tunnel"
  role   = aws_iam_role.database[each.key].name
  policy = templatefile("${path.module}/../access-account/policies/bastion-tunnel.json", local.names)
}

resource "aws_iam_role_policy" "database" {
  for_each = local.database_roles

  name = "databases"
  role = aws_iam_role.database[each.key].name
  policy = templatefile("${path.module}/policies/database-access.json", merge(local.names, {
    database_users = join("\",\"", flatten([
      for region in var.database_regions : [
        for id in var.database_resource_ids : [
          for user in each.value.users : "arn:aws:rds-db:${region}:${var.account}:dbuser:${id}/${user}"
        ]
      ]
    ]))
  }))
}
