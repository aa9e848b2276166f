# Just-in-time groups: one for each tier, scenario and production account, assigned for good to their permission set and
# empty until an approver puts somebody in. A grant is one membership and nothing else.

locals {
  grants = flatten([
    for tier_name, tier in local.approved_tiers : [
      for scenario_name in length(tier.scenarios) == 0 ? [""] : tier.scenarios : [
        for environment in length(tier.environments) == 0 ? keys(local.production) : tier.environments : {
          tier        = tier_name
          scenario    = scenario_name == "" ? null : scenario_name
          environment = environment
          account     = local.accounts[environment]
          group = replace(
            coalesce(try(var.break_glass.scenarios[scenario_name].group, null), tier.group, "-"),
            "{environment}", environment,
          )
          permission_set = coalesce(try(var.break_glass.scenarios[scenario_name].permission_set, null), tier.permission_set, "-")
          # Minutes: the shorter of what tier and scenario say; without either, IAM's longest session.
          maximum_minutes = min(
            coalesce(tier.max_duration_minutes, 720),
            coalesce(try(var.break_glass.scenarios[scenario_name].max_duration_minutes, null), 720),
          )
        }
      ]
    ]
  ])

  jit_group_names     = toset([for grant in local.grants : grant.group])
  jit_permission_sets = toset([for grant in local.grants : grant.permission_set])
  grants_by_group     = { for grant in local.grants : grant.group => grant }
}

resource "aws_identitystore_group" "just_in_time" {
  for_each = local.grants_by_group

  identity_store_id = var.break_glass.identity_store
  display_name      = each.key
  description       = "Break-glass tier ${each.value.tier}: ${coalesce(each.value.scenario, each.value.permission_set)} in ${each.value.environment}"

  lifecycle {
    precondition {
      condition     = !contains(local.standing_group_names, each.key)
      error_message = "${each.key} is a just-in-time group, and something else names it too (groups, requesters, auditors, killers, approvers): who is let in for an hour would be more than that."
    }
  }
}
