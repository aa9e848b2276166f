variable "clusters" {
  description = "Names of the EKS clusters, in this account and region (forge.yaml: environments.….clusters.….cluster): they need no tag."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "tag" {
  description = "The tag, key and value, of clusters that are let into beside those that are named. null: those that are named alone, and AWS is not asked for others."
  type        = object({ key = string, value = string })
  default     = { key = "forge-access", value = "break-glass" }

  validation {
    condition = var.tag == null ? true : (
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", var.tag.key)) && !can(regex("(?i)^aws:", var.tag.key)) &&
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,256}$", var.tag.value))
    )
    error_message = "tag must have a key and a value that AWS takes, neither of them empty: e.g. { key = \"forge-access\", value = \"break-glass\" }."
  }
}

variable "permission_sets" {
  description = "Permission set that is given in this account => what its holders may do in the clusters. policy is one of EKS's access policies; without namespaces it is for the whole cluster; groups are Kubernetes groups that roles are bound to."
  type = map(object({
    policy     = optional(string)
    namespaces = optional(list(string), [])
    groups     = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.permission_sets) : can(regex("^[\\w+=,.@-]{1,32}$", name))])
    error_message = "permission_sets must be named as in Identity Center: up to 32 letters, digits and +=,.@_-."
  }
  validation {
    condition     = alltrue([for access in values(var.permission_sets) : access.policy != null || length(access.groups) > 0])
    error_message = "Each of permission_sets must have a policy, or groups: else its holders could do nothing."
  }
  validation {
    condition     = alltrue([for access in values(var.permission_sets) : access.policy == null || can(regex("^AmazonEKS\\w*Policy$", access.policy))])
    error_message = "A policy must be the name of one of EKS's access policies, e.g. AmazonEKSViewPolicy (aws eks list-access-policies)."
  }
  validation {
    condition     = alltrue(flatten([for access in values(var.permission_sets) : [for group in access.groups : !startswith(group, "system:")]]))
    error_message = "groups must not begin with system: (EKS refuses them): bind a role to a group of your own, or use a policy."
  }
}

variable "roles" {
  description = "Roles that are no permission set's: name => ARN. Tier 0's and tier 3's."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "role_policies" {
  description = "What those roles may do in the clusters, as in permission_sets. One that is not named gets no entry."
  type = map(object({
    policy     = optional(string)
    namespaces = optional(list(string), [])
    groups     = optional(list(string), [])
  }))
  default  = {}
  nullable = false
}
