variable "targets" {
  description = "What the guard is for: ids of accounts or organizational units (ou-…). The access account and the production accounts at least. Never the organization's root: who can undo a mistake then?"
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.targets) > 0 && alltrue([for target in var.targets : can(regex("^(\\d{12}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$", target))])
    error_message = "targets must be account ids or organizational units (ou-…), one or more."
  }
}

variable "name" {
  description = "Name of the policy in AWS Organizations."
  type        = string
  default     = "forge-breakglass-guard"
  nullable    = false
}

variable "approver_permission_sets" {
  description = "Permission sets that approve (forge.yaml's approvers.<kind>.permission_set): nobody else adds members to a group but the pipeline. A * at the end is a wildcard."
  type        = list(string)
  default     = ["Forge-BreakGlass-Approve-*"]
  nullable    = false

  validation {
    condition     = length(var.approver_permission_sets) > 0 && alltrue([for name in var.approver_permission_sets : can(regex("^[\\w+=,.@-]{2,31}[\\w+=,.@*-]$", name))])
    error_message = "approver_permission_sets must be names of permission sets, one or more; only their last character may be a *."
  }
}

variable "pipeline_role" {
  description = "Name (with its path) of the role that Terraform runs as, in each of those accounts: the only one that may change what is guarded."
  type        = string
  default     = "forge-terraform"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w+=,.@/-]{1,576}$", var.pipeline_role)) && !startswith(var.pipeline_role, "/")
    error_message = "pipeline_role must be the name of a role, e.g. forge-terraform or ci/forge-terraform, without a wildcard."
  }
}
