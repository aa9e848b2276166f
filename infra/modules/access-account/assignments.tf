# Who is given what, and where. Nothing here opens production but tier 0's way to its role: just-in-time groups are
# assigned for good, and empty.

locals {
  everyday_assignments = flatten([
    for group, settings in var.groups : [
      for environment, set in settings.environments : {
        group = group, permission_set = set, account = local.accounts[environment], break_glass = false
      }
    ]
  ])

  break_glass_assignments = concat(
    [for group in var.requesters : { group = group, permission_set = var.break_glass.request_permission_set, account = local.account, break_glass = true }],
    [for group in var.auditors : { group = group, permission_set = var.break_glass.audit_permission_set, account = local.account, break_glass = true }],
    [
      for group in var.killers : { group = group, permission_set = var.break_glass.kill_permission_set, account = local.account, break_glass = true }
      if var.break_glass.kill_permission_set != null
    ],
    flatten([
      for kind in values(var.break_glass.approvers) : [
        for group in kind.groups : { group = group, permission_set = kind.permission_set, account = local.account, break_glass = true }
      ]
    ]),
    # On call: the way to tier 0's role, in each account that has one.
    flatten([
      for tier in values(local.self_serve_tiers) : [
        for pair in setproduct(tier.requesters, length(tier.environments) == 0 ? keys(local.production) : tier.environments) : {
          group = pair[0], permission_set = tier.permission_set, account = local.accounts[pair[1]], break_glass = true
        }
      ]
    ]),
    [for grant in local.grants : { group = grant.group, permission_set = grant.permission_set, account = grant.account, break_glass = true }],
  )

  # group/permission set/account: an order that a diff can be read in. What is both is break-glass.
  assignments = {
    for key, same in {
      for assignment in concat(local.break_glass_assignments, local.everyday_assignments) :
      "${assignment.group}/${assignment.permission_set}/${assignment.account}" => assignment...
    } : key => same[0]
  }
}

resource "aws_ssoadmin_account_assignment" "everyday" {
  for_each = { for key, assignment in local.assignments : key => assignment if !assignment.break_glass }

  instance_arn       = var.identity_center_instance
  permission_set_arn = aws_ssoadmin_permission_set.set[each.value.permission_set].arn
  principal_type     = "GROUP"
  principal_id       = local.group_ids[each.value.group]
  target_type        = "AWS_ACCOUNT"
  target_id          = each.value.account

  # An account gets a role as it is at this moment.
  depends_on = [
    aws_ssoadmin_permission_set_inline_policy.set,
    aws_ssoadmin_managed_policy_attachment.set,
    aws_ssoadmin_permissions_boundary_attachment.set,
  ]
}

resource "aws_ssoadmin_account_assignment" "break_glass" {
  for_each = { for key, assignment in local.assignments : key => assignment if assignment.break_glass }

  instance_arn       = var.identity_center_instance
  permission_set_arn = aws_ssoadmin_permission_set.set[each.value.permission_set].arn
  principal_type     = "GROUP"
  principal_id       = local.group_ids[each.value.group]
  target_type        = "AWS_ACCOUNT"
  target_id          = each.value.account

  # And nobody can ask, approve or be let in before what watches and what takes away is there.
  depends_on = [
    aws_ssoadmin_permission_set_inline_policy.set,
    aws_ssoadmin_managed_policy_attachment.set,
    aws_ssoadmin_permissions_boundary_attachment.set,
    aws_s3_bucket_policy.bucket,
    aws_s3_bucket_object_lock_configuration.archive,
    aws_cloudwatch_event_target.recorder,
    aws_lambda_permission.rule,
    aws_sfn_state_machine.session,
    aws_scheduler_schedule.sweep,
  ]
}
