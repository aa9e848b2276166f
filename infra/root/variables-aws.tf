# What forge.yaml does not know.

variable "identity_center_instance" {
  description = "ARN of the Identity Center instance: aws sso-admin list-instances."
  type        = string
}

variable "vpn_addresses" {
  description = "Networks that emergencies come from, as CIDR blocks: what the VPN gateway goes out by, e.g. [\"203.0.113.7/32\"]."
  type        = list(string)
}

variable "auditors" {
  description = "Groups that read the archive."
  type        = list(string)
}

variable "killers" {
  description = "Groups that may end anybody's access, beside the approvers."
  type        = list(string)
  default     = []
}

variable "members" {
  description = "Group => user names of Identity Center. Empty where an identity provider (SCIM) fills the groups."
  type        = map(list(string))
  default     = {}
}

variable "existing_groups" {
  description = "Groups that are there already: name => id. They are used, not made."
  type        = map(string)
  default     = {}
}

variable "permission_sets" {
  description = "Permission sets beside those of modules/access-account/permission-sets.json, or instead of one of that name."
  type        = any
  default     = {}
}

variable "pipeline_role" {
  description = "Name (with its path) of the role that Terraform becomes, the same in each account: the only one that may change the buckets. It must be there before: make it as you make accounts."
  type        = string
  default     = "forge-terraform"
}

variable "assume_pipeline_role" {
  description = "false where Terraform is started as the access account's pipeline role already, e.g. by OIDC from CI. Those of production accounts are assumed either way."
  type        = bool
  default     = true
}

variable "archive_retention_days" {
  description = "How long nobody can delete a record: Object Lock in COMPLIANCE, which nobody can undo or shorten. Begin with 1, look whether all works, then set what forge.yaml's records.retention says."
  type        = number
  default     = 1
}

variable "intake_days" {
  description = "How long what people write stays in the intake. null: the module's default."
  type        = number
  default     = null
}

variable "log_days" {
  description = "How long logs and transcripts are kept."
  type        = number
  default     = 400
}

variable "functions_runtime" {
  description = "Runtime of the functions. null: the module's default."
  type        = string
  default     = null
}

variable "functions_architecture" {
  description = "arm64 or x86_64. null: the module's default."
  type        = string
  default     = null
}

variable "revoker_concurrency" {
  description = "1, or -1 where the account's limit of concurrent functions leaves nothing to reserve. null: the module's default."
  type        = number
  default     = null
}

variable "secrets_layer" {
  description = "ARN of the AWS Parameters and Secrets Lambda Extension of the home region and architecture. null: Slack is told nothing."
  type        = string
  default     = null
}

variable "alarm_emails" {
  description = "Addresses that are told when break-glass itself fails."
  type        = list(string)
  default     = []
}

variable "data_buckets" {
  description = "ARNs of the buckets (and of what is in them) that data analysts read."
  type        = list(string)
  default     = []
}

variable "alarm_topics" {
  description = "Production environment => ARNs of SNS topics there, in the home region, that are told when an event could not be forwarded."
  type        = map(list(string))
  default     = {}
}

variable "alarm_topics_us_east_1" {
  description = "The same in us-east-1, where that is not the home region: an alarm reaches topics of its own region alone."
  type        = map(list(string))
  default     = {}
}

variable "access_alarm_topics_us_east_1" {
  description = "Those of the access account in us-east-1, where that is not the home region."
  type        = list(string)
  default     = []
}

variable "session_manager" {
  description = "Session Manager in production accounts. managed = false: somebody else's Terraform has the accounts' preferences. kms_keys: environment => ARN of the key that encrypts its sessions."
  type = object({
    managed      = optional(bool, true)
    idle_minutes = optional(number, 20)
    run_as_user  = optional(string)
    kms_keys     = optional(map(string), {})
  })
  default  = {}
  nullable = false
}

variable "access_tag" {
  description = "The tag, key and value, of what people get into. Instances: break-glass opens those that carry it. Databases and clusters: looked for in each production account when Terraform plans. null: only what database_resource_ids and forge.yaml's clusters name, and no account is asked; instances carry forge-access = break-glass then."
  type        = object({ key = string, value = string })
  default     = { key = "forge-access", value = "break-glass" }
}

variable "database_resource_ids" {
  description = "Production environment => resource ids of databases (cluster-…, db-…, prx-… of a proxy) that the database roles reach beside those that carry access_tag. [\"*\"]: all of the account."
  type        = map(list(string))
  default     = {}
}

variable "cluster_access" {
  description = "true lets people and emergencies into the clusters. Only after the first apply: Identity Center has to have made the roles."
  type        = bool
  default     = false
}

variable "cluster_policies" {
  description = "What a permission set (permission_sets) or an emergency's role (roles) may do in the clusters: policy, namespaces, groups. null: modules/cluster-access/cluster-policies.json."
  type        = any
  default     = null
}

variable "tags" {
  description = "Tags of all that is made."
  type        = map(string)
  default     = {}
}
