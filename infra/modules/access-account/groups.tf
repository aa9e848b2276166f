# Groups of Identity Center: of everyday life (VPN groups are among them), and of those who ask, approve, watch and stop.
# Who is in them is said by pull request (members), or by an identity provider.

locals {
  standing_group_names = toset(concat(
    keys(var.groups),
    var.requesters,
    var.auditors,
    var.killers,
    flatten([for kind in values(var.break_glass.approvers) : kind.groups]),
    flatten([for tier in values(var.break_glass.tiers) : tier.requesters]),
  ))

  memberships = merge([
    for group, names in var.members : { for name in toset(names) : "${group}/${name}" => { group = group, user = name } }
  ]...)
}

resource "aws_identitystore_group" "standing" {
  for_each = setsubtract(local.standing_group_names, keys(var.existing_groups))

  identity_store_id = var.break_glass.identity_store
  display_name      = each.key
  description       = local.standing_descriptions[each.key]
}

locals {
  # What forge.yaml says of a group, else what break-glass has it for.
  standing_descriptions = {
    for name in local.standing_group_names : name => substr(coalesce(
      try(var.groups[name].access, null),
      try(var.groups[name].members, null),
      join(", ", compact([
        contains(flatten([for kind in values(var.break_glass.approvers) : kind.groups]), name) ? "Approves break-glass" : "",
        contains(flatten([for tier in values(var.break_glass.tiers) : tier.requesters]), name) ? "Has a tier of break-glass" : "",
        contains(var.requesters, name) ? "May ask for break-glass" : "",
        contains(var.killers, name) ? "May end anybody's break-glass" : "",
        contains(var.auditors, name) ? "Reads the archive of break-glass" : "",
      ])),
      name,
    ), 0, 1024)
  }
}

# The one question that is asked of AWS, and only where somebody is named: a person's id is in Identity Center alone.
data "aws_identitystore_user" "member" {
  for_each = toset([for membership in values(local.memberships) : membership.user])

  identity_store_id = var.break_glass.identity_store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "UserName"
      attribute_value = each.key
    }
  }
}

resource "aws_identitystore_group_membership" "member" {
  for_each = local.memberships

  identity_store_id = var.break_glass.identity_store
  group_id          = local.group_ids[each.value.group]
  member_id         = data.aws_identitystore_user.member[each.value.user].user_id
}

locals {
  group_ids = merge(
    var.existing_groups,
    { for name, group in aws_identitystore_group.standing : name => group.group_id },
    { for name, group in aws_identitystore_group.just_in_time : name => group.group_id },
  )
}
