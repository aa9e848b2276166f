variable "account" {
  description = "The production account that this module is applied in: 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^\\d{12}$", var.account))
    error_message = "account must be 12 digits."
  }
  validation {
    condition     = var.account != var.access_account
    error_message = "The access account can't be a production account too: whoever is let into production would be where access is given."
  }
}

variable "region" {
  description = "Home region of break-glass: the rules that watch are there, so emergency calls must be made there (forge.yaml: break_glass.region)."
  type        = string
  nullable    = false
}

variable "access_account" {
  description = "Account with groups, requests and records (forge.yaml: break_glass.account)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^\\d{12}$", var.access_account))
    error_message = "access_account must be 12 digits."
  }
}

variable "archive_bucket" {
  description = "Bucket of the records (forge.yaml: break_glass.records.archive_bucket): no emergency reaches it."
  type        = string
  nullable    = false
}

variable "on_call_permission_sets" {
  description = "Permission sets from which tier 0's role is assumed (forge.yaml: break_glass.tiers.\"0\".permission_set). Empty: there is no tier 0 here."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.on_call_permission_sets : can(regex("^[\\w+=,.@-]{1,32}$", name))])
    error_message = "on_call_permission_sets must be names of permission sets, without wildcards."
  }
}

variable "vpn_addresses" {
  description = "Networks that emergencies come from, as CIDR blocks: what the VPN gateway goes out by. It is tier 0's second factor, which IAM itself demands."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.vpn_addresses) > 0
    error_message = "vpn_addresses must name the VPN gateway's addresses, e.g. [\"203.0.113.7/32\"]: with none, nobody could open an emergency."
  }
  validation {
    condition     = alltrue([for block in var.vpn_addresses : can(cidrnetmask(block)) || can(regex(":", cidrhost(block, 0)))])
    error_message = "vpn_addresses must be CIDR blocks, e.g. \"203.0.113.7/32\"."
  }
  validation {
    # /8 and wider is no gateway but a part of the Internet.
    condition     = alltrue([for block in var.vpn_addresses : try(tonumber(split("/", block)[1]), 0) > (strcontains(block, ":") ? 31 : 8)])
    error_message = "vpn_addresses must be the VPN gateway's own: an IPv4 block of /8 or wider, or an IPv6 block of /31 or wider, keeps nobody out."
  }
}

variable "offline_minutes" {
  description = "Longest life of tier 3's credentials (forge.yaml: break_glass.tiers.\"3\".max_duration)."
  type        = number
  default     = 240
  nullable    = false

  validation {
    condition     = var.offline_minutes >= 60 && var.offline_minutes <= 240
    error_message = "offline_minutes must be from 60 to 240."
  }
}

variable "offline_user" {
  description = "Tier 3's IAM user in the access account, with its path (forge.yaml: break_glass.tiers.\"3\".user). null: there is no tier 3."
  type        = string
  default     = "forge/forge-emergency-a"

  validation {
    condition     = var.offline_user == null || can(regex("^forge/[\\w+=,.@-]{1,64}$", var.offline_user))
    error_message = "offline_user must be a name in the path forge/, e.g. forge/forge-emergency-a: that path is what guards it."
  }
}

variable "readers" {
  description = "Permission sets from which readonly-rds-access is assumed. Which of them may, the permission set says too. Empty: there is no such role."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.readers : can(regex("^[\\w+=,.@-]{1,32}$", name))])
    error_message = "readers must be names of permission sets, without wildcards."
  }
}

variable "writers" {
  description = "Permission sets from which write-rds-access is assumed. Empty: there is no such role."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.writers : can(regex("^[\\w+=,.@-]{1,32}$", name))])
    error_message = "writers must be names of permission sets, without wildcards."
  }
}

variable "database_regions" {
  description = "Regions of the databases."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.database_regions) > 0
    error_message = "database_regions must name one region or more."
  }
}

variable "database_resource_ids" {
  description = "Resource ids of the databases (cluster-…, db-…, prx-…) that the database roles reach; \"*\": all of the account. The same id twice is one. Empty: none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.database_resource_ids : id == "*" || can(regex("^(cluster|db|prx)-[A-Z0-9a-z]+$", id))])
    error_message = "database_resource_ids must be resource ids such as cluster-ABCDEFGHIJKL0123456789, or \"*\": not names."
  }
}

variable "reading_users" {
  description = "Database users of readonly-rds-access. Empty: forge_ro."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for user in var.reading_users : can(regex("^[\\w.$-]{1,63}$", user))])
    error_message = "reading_users must be database users: letters, digits and _.$-, as IAM can name them."
  }
}

variable "writing_users" {
  description = "Database users of write-rds-access. Empty: forge_rw."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for user in var.writing_users : can(regex("^[\\w.$-]{1,63}$", user))])
    error_message = "writing_users must be database users: letters, digits and _.$-, as IAM can name them."
  }
}

variable "alarm_topics" {
  description = "ARNs of SNS topics in the home region that are told when an event could not be forwarded."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "alarm_topics_us_east_1" {
  description = "The same in us-east-1, where that is not the home region."
  type        = list(string)
  default     = []
  nullable    = false
}
