# What this module is told. Words and shapes are forge.yaml's; durations are in minutes. What forge.yaml does not know,
# because only AWS has it, stands in variables-aws.tf; break_glass itself in variables-break-glass.tf.

variable "environments" {
  description = "forge.yaml's environments: name → account. Those with production = true are what break-glass opens."
  type = map(object({
    account     = string
    region      = string
    description = optional(string)
    production  = optional(bool, false)
    # Only the roles of the databases are looked at: they are what permission sets lead to.
    databases = optional(map(object({
      role   = optional(string)
      write  = optional(object({ role = optional(string) }))
      change = optional(object({ role = optional(string) }))
    })), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for environment in values(var.environments) : can(regex("^[0-9]{12}$", environment.account))])
    error_message = "The account of an environment must be 12 digits, in quotes."
  }
  validation {
    condition     = alltrue([for name in keys(var.environments) : can(regex("^[A-Za-z0-9._-]{1,64}$", name))])
    error_message = "The name of an environment must be 1 to 64 letters, digits and ._-."
  }
  validation {
    # They become resources of policies: a * would be everybody's way to every role.
    condition = alltrue(flatten([
      for environment in values(var.environments) : [
        for database in values(environment.databases) : [
          for role in compact([database.role, try(database.write.role, null), try(database.change.role, null)]) :
          can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[A-Za-z0-9+=,.@_/-]+$", role))
        ]
      ]
    ]))
    error_message = "The role of a database must be the name of one, or its ARN, without wildcards."
  }
  validation {
    condition     = anytrue([for environment in values(var.environments) : environment.production])
    error_message = "At least one environment must be of production: break-glass has nothing to open otherwise."
  }
  validation {
    condition = length(distinct([
      for environment in values(var.environments) : environment.account if environment.production
    ])) == length([for environment in values(var.environments) : environment if environment.production])
    error_message = "Each environment of production must be an account of its own: access is given to an account as a whole."
  }
}

variable "groups" {
  description = "forge.yaml's groups: everyday access, and VPN groups. Group → permission sets by environment."
  type = map(object({
    access       = optional(string)
    members      = optional(string)
    environments = optional(map(string), {})
    network      = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue(flatten([
      for group in values(var.groups) : [
        for environment in concat(keys(group.environments), group.network) : contains(keys(var.environments), environment)
      ]
    ]))
    error_message = "A group names an environment that is not among the environments."
  }
  validation {
    condition = alltrue(flatten([
      for group in values(var.groups) : [for set in values(group.environments) : contains(keys(local.known_permission_sets), set)]
    ]))
    error_message = "A group names a permission set that neither permission-sets.json nor permission_sets has."
  }
  validation {
    condition     = length(setintersection(keys(var.groups), local.jit_group_names)) == 0
    error_message = "A group of everyday life has the name of a just-in-time group."
  }
  validation {
    # developer-guard is for accounts where break-glass is not: power here without the other one is power over who is let in.
    condition = alltrue(flatten([
      for group in values(var.groups) : [
        for environment, set in group.environments :
        contains(try(local.known_permission_sets[set].policies, []), "administrator-guard") || (
          length(setintersection(try(local.known_permission_sets[set].policies, []), ["administrator", "power-user"])) == 0 &&
          length([for arn in try(local.known_permission_sets[set].managed_policies, []) : arn if can(regex("/(AdministratorAccess|PowerUserAccess)$", arn))]) == 0
        ) if try(var.environments[environment].account, "") == var.break_glass.account
      ]
    ]))
    error_message = "A group has power in the access account by a permission set without administrator-guard: it could change what gives, records and takes away."
  }
  validation {
    condition     = length(setintersection(flatten([for group in values(var.groups) : values(group.environments)]), local.jit_permission_sets)) == 0
    error_message = "A group holds a permission set of break-glass for good: what just-in-time groups give, only they give."
  }
}

variable "members" {
  description = "Group → user names of Identity Center, added by pull request. Leave empty where an identity provider (SCIM) fills the groups. Never a just-in-time group: those are empty until somebody approves."
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.members), local.jit_group_names)) == 0
    error_message = "Nobody is a standing member of a just-in-time group: access to production is asked for."
  }
  validation {
    condition     = length(setsubtract(keys(var.members), local.standing_group_names)) == 0
    error_message = "Members are named for a group that is in none of groups, approvers, requesters, auditors, killers."
  }
}

variable "requesters" {
  description = "Groups whose members may ask for break-glass: they hold request_permission_set in the access account."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.requesters) > 0
    error_message = "Somebody must be able to ask: name at least one group."
  }
}

variable "auditors" {
  description = "Groups that read the archive: they hold audit_permission_set in the access account."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.auditors) > 0
    error_message = "Somebody must be able to read the archive: name at least one group."
  }
}

variable "killers" {
  description = "Groups that may end anybody's access, and give none: they hold kill_permission_set in the access account. Approvers can do it without."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.killers) == 0 || var.break_glass.kill_permission_set != null
    error_message = "killers are named, and break_glass.kill_permission_set is not: they would hold nothing."
  }
}
