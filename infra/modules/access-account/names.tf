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
  # What is forwarded to the bus beside production: us-east-1, when it is not the home region.
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

  # Roles that databases are reached through, in any account, as forge.yaml names them for production.
  database_roles = {
    for kind, roles in {
      read  = flatten([for environment in values(local.production) : [for database in values(environment.databases) : database.role]])
      write = flatten([for environment in values(local.production) : [for database in values(environment.databases) : [try(database.write.role, null), try(database.change.role, null)]]])
      } : kind => sort(distinct([
        for role in compact(roles) : startswith(role, "arn:") ? role : "arn:aws:iam::*:role/${role}"
    ]))
  }
  reader_roles = length(local.database_roles.read) == 0 ? ["arn:aws:iam::*:role/readonly-rds-access"] : local.database_roles.read
  writer_roles = length(local.database_roles.write) == 0 ? ["arn:aws:iam::*:role/write-rds-access"] : local.database_roles.write

  # Session documents of the scenario for instances, by what forge uses them for; module session-manager makes them.
  session_documents = {
    for name in fileset("${path.module}/../session-manager/documents", "*.json") :
    trimsuffix(name, ".json") => "forge-instance-${trimsuffix(name, ".json")}"
  }
  # Whose sessions are started with them, and no other.
  instance_permission_sets = [for name, set in local.known_permission_sets : name if contains(set.policies, "instance-sessions")]
  # Of the production accounts alone: somebody could make one of that name elsewhere, and share it.
  session_document_arns = sort(flatten([
    for environment in values(local.production) : [
      for name in values(local.session_documents) : "arn:aws:ssm:*:${environment.account}:document/${name}"
    ]
  ]))

  # What tunnels in production begin with, whoever has them: it leads to databases and clusters, and nowhere else.
  tunnel_document      = "forge-endpoint-tunnel"
  tunnel_document_arns = sort([for environment in values(local.production) : "arn:aws:ssm:*:${environment.account}:document/${local.tunnel_document}"])

  dead_letters_name = "forge-breakglass-dead-letters"
  dead_letters_arn  = "arn:aws:sqs:${local.region}:${local.account}:${local.dead_letters_name}"
  alerts_name       = "forge-breakglass-alerts"
  alerts_arn        = "arn:aws:sns:${local.region}:${local.account}:${local.alerts_name}"

  # Who puts events on the bus: production, and this account's us-east-1 when that is not the home region.
  forwarding_accounts = sort(concat(
    [for environment in values(local.production) : environment.account],
    length(local.elsewhere) == 0 ? [] : [local.account],
  ))

  tags = merge({ "forge:part" = "break-glass" }, var.tags)
}
