# What people can become. permission-sets.json is what forge's own sandbox is made of; permission_sets adds to it. Only
# those that somebody is given are made.

locals {
  known_permission_sets = merge(
    {
      for name, set in jsondecode(file("${path.module}/permission-sets.json")) : name => {
        description      = set.description
        session_minutes  = set.session_minutes
        policies         = set.policies
        managed_policies = []
        bounded          = set.bounded
      }
    },
    var.permission_sets,
  )

  used_permission_sets = {
    for name in toset([for assignment in values(local.assignments) : assignment.permission_set]) : name => local.known_permission_sets[name]
  }

  managed_policies = merge([
    for name, set in local.used_permission_sets : {
      for arn in set.managed_policies : "${name}/${arn}" => { permission_set = name, arn = arn }
    }
  ]...)
}

resource "aws_ssoadmin_permission_set" "set" {
  for_each = local.used_permission_sets

  instance_arn = var.identity_center_instance
  name         = each.key
  description  = each.value.description
  # PT1H, PT1H30M: as Identity Center spells it back.
  session_duration = join("", [
    "PT", floor(each.value.session_minutes / 60), "H",
    each.value.session_minutes % 60 == 0 ? "" : "${each.value.session_minutes % 60}M",
  ])
  tags = local.tags
}

resource "aws_ssoadmin_permission_set_inline_policy" "set" {
  for_each = { for name, set in local.used_permission_sets : name => set if length(set.policies) > 0 }

  instance_arn       = var.identity_center_instance
  permission_set_arn = aws_ssoadmin_permission_set.set[each.key].arn
  inline_policy      = local.documents.deployed.permission_sets[each.key]

  lifecycle {
    precondition {
      condition     = local.sizes.permission_sets[each.key] <= 10240
      error_message = "The policy of ${each.key} has ${local.sizes.permission_sets[each.key]} characters, and AWS takes 10240: fewer just-in-time groups, or approvers of their own for a part of them."
    }
  }
}

resource "aws_ssoadmin_managed_policy_attachment" "set" {
  for_each = local.managed_policies

  instance_arn       = var.identity_center_instance
  permission_set_arn = aws_ssoadmin_permission_set.set[each.value.permission_set].arn
  managed_policy_arn = each.value.arn
}

# What break-glass gives is bounded in every account: the revoker writes into the boundary there, and what was issued
# ends with it.
resource "aws_ssoadmin_permissions_boundary_attachment" "set" {
  for_each = { for name, set in local.used_permission_sets : name => set if set.bounded }

  instance_arn       = var.identity_center_instance
  permission_set_arn = aws_ssoadmin_permission_set.set[each.key].arn

  permissions_boundary {
    customer_managed_policy_reference {
      name = one(distinct(values(var.boundaries)))
      path = "/forge/"
    }
  }
}
