locals {
  # Groups that people stand in: of everyday life, and those who ask, approve, watch and stop.
  standing_group_names = toset(concat(
    keys(var.groups),
    var.requesters,
    var.auditors,
    var.killers,
    flatten([for kind in values(var.break_glass.approvers) : kind.groups]),
    flatten([for tier in values(var.break_glass.tiers) : tier.requesters]),
  ))
}
