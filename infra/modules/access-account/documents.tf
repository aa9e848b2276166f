# Every policy of this account, filled in once for what is deployed and once for review. Ids of groups are known only when
# the groups are there, so a first plan can't show what names them: review is the same text, by the same expressions,
# with ids that stand in.

locals {
  all_group_names = sort(setunion(local.standing_group_names, local.jit_group_names))

  ids = {
    deployed = local.group_ids
    review   = { for index, name in local.all_group_names : name => format("00000000-0000-4000-8000-%012d", index + 1) }
  }

  # What the templates know, the same for all of them. A list is joined so that "${name}" as an element of an array
  # becomes its elements.
  names = {
    region              = local.region
    access_account      = local.account
    identity_store      = "arn:aws:identitystore::${local.account}:identitystore/${var.break_glass.identity_store}"
    intake              = local.bucket_arns.intake
    archive             = local.bucket_arns.archive
    configuration       = local.bucket_arns.configuration
    data_buckets        = join("\",\"", length(var.data_buckets) == 0 ? ["arn:aws:s3:::no-bucket-of-data-is-named"] : var.data_buckets)
    emergency_roles     = join("\",\"", local.emergency_roles)
    reader_roles        = join("\",\"", local.reader_roles)
    writer_roles        = join("\",\"", local.writer_roles)
    instance_tag_key    = var.instance_tag.key
    instance_tag_value  = var.instance_tag.value
    session_documents   = join("\",\"", local.session_document_arns)
    tunnel_documents    = join("\",\"", local.tunnel_document_arns)
    state_machine       = local.state_machine_arn
    state_machine_name  = local.state_machine_name
    recorder_role       = local.role_arns.recorder
    revoker_role        = local.role_arns.revoker
    sweeper_role        = local.role_arns.sweeper
    exporter_role       = local.role_arns.exporter
    sweeper_function    = local.function_arns.sweeper
    workflow_functions  = join("\",\"", [for handler in ["recorder", "revoker", "exporter"] : local.function_arns[handler]])
    pipeline_role       = local.pipeline_role_arn
    offline_user        = coalesce(local.offline_user_arn, "arn:aws:iam::${local.account}:user/forge/nobody")
    offline_role        = coalesce(local.offline_role, "arn:aws:iam::*:role/forge/no-offline-role")
    dead_letters        = local.dead_letters_arn
    alerts              = local.alerts_arn
    event_bus           = local.bus_arn
    forwarding_accounts = join("\",\"", [for account in local.forwarding_accounts : "arn:aws:iam::${account}:root"])
  }

  group_arns = { for variant, ids in local.ids : variant => { for name, id in ids : name => "arn:aws:identitystore:::group/${id}" } }

  names_with_groups = {
    for variant, arns in local.group_arns : variant => merge(local.names, {
      jit_groups = join("\",\"", sort([for name in local.jit_group_names : arns[name]]))
    })
  }

  # Permission set → the tiers that are approved with it: approver.json is for one tier, so that of several stands there
  # several times.
  tiers_of_approvers = {
    for set in toset([for kind in values(var.break_glass.approvers) : kind.permission_set]) : set => [
      for name, tier in local.approved_tiers : name if var.break_glass.approvers[tier.approvers].permission_set == set
    ]
  }

  # Permission set → its templates, each with the tier that it is filled in for ("": none). An approver of nothing (yet)
  # is one of the sets without the template.
  templates_of_sets = {
    for set, settings in local.used_permission_sets : set => flatten([
      for template in settings.policies : [
        for tier in template == "approver" ? lookup(local.tiers_of_approvers, set, []) : [""] : { template = template, tier = tier }
      ]
    ])
  }

  documents = {
    for variant, names in local.names_with_groups : variant => {
      permission_sets = {
        for set, templates in local.templates_of_sets : set => jsonencode({
          Version = "2012-10-17"
          Statement = flatten([
            for index, entry in templates : [
              for statement in jsondecode(templatefile("${path.module}/policies/${entry.template}.json", merge(names, {
                tier = entry.tier
                tier_groups = join("\",\"", sort([
                  for grant in local.grants : local.group_arns[variant][grant.group] if grant.tier == entry.tier
                ]))
              }))).Statement : entry.tier == "" || index == 0 ? statement : merge(statement, { Sid = "${statement.Sid}Tier${entry.tier}" })
            ]
          ])
        })
      }
      handlers = {
        for handler, settings in jsondecode(file("${path.module}/handlers.json")) : handler => jsonencode({
          Version = "2012-10-17"
          Statement = flatten([
            for template in settings.policies :
            jsondecode(templatefile("${path.module}/policies/${template}.json", merge(names, { function = local.handler_names[handler] }))).Statement
          ])
        })
      }
      workflow = jsonencode({
        Version = "2012-10-17"
        Statement = flatten([
          for template in ["workflow", "workflow-logs"] : jsondecode(templatefile("${path.module}/policies/${template}.json", names)).Statement
        ])
      })
      scheduler = templatefile("${path.module}/policies/scheduler.json", names)
      buckets   = { for name in keys(local.buckets) : name => templatefile("${path.module}/policies/${name}-bucket.json", names) }
      trusts = {
        for service in ["function", "workflow", "scheduler"] : service => templatefile("${path.module}/policies/${service}-trust.json", names)
      }
      offline      = templatefile("${path.module}/policies/offline.json", names)
      dead_letters = templatefile("${path.module}/policies/dead-letters.json", names)
      alerts       = templatefile("${path.module}/policies/alerts.json", names)
      event_bus    = templatefile("${path.module}/policies/event-bus.json", names)
      secret       = templatefile("${path.module}/policies/webhook-secret.json", names)
      # Of every account, this one included: what became of the keys of its IAM user is told here.
      audit_read       = templatefile("${path.module}/../production-account/policies/audit-read.json", names)
      audit_read_trust = templatefile("${path.module}/../production-account/policies/audit-read-trust.json", names)
      forwarder        = templatefile("${path.module}/../production-account/policies/forwarder.json", names)
      forwarder_trust  = templatefile("${path.module}/../production-account/policies/forwarder-trust.json", merge(names, { account = local.account }))
    }
  }

  # Characters of a document as AWS will count them: an id of a group is up to 11 longer than the one that stands in.
  sizes = {
    for kind in ["permission_sets", "handlers"] : kind => {
      for name, document in local.documents.review[kind] : name => length(document) + 11 * length(regexall(":group/00000000-0000-4000", document))
    }
  }
}
