# forge.yaml's break_glass, and what must be true of it before anything is planned: a mistake here is who can get into
# production.

variable "break_glass" {
  description = "forge.yaml's break_glass. Durations are in minutes (…_minutes), the retention in days."
  type = object({
    account                  = string
    region                   = string
    identity_store           = string
    request_permission_set   = string
    audit_permission_set     = string
    kill_permission_set      = optional(string)
    request_lifetime_minutes = optional(number, 240)
    channels                 = optional(map(string), {})
    approvers = map(object({
      description    = optional(string)
      groups         = list(string)
      permission_set = string
      channel        = optional(string)
    }))
    tiers = map(object({
      description          = optional(string)
      when                 = optional(string)
      permission_set       = optional(string)
      role                 = optional(string)
      group                = optional(string)
      approval             = string
      approvers            = optional(string)
      approvals            = optional(number, 1)
      requesters           = optional(list(string), [])
      environments         = optional(list(string), [])
      scenarios            = optional(list(string), [])
      min_duration_minutes = optional(number)
      max_duration_minutes = optional(number)
      mfa                  = optional(bool, false)
      mfa_within_minutes   = optional(number)
      ticket = optional(object({
        when           = optional(string, "before")
        within_minutes = optional(number)
        pattern        = optional(string)
      }), {})
      alert       = optional(string)
      user        = optional(string)
      mfa_devices = optional(map(string), {})
      vault_item  = optional(string)
    }))
    scenarios = optional(map(object({
      description          = optional(string)
      permission_set       = optional(string)
      group                = optional(string)
      max_duration_minutes = optional(number)
      allows               = optional(list(string), [])
    })), {})
    records = object({
      intake_bucket        = string
      archive_bucket       = string
      configuration_bucket = optional(string)
      retention_days       = number
    })
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.break_glass.account))
    error_message = "break_glass.account must be 12 digits, in quotes."
  }
  validation {
    condition     = !contains([for environment in values(var.environments) : environment.account if environment.production], var.break_glass.account)
    error_message = "break_glass.account must be an account of its own: whoever may do anything in production must not reach the records of it."
  }
  validation {
    condition     = can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", var.break_glass.region))
    error_message = "break_glass.region must be a region such as us-east-1."
  }
  validation {
    condition     = can(regex("^d-[0-9a-f]{10}$", var.break_glass.identity_store))
    error_message = "break_glass.identity_store must be an identity store id such as d-1234567890."
  }
  validation {
    condition     = var.break_glass.request_lifetime_minutes >= 5 && var.break_glass.request_lifetime_minutes <= 10080
    error_message = "break_glass.request_lifetime_minutes must be from 5 to 10080 (7 days)."
  }
  validation {
    condition     = alltrue([for name in keys(var.break_glass.tiers) : can(regex("^[0-9]$", name))])
    error_message = "Tiers are named 0 to 9."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : contains(["self-serve", "approver", "two-people"], tier.approval)
    ])
    error_message = "The approval of a tier must be self-serve, approver or two-people."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : tier.approval != "approver" || contains(keys(var.break_glass.approvers), coalesce(tier.approvers, "-"))
    ])
    error_message = "A tier with approval = approver must name its approvers, one of break_glass.approvers."
  }
  validation {
    condition     = alltrue([for tier in values(var.break_glass.tiers) : tier.approvals >= 1 && tier.approvals <= 5 && floor(tier.approvals) == tier.approvals])
    error_message = "approvals must be a whole number from 1 to 5."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : contains(["before", "after", "none"], tier.ticket.when)
    ])
    error_message = "The ticket of a tier is asked for before, after or none."
  }
  validation {
    condition = alltrue(concat(
      [for tier in values(var.break_glass.tiers) : coalesce(tier.max_duration_minutes, 60) >= 15 && coalesce(tier.max_duration_minutes, 60) <= 720],
      [for scenario in values(var.break_glass.scenarios) : coalesce(scenario.max_duration_minutes, 60) >= 15 && coalesce(scenario.max_duration_minutes, 60) <= 720],
    ))
    error_message = "max_duration_minutes must be from 15 to 720 (12 hours): no session of IAM is longer."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : tier.approval != "self-serve" || coalesce(tier.max_duration_minutes, 60) <= 60
    ])
    error_message = "A self-serve tier lasts at most 60 minutes: its role is assumed from another one, which AWS limits to an hour."
  }
  validation {
    condition = alltrue(flatten([
      for tier in values(var.break_glass.tiers) : [for name in tier.scenarios : contains(keys(var.break_glass.scenarios), name)]
    ]))
    error_message = "A tier names a scenario that break_glass.scenarios does not have."
  }
  validation {
    condition = alltrue(flatten([
      for tier in values(var.break_glass.tiers) : [
        for name in tier.environments : contains([for key, environment in var.environments : key if environment.production], name)
      ]
    ]))
    error_message = "A tier names an environment that is not one of production."
  }
  validation {
    condition = alltrue(flatten([
      for tier in values(var.break_glass.tiers) : [
        for name in length(tier.scenarios) == 0 ? [""] : tier.scenarios :
        strcontains(coalesce(try(var.break_glass.scenarios[name].group, null), tier.group, "-"), "{environment}")
      ] if tier.approval == "approver"
    ]))
    error_message = "Each scenario of a tier that somebody approves (or the tier itself) needs a group whose name has {environment} in it: one group an account, or a grant for one would open all."
  }
  validation {
    condition = length(flatten([
      for tier in values(var.break_glass.tiers) : [
        for name in length(tier.scenarios) == 0 ? [""] : tier.scenarios : 1
      ] if tier.approval == "approver"
      ])) == length(distinct(flatten([
        for tier in values(var.break_glass.tiers) : [
          for name in length(tier.scenarios) == 0 ? [""] : tier.scenarios : coalesce(try(var.break_glass.scenarios[name].group, null), tier.group, "-")
        ] if tier.approval == "approver"
    ])))
    error_message = "Two scenarios or tiers have the same group: a grant for one would give the other, too."
  }
  validation {
    condition     = alltrue([for tier in values(var.break_glass.tiers) : tier.approval != "self-serve" || length(tier.requesters) > 0])
    error_message = "A self-serve tier must name its requesters: the groups that are given the way to its role."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : tier.approval == "approver" || tier.role != null
    ])
    error_message = "A tier that nobody approves (self-serve, two-people) needs a role."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[A-Za-z0-9+=,.@_/-]+$", coalesce(tier.role, "-")))
    ])
    error_message = "The role of a tier must be the name of one, or its ARN, without wildcards."
  }
  validation {
    condition     = alltrue([for tier in values(var.break_glass.tiers) : tier.approval != "two-people" || tier.user != null])
    error_message = "A tier for two people needs a user: the IAM user whose key one of them holds."
  }
  validation {
    condition = alltrue([
      for tier in values(var.break_glass.tiers) : tier.user == null || can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:user/)?forge/[A-Za-z0-9+=,.@_-]{1,64}$", tier.user))
    ])
    error_message = "The IAM user of a tier must have the path forge/ (e.g. forge/forge-emergency-a): what guards forge's own guards that path."
  }
  validation {
    condition     = length([for tier in values(var.break_glass.tiers) : tier if tier.approval == "two-people"]) <= 1
    error_message = "One tier at most is for two people."
  }
  validation {
    condition = alltrue([
      for set in compact(concat(
        [var.break_glass.request_permission_set, var.break_glass.audit_permission_set, var.break_glass.kill_permission_set],
        [for kind in values(var.break_glass.approvers) : kind.permission_set],
        [for tier in values(var.break_glass.tiers) : tier.permission_set],
        [for scenario in values(var.break_glass.scenarios) : scenario.permission_set],
      )) : contains(keys(local.known_permission_sets), set)
    ])
    error_message = "break_glass names a permission set that neither permission-sets.json nor permission_sets has."
  }
  validation {
    condition = alltrue(flatten([
      for tier in values(var.break_glass.tiers) : [
        for name in length(tier.scenarios) == 0 ? [""] : tier.scenarios :
        local.known_permission_sets[coalesce(try(var.break_glass.scenarios[name].permission_set, null), tier.permission_set, "-")].bounded
        if contains(keys(local.known_permission_sets), coalesce(try(var.break_glass.scenarios[name].permission_set, null), tier.permission_set, "-"))
      ] if tier.approval == "approver"
    ]))
    error_message = "A permission set that a just-in-time group gives must be bounded: without the boundary nothing ends what was issued."
  }
  validation {
    condition = alltrue(flatten([
      for tier in values(var.break_glass.tiers) : [
        for name in length(tier.scenarios) == 0 ? [""] : tier.scenarios :
        try(var.break_glass.scenarios[name].permission_set, null) != null || tier.permission_set != null
      ] if tier.approval != "two-people"
    ]))
    error_message = "A tier (or each of its scenarios) needs a permission set: what it gives, or the way to its role."
  }
  validation {
    condition = alltrue([
      for channel in concat([for tier in values(var.break_glass.tiers) : tier.alert], [for kind in values(var.break_glass.approvers) : kind.channel]) :
      channel == null || contains(keys(var.break_glass.channels), coalesce(channel, "-"))
    ])
    error_message = "A tier or a kind of approver names a channel that break_glass.channels does not have."
  }
  validation {
    condition = alltrue([
      for bucket in [var.break_glass.records.intake_bucket, var.break_glass.records.archive_bucket, coalesce(var.break_glass.records.configuration_bucket, "forge-breakglass-x")] :
      can(regex("^forge-breakglass-[a-z0-9.-]{1,46}$", bucket))
    ])
    error_message = "The buckets' names must begin with forge-breakglass-: what keeps administrators from them names them so."
  }
  validation {
    condition     = var.break_glass.records.intake_bucket != var.break_glass.records.archive_bucket
    error_message = "Intake and archive must be two buckets: what people write must not be locked for years unread."
  }
  validation {
    condition     = var.break_glass.records.retention_days >= 1 && var.break_glass.records.retention_days <= 36500
    error_message = "break_glass.records.retention_days must be from 1 to 36500."
  }
}
