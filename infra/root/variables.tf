# Values come from forge.yaml (forge.auto.tfvars.json, written by forge infra export); what forge.yaml does not know is in
# variables-aws.tf. Types are those of the modules, which check them: here they would stand twice.

variable "environments" {
  description = "forge.yaml's environments: name => account, region, production; of production also databases, clusters, max_session_minutes."
  type        = any
}

variable "groups" {
  description = "forge.yaml's groups: everyday access. Group => permission sets by environment."
  type        = any
  default     = {}
}

variable "break_glass" {
  description = "forge.yaml's break_glass. Durations are in minutes."
  type        = any
}

variable "identity_center_region" {
  description = "forge.yaml's sign_in.region: where Identity Center is."
  type        = string
}

variable "requesters" {
  description = "Groups whose members may ask for break-glass."
  type        = list(string)
}
