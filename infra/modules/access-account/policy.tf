# What the functions know of forge.yaml, and all that they know. Its name is its hash: a function takes it only when the
# two agree, and whoever may change a function's environment can't make a policy to go with it, because only the pipeline
# writes this bucket.

locals {
  # Longest life of the credentials that just-in-time groups lead to: for so long what was cut stays cut.
  credential_minutes = max(15, [for set in local.jit_permission_sets : local.known_permission_sets[set].session_minutes]...)

  policy_tiers = [
    for name, tier in local.approved_tiers : {
      for key, value in {
        tier                   = tonumber(name)
        approvals              = tier.approvals
        approverPermissionSets = [var.break_glass.approvers[tier.approvers].permission_set]
        maximumMinutes         = coalesce(tier.max_duration_minutes, 720)
        ticket                 = tier.ticket.when
        channel                = try(var.break_glass.channels[coalesce(var.break_glass.approvers[tier.approvers].channel, tier.alert)], null)
      } : key => value if value != null
    }
  ]

  policy_emergency_roles = [
    for use in local.emergency_uses : {
      for key, value in {
        roleArn             = use.role_arn
        tier                = tonumber(use.tier)
        account             = use.account
        environment         = use.environment
        maximumMinutes      = coalesce(use.settings.max_duration_minutes, 720)
        ticketWithinMinutes = use.settings.ticket.when == "none" ? null : use.settings.ticket.within_minutes
        channel             = try(var.break_glass.channels[use.settings.alert], null)
      } : key => value if value != null
    }
  ]

  # src/breakglass/protocol/policy.ts says what it must be.
  policies = {
    for variant, ids in local.ids : variant => jsonencode({
      v                  = 1
      identityStoreId    = var.break_glass.identity_store
      account            = local.account
      region             = local.region
      requestLifeMinutes = floor(var.break_glass.request_lifetime_minutes)
      credentialMinutes  = local.credential_minutes
      retentionDays      = floor(var.break_glass.records.retention_days)
      tiers              = local.policy_tiers
      grants = [
        for grant in local.grants : {
          for key, value in {
            groupId        = ids[grant.group]
            tier           = tonumber(grant.tier)
            account        = grant.account
            environment    = grant.environment
            permissionSet  = grant.permission_set
            scenario       = grant.scenario
            maximumMinutes = grant.maximum_minutes
          } : key => value if value != null
        }
      ]
      emergencyRoles = local.policy_emergency_roles
    })
  }
}

resource "aws_s3_object" "policy" {
  bucket       = aws_s3_bucket.bucket["configuration"].id
  key          = "policy/${sha256(local.policies.deployed)}.json"
  content      = local.policies.deployed
  content_type = "application/json"

  # An object takes ten tags, and an organisation's own may be more.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  # The new one is there before any function is told of it, and the old one until none is. Its version stays.
  lifecycle {
    create_before_destroy = true
  }

  # Written when nobody else can write it any more.
  depends_on = [aws_s3_bucket_versioning.bucket, aws_s3_bucket_policy.bucket]
}
