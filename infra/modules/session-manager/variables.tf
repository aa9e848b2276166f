variable "account" {
  description = "The account that this is in: 12 digits."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region that this is in: of the instances, which need not be the home region."
  type        = string
  nullable    = false
}

variable "preferences" {
  description = "false: somebody else's Terraform has the account's preferences. The documents of the scenario are made either way."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_group" {
  description = "Log group of the transcripts, below /forge/: what is there administrators can't delete, and readers can't read."
  type        = string
  default     = "/forge/session-manager"
  nullable    = false

  validation {
    condition     = can(regex("^/forge/[\\w./#-]{1,500}$", var.log_group))
    error_message = "log_group must be the name of a log group below /forge/, which the guards guard, e.g. /forge/session-manager."
  }
}

variable "log_days" {
  description = "How long transcripts are kept, as CloudWatch Logs counts: 90, 365, 400, …"
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days must be one that CloudWatch Logs has, and 30 at least: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "idle_minutes" {
  description = "A shell that nobody types in is ended after so long."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.idle_minutes >= 1 && var.idle_minutes <= 60 && floor(var.idle_minutes) == var.idle_minutes
    error_message = "idle_minutes must be a whole number from 1 to 60."
  }
}

variable "max_minutes" {
  description = "A shell is ended after so long, whoever has it."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.max_minutes >= 1 && var.max_minutes <= 1440 && floor(var.max_minutes) == var.max_minutes
    error_message = "max_minutes must be a whole number from 1 to 1440."
  }
}

variable "run_as_user" {
  description = "User of the operating system that shells run as. null: ssm-user, who is root by sudo."
  type        = string
  default     = null

  validation {
    condition     = var.run_as_user == null || can(regex("^[a-z_][a-z0-9_.-]{0,31}$", var.run_as_user))
    error_message = "run_as_user must be the name of a user of the instances, e.g. operator."
  }
}

variable "kms_key" {
  description = "ARN of a key of this region that encrypts sessions and their transcripts. Its policy must let CloudWatch Logs use it, the instances decrypt, and people generate data keys. null: TLS alone, and AWS's own key for the transcripts."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[\\w-]+$", var.kms_key))
    error_message = "kms_key must be the ARN of a key, not an alias."
  }
}
