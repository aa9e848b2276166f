# Every name and ARN in one place. ARNs are put together from names, so that nothing waits for what it names: two
# functions and a workflow that know each other, policies of accounts that trust each other.

locals {
  account = var.break_glass.account
  region  = var.break_glass.region

  production = { for name, environment in var.environments : name => environment if environment.production }

  # name → account and region of what permission sets are assigned in.
  accounts = { for name, environment in var.environments : name => environment.account }

  buckets = {
    intake        = var.break_glass.records.intake_bucket
    archive       = var.break_glass.records.archive_bucket
    configuration = coalesce(var.break_glass.records.configuration_bucket, "forge-breakglass-configuration-${local.account}")
  }
  bucket_arns = { for name, bucket in local.buckets : name => "arn:aws:s3:::${bucket}" }

  handlers = toset(["recorder", "revoker", "sweeper", "exporter"])
  # Functions and their roles are of the same name: forge-breakglass-recorder, …
  handler_names = { for handler in local.handlers : handler => "forge-breakglass-${handler}" }
  role_arns     = { for handler, name in local.handler_names : handler => "arn:aws:iam::${local.account}:role/${name}" }
  function_arns = {
    for handler, name in local.handler_names : handler => "arn:aws:lambda:${local.region}:${local.account}:function:${name}"
  }

  state_machine_name = "forge-breakglass-session"
  state_machine_arn  = "arn:aws:states:${local.region}:${local.account}:stateMachine:${local.state_machine_name}"

  bus_name = "forge-breakglass"
  bus_arn  = "arn:aws:events:${local.region}:${local.account}:event-bus/${local.bus_name}"
  # EventBridge writes us-east-1's events on this bus of the home region, when that is another one.
  elsewhere = local.region == "us-east-1" ? toset([]) : toset(["us-east-1"])

  pipeline_role_arn = "arn:aws:iam::${local.account}:role/${var.pipeline_role}"

  # Tiers by how they are given. approved: by a just-in-time group. roles: by a role that is assumed.
  approved_tiers   = { for name, tier in var.break_glass.tiers : name => tier if tier.approval == "approver" }
  self_serve_tiers = { for name, tier in var.break_glass.tiers : name => tier if tier.approval == "self-serve" }
  offline_tiers    = { for name, tier in var.break_glass.tiers : name => tier if tier.approval == "two-people" }

  # forge/Forge-Prod-Emergency, of forge.yaml, in an account.
  emergency_uses = flatten([
    for name, tier in merge(local.self_serve_tiers, local.offline_tiers) : [
      for environment in length(tier.environments) == 0 ? keys(local.production) : tier.environments : {
        tier        = name
        environment = environment
        account     = local.accounts[environment]
        role_arn    = startswith(coalesce(tier.role, "-"), "arn:") ? tier.role : "arn:aws:iam::${local.accounts[environment]}:role/${coalesce(tier.role, "-")}"
        settings    = tier
      }
    ]
  ])
  # Patterns, for the policies of people: in any account, because only production accounts have roles of these names.
  emergency_roles = distinct([
    for tier in values(local.self_serve_tiers) : startswith(coalesce(tier.role, "-"), "arn:") ? tier.role : "arn:aws:iam::*:role/${coalesce(tier.role, "-")}"
  ])
  offline_role = one(distinct([
    for tier in values(local.offline_tiers) : startswith(coalesce(tier.role, "-"), "arn:") ? tier.role : "arn:aws:iam::*:role/${coalesce(tier.role, "-")}"
  ]))

  # forge/forge-emergency-a, or its ARN.
  offline_user_path = one([for tier in values(local.offline_tiers) : replace(coalesce(tier.user, "forge/-"), "/^arn:aws[a-z-]*:iam::[0-9]{12}:user\\//", "")])
  offline_user_name = local.offline_user_path == null ? null : trimprefix(local.offline_user_path, "forge/")
  offline_user_arn  = local.offline_user_path == null ? null : "arn:aws:iam::${local.account}:user/${local.offline_user_path}"
}
