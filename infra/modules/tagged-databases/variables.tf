variable "tag" {
  description = "The tag, key and value, of the databases that are looked for. null: none, and AWS is not asked."
  type        = object({ key = string, value = string })
  default     = { key = "forge-access", value = "break-glass" }

  validation {
    # An empty value would be carried by whatever was tagged in passing; aws: is AWS's own.
    condition = var.tag == null ? true : (
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", var.tag.key)) && !can(regex("(?i)^aws:", var.tag.key)) &&
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,256}$", var.tag.value))
    )
    error_message = "tag must have a key and a value that AWS takes, neither of them empty: e.g. { key = \"forge-access\", value = \"break-glass\" }."
  }
}
