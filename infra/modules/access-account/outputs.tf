locals {
  # forge.yaml's words, without what it does not say. Minutes and days are written as forge.yaml writes durations.
  forge_groups = {
    for name, group in var.groups : name => {
      for key, value in {
        access       = group.access
        members      = group.members
        environments = length(group.environments) == 0 ? null : group.environments
        network      = length(group.network) == 0 ? null : group.network
      } : key => value if value != null
    }
  }
  forge_tiers = {
    for name, tier in var.break_glass.tiers : name => {
      for key, value in {
        description    = tier.description
        when           = tier.when
        permission_set = tier.permission_set
        role           = tier.role
        group          = tier.group
        approval       = tier.approval
        approvers      = tier.approvers
        approvals      = tier.approval == "approver" ? tier.approvals : null
        requesters     = length(tier.requesters) == 0 ? null : tier.requesters
        environments   = length(tier.environments) == 0 ? null : tier.environments
        scenarios      = length(tier.scenarios) == 0 ? null : tier.scenarios
        min_duration   = tier.min_duration_minutes == null ? null : "${tier.min_duration_minutes}m"
        max_duration   = tier.max_duration_minutes == null ? null : "${tier.max_duration_minutes}m"
        mfa            = tier.mfa ? true : null
        mfa_within     = tier.mfa_within_minutes == null ? null : "${tier.mfa_within_minutes}m"
        ticket = {
          for key, value in {
            when    = tier.ticket.when
            within  = tier.ticket.within_minutes == null ? null : "${tier.ticket.within_minutes}m"
            pattern = tier.ticket.pattern
          } : key => value if value != null
        }
        alert       = tier.alert
        user        = tier.user
        mfa_devices = length(tier.mfa_devices) == 0 ? null : tier.mfa_devices
        vault_item  = tier.vault_item
      } : key => value if value != null
    }
  }
  forge_scenarios = {
    for name, scenario in var.break_glass.scenarios : name => {
      for key, value in {
        description       = scenario.description
        permission_set    = scenario.permission_set
        group             = scenario.group
        max_duration      = scenario.max_duration_minutes == null ? null : "${scenario.max_duration_minutes}m"
        allows            = length(scenario.allows) == 0 ? null : scenario.allows
        session_documents = contains(local.instance_permission_sets, coalesce(scenario.permission_set, "-")) ? local.session_documents : null
      } : key => value if value != null
    }
  }
  forge_approvers = {
    for name, kind in var.break_glass.approvers : name => {
      for key, value in {
        description    = kind.description
        groups         = kind.groups
        permission_set = kind.permission_set
        channel        = kind.channel
      } : key => value if value != null
    }
  }
}

output "forge" {
  description = "What forge.yaml must say: forge config import-terraform writes it there, so that a name is written once."
  value = {
    environments = {
      for name, environment in var.environments : name => {
        for key, value in {
          account         = environment.account
          region          = environment.region
          production      = environment.production ? true : null
          tunnel_document = environment.production ? local.tunnel_document : null
        } : key => value if value != null
      }
    }
    groups = local.forge_groups
    break_glass = {
      for key, value in {
        account                = local.account
        region                 = local.region
        identity_store         = var.break_glass.identity_store
        request_permission_set = var.break_glass.request_permission_set
        audit_permission_set   = var.break_glass.audit_permission_set
        kill_permission_set    = var.break_glass.kill_permission_set
        request_lifetime       = "${var.break_glass.request_lifetime_minutes}m"
        channels               = var.break_glass.channels
        approvers              = local.forge_approvers
        tiers                  = local.forge_tiers
        scenarios              = local.forge_scenarios
        records = {
          for key, value in {
            intake_bucket  = local.buckets.intake
            archive_bucket = local.buckets.archive
            # Nobody has to name it whose own it is not.
            configuration_bucket = var.break_glass.records.configuration_bucket
            retention            = "${var.break_glass.records.retention_days}d"
          } : key => value if value != null
        }
      } : key => value if value != null
    }
  }
}

output "instance_tag" {
  description = "The tag of instances that break-glass may open: key = value."
  value       = "${var.instance_tag.key} = ${var.instance_tag.value}"
}

output "review" {
  description = "JSON: group_ids (ids that stand in) and documents (address of an argument in this module → what it will be). For forge infra check."
  value       = jsonencode(local.review)
}

output "policy" {
  description = "JSON of what the functions know of forge.yaml."
  value       = local.policies.deployed
}

output "policy_object" {
  description = "Where the functions read it."
  value       = { bucket = local.buckets.configuration, key = aws_s3_object.policy.key }
}

output "event_bus" {
  description = "ARN of the bus that production accounts forward to."
  value       = local.bus_arn
}

output "handler_roles" {
  description = "Handler → ARN of its role, for the trust of roles in production accounts."
  value       = local.role_arns
}

output "functions" {
  description = "Handler → name of its function."
  value       = local.handler_names
}

output "state_machine" {
  description = "ARN of the workflow."
  value       = local.state_machine_arn
}

output "buckets" {
  description = "intake, archive, configuration → name."
  value       = local.buckets
}

output "group_ids" {
  description = "Group → id, of those that are made here and those that were there."
  value       = local.group_ids
}

output "permission_sets" {
  description = "Permission set → ARN."
  value       = { for name, set in aws_ssoadmin_permission_set.set : name => set.arn }
}

output "offline_user" {
  description = "ARN of tier 3's IAM user. null: there is no such tier."
  value       = local.offline_user_arn
}

output "alerts_topic" {
  description = "ARN of the topic that alarms go to."
  value       = local.alerts_arn
}

output "next_steps" {
  description = "What Terraform does not do, because its state would hold a secret: by hand, once, as the pipeline's role."
  value = compact([
    var.secrets_layer == null ? "" : "Put the webhook of Slack into the secret ${local.secret_name}: aws secretsmanager put-secret-value --region ${local.region} --secret-id ${local.secret_name} --secret-string file:///dev/stdin, then paste it and press Ctrl-D.",
    local.offline_user_name == null ? "" : "Make the MFA device of ${local.offline_user_path}, for the person who will hold it: aws iam create-virtual-mfa-device and aws iam enable-mfa-device --user-name ${local.offline_user_name}, or a hardware device. Then name it in forge.yaml's mfa_devices.",
    local.offline_user_name == null ? "" : "Make the key of ${local.offline_user_path}, for another person: aws iam create-access-key --user-name ${local.offline_user_name}, straight into the vault. Then check both: forge breakglass --tier ${one(keys(local.offline_tiers))}.",
    length(var.alarm_emails) == 0 ? "" : "Let each of ${join(", ", var.alarm_emails)} confirm the subscription by the link in the mail.",
    var.archive_retention_days >= 365 ? "" : "When all works, set archive_retention_days to ${max(365, var.break_glass.records.retention_days)}: until then records can be deleted after ${var.archive_retention_days} day(s).",
  ])
}
