locals {
  # permission-sets.json is what forge's own sandbox is made of; permission_sets adds to it.
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

  # What forge.yaml names of break-glass.
  named_permission_sets = toset(compact(concat(
    [
      var.break_glass.request_permission_set,
      var.break_glass.audit_permission_set,
      coalesce(var.break_glass.kill_permission_set, var.break_glass.audit_permission_set),
    ],
    [for kind in values(var.break_glass.approvers) : kind.permission_set],
    [for tier in values(local.self_serve_tiers) : coalesce(tier.permission_set, var.break_glass.request_permission_set)],
    tolist(local.jit_permission_sets),
  )))
}
