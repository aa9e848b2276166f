# What forge.yaml does not know: ids of AWS, and how what runs here is run.

variable "identity_center_instance" {
  description = "ARN of the Identity Center instance: aws sso-admin list-instances."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sso:::instance/(sso)?ins-[a-zA-Z0-9.-]{16}$", var.identity_center_instance))
    error_message = "identity_center_instance must be an ARN such as arn:aws:sso:::instance/ssoins-1234567890abcdef."
  }
}

variable "identity_center_region" {
  description = "forge.yaml's sign_in.region: where Identity Center is."
  type        = string
  nullable    = false

  validation {
    condition     = var.identity_center_region == var.break_glass.region
    error_message = "break_glass.region must be Identity Center's own region: memberships are told of there, and a rule elsewhere would never see them."
  }
}

variable "existing_groups" {
  description = "Groups that are there already, name → id: what an identity provider (SCIM) or somebody else's Terraform makes. They are used, not made. Never a just-in-time group."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.existing_groups) : can(regex("^([0-9a-f]{10}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "The id of a group must be as aws identitystore list-groups prints it."
  }
  validation {
    condition     = length(setintersection(keys(var.existing_groups), local.jit_group_names)) == 0
    error_message = "Just-in-time groups are made here: one that others fill would be standing access."
  }
}

variable "permission_sets" {
  description = "Permission sets beside those of permission-sets.json, or instead of one of that name. policies: names of templates in policies/, their statements one after the other."
  type = map(object({
    description      = string
    session_minutes  = number
    policies         = optional(list(string), [])
    managed_policies = optional(list(string), [])
    bounded          = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.permission_sets) : can(regex("^[A-Za-z0-9+=,.@_-]{1,32}$", name))])
    error_message = "The name of a permission set has at most 32 letters, digits and +=,.@_-."
  }
  validation {
    condition     = alltrue([for set in values(var.permission_sets) : set.session_minutes >= 60 && set.session_minutes <= 720])
    error_message = "session_minutes must be from 60 to 720: Identity Center knows nothing shorter or longer."
  }
}

variable "boundaries" {
  description = "Production environment → name of the boundary that revocations are written to (output boundary of its production-account). It must be there before a bounded permission set is given to an account."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract([for name, environment in var.environments : name if environment.production], keys(var.boundaries))) == 0
    error_message = "Each environment of production needs its boundary: apply production-account there first."
  }
  validation {
    condition     = alltrue([for name in values(var.boundaries) : name == "ForgeBreakGlassRevocations"])
    error_message = "The boundary is called ForgeBreakGlassRevocations: that is where the revoker writes."
  }
}

variable "instance_tag" {
  description = "The tag, key and value, of the instances that break-glass gets into."
  type        = object({ key = string, value = string })
  default     = { key = "forge-access", value = "break-glass" }
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.:/=+@-]{1,128}$", var.instance_tag.key)) && can(regex("^[A-Za-z0-9_.:/=+@ -]{1,256}$", var.instance_tag.value))
    error_message = "instance_tag must have a key and a value of letters, digits and _.:/=+@-, neither of them empty: e.g. { key = \"forge-access\", value = \"break-glass\" }."
  }
}

variable "data_buckets" {
  description = "ARNs of the buckets (and of what is in them) that data-analyst.json lets analysts read. * stands for anything."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.data_buckets : can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][A-Za-z0-9.*!_'()/=+@-]*$", arn))])
    error_message = "data_buckets must be ARNs that name a bucket, or how the names of some begin: never every bucket, and no other wildcard than *."
  }
  validation {
    condition     = alltrue([for arn in var.data_buckets : !startswith(split(":::", arn)[1], "forge-") && !startswith("forge-breakglass-", split("*", split("/", split(":::", arn)[1])[0])[0])])
    error_message = "data_buckets must not reach the buckets of break-glass."
  }
}

variable "pipeline_role" {
  description = "Role of this account, by name (with its path), that runs Terraform: the only one that may change the buckets. Whoever gets this wrong locks everybody out but the account's root."
  type        = string
  default     = "forge-terraform"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_/-]{1,576}$", var.pipeline_role)) && !startswith(var.pipeline_role, "/")
    error_message = "pipeline_role must be the name of a role, such as forge-terraform or ci/forge-terraform."
  }
}

variable "archive_retention_days" {
  description = "How long nobody can delete a record: Object Lock in COMPLIANCE. It can't be undone or shortened, by root or AWS either: begin with 1, look whether all works, then set what break_glass.records.retention_days says."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.archive_retention_days >= 1 && var.archive_retention_days <= 36500 && floor(var.archive_retention_days) == var.archive_retention_days
    error_message = "archive_retention_days must be a whole number from 1 to 36500."
  }
}

variable "intake_days" {
  description = "How long requests, decisions and pieces of evidence stay in the intake. All of it that counts is in the archive by then."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.intake_days >= 30 && floor(var.intake_days) == var.intake_days
    error_message = "intake_days must be a whole number of 30 or more: what is not yet collected must not go."
  }
}

variable "log_days" {
  description = "How long the logs of the functions and of the workflow stay."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days must be one of those that CloudWatch Logs knows, from 30 on: 90, 180, 365, 400, 731, …"
  }
}

variable "functions_archive" {
  description = "Path of forge-breakglass.zip, as forge infra export wrote it."
  type        = string
  nullable    = false
}

variable "functions_runtime" {
  description = "Runtime of the functions."
  type        = string
  default     = "nodejs22.x"
  nullable    = false

  validation {
    condition     = contains(["nodejs20.x", "nodejs22.x"], var.functions_runtime)
    error_message = "functions_runtime must be nodejs22.x (or nodejs20.x): the provider of this version knows no newer one."
  }
}

variable "functions_architecture" {
  description = "Processor of the functions. The layer for secrets must be of the same."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.functions_architecture)
    error_message = "functions_architecture must be arm64 or x86_64."
  }
}

variable "revoker_concurrency" {
  description = "How many revokers run at once: 1, so that no two write the boundary at once. -1 where the account's limit leaves nothing to reserve: they then try again until they are alone."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([-1, 1], var.revoker_concurrency)
    error_message = "revoker_concurrency must be 1, or -1 for none reserved."
  }
}

variable "secrets_layer" {
  description = "ARN of the AWS Parameters and Secrets Lambda Extension of this region and architecture (docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html). null: Slack is told nothing."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_layer == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.secrets_layer))
    error_message = "secrets_layer must be the ARN of a layer with its version."
  }
  validation {
    condition     = var.secrets_layer == null || try(split(":", var.secrets_layer)[3], "") == var.break_glass.region
    error_message = "secrets_layer must be of the home region."
  }
  validation {
    # One for the other processor ends each function before it begins.
    condition     = !strcontains(coalesce(var.secrets_layer, "-"), "Lambda-Extension") || strcontains(coalesce(var.secrets_layer, "-"), "-Arm64:") == (var.functions_architecture == "arm64")
    error_message = "secrets_layer is for another processor than functions_architecture: AWS's own ends in -Arm64 for arm64."
  }
}

variable "alarm_emails" {
  description = "Addresses that are told when break-glass itself fails. A way that does not need Slack: each confirms it by a link once."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alarm_emails must be e-mail addresses."
  }
}

variable "alarm_topics_us_east_1" {
  description = "ARNs of SNS topics in us-east-1 that are told when an event of there could not be forwarded. Only where that is not the home region: an alarm reaches topics of its own region alone."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags of all that is made here."
  type        = map(string)
  default     = {}
  nullable    = false
}
