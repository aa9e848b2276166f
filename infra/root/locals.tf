# What the modules of main.tf are told, put together from forge.yaml's words.

locals {
  tiers = {
    for environment in keys(local.production) : environment => {
      for name, tier in var.break_glass.tiers : name => tier
      if try(length(tier.environments), 0) == 0 || try(contains(tier.environments, environment), false)
    }
  }
  self_serve = { for environment, tiers in local.tiers : environment => [for tier in values(tiers) : tier if tier.approval == "self-serve"] }
  offline    = { for environment, tiers in local.tiers : environment => [for tier in values(tiers) : tier if tier.approval == "two-people"] }

  on_call_permission_sets = {
    for environment, tiers in local.self_serve : environment => distinct(compact([for tier in tiers : try(tier.permission_set, "")]))
  }
  # forge/forge-emergency-a, or its ARN.
  offline_user = {
    for environment, tiers in local.offline : environment =>
    try(replace(tiers[0].user, "/^arn:aws[a-z-]*:iam::[0-9]{12}:user\\//", ""), null)
  }
  offline_minutes = { for environment, tiers in local.offline : environment => try(max(60, tiers[0].max_duration_minutes), 240) }

  # Permission sets that somebody has there: for good, or by a just-in-time group.
  standing = {
    for environment in keys(local.production) : environment => [
      for group in values(var.groups) : group.environments[environment] if can(group.environments[environment])
    ]
  }
  granted = {
    for environment, tiers in local.tiers : environment => flatten([
      for tier in values(tiers) : try(length(tier.scenarios), 0) == 0 ? [try(tier.permission_set, "")] : [
        for scenario in tier.scenarios : try(var.break_glass.scenarios[scenario].permission_set, tier.permission_set, "")
      ] if tier.approval == "approver"
    ])
  }
  assigned = {
    for environment in keys(local.production) : environment =>
    sort(distinct(compact(concat(local.standing[environment], local.granted[environment], local.on_call_permission_sets[environment]))))
  }

  # Whose policies lead to a database role. That role's trust names them, and no other.
  policies_of = merge(
    { for name, set in jsondecode(file("${path.module}/modules/access-account/permission-sets.json")) : name => set.policies },
    { for name, set in var.permission_sets : name => try(set.policies, []) },
  )
  readers = {
    for environment, names in local.assigned : environment =>
    [for name in names : name if length(setintersection(try(local.policies_of[name], []), ["read-database", "administrator"])) > 0]
  }
  writers = {
    for environment, names in local.assigned : environment =>
    [for name in names : name if length(setintersection(try(local.policies_of[name], []), ["write-database", "administrator"])) > 0]
  }

  # Users of databases, by the role that leads to them. None: the module's default.
  database_uses = {
    for environment in keys(local.production) : environment => flatten([
      for database in values(try(var.environments[environment].databases, {})) : [
        { user = try(database.user, null), role = try(database.role, null) },
        { user = try(database.write.user, null), role = try(database.write.role, null) },
        { user = try(database.change.user, null), role = try(database.change.role, null) },
      ]
    ])
  }
  database_users = {
    for environment, uses in local.database_uses : environment => {
      for role in ["readonly-rds-access", "write-rds-access"] : role => sort(distinct([for use in uses : use.user if use.user != null && use.role == role]))
    }
  }
  clusters = {
    for environment in keys(local.production) : environment =>
    [for cluster in values(try(var.environments[environment].clusters, {})) : cluster.cluster]
  }

  # Sets of people that have no policy for clusters can do nothing there: they get no entry.
  cluster_policies = var.cluster_policies != null ? var.cluster_policies : jsondecode(file("${path.module}/modules/cluster-access/cluster-policies.json"))
  cluster_permission_sets = {
    for environment, names in local.assigned : environment => {
      for name in names : name => local.cluster_policies.permission_sets[name] if can(local.cluster_policies.permission_sets[name])
    }
  }
}
