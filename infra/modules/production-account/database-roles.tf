# The roles that databases are reached with, of everyday access and of break-glass alike: whoever is in one has a name there
# (SourceIdentity), and the boundary, so that what was issued can be refused.

locals {
  database_tunnel = templatefile("${path.module}/../access-account/policies/endpoint-tunnel.json", local.names)
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

# Where no VPN is: the environment's bastion (tag role = bastion), and nothing on it but a tunnel to a database or cluster.
resource "aws_iam_role_policy" "database_tunnel" {
  for_each = local.database_roles

  name   = "endpoint-tunnel"
  role   = aws_iam_role.database[each.key].name
  policy = local.database_tunnel
}

locals {
  # "*" is all of the account: what is named beside it adds nothing.
  database_ids = contains(var.database_resource_ids, "*") ? ["*"] : sort(distinct(var.database_resource_ids))

  # Several templates are one policy. Where no database is named, none is: IAM takes no statement with an empty list.
  database_policies = {
    for role, settings in local.database_roles : role => jsonencode({
      Version = "2012-10-17"
      Statement = flatten([
        for file in concat(["find-databases"], length(local.database_ids) == 0 ? [] : ["database-access"]) :
        jsondecode(templatefile("${path.module}/policies/${file}.json", merge(local.names, {
          database_users = join("\",\"", flatten([
            for region in var.database_regions : [
              for id in local.database_ids : [for user in settings.users : "arn:aws:rds-db:${region}:${var.account}:dbuser:${id}/${user}"]
            ]
          ]))
        }))).Statement
      ])
    })
  }

  # As AWS counts all inline policies of a role: without white space.
  database_sizes = {
    for role, policy in local.database_policies : role =>
    length(replace(jsonencode(jsondecode(local.database_tunnel)), " ", "")) + length(replace(policy, " ", ""))
  }
}

resource "aws_iam_role_policy" "database" {
  for_each = local.database_roles

  name   = "databases"
  role   = aws_iam_role.database[each.key].name
  policy = local.database_policies[each.key]
}
