output "policy" {
  description = "Id of the service control policy."
  value       = aws_organizations_policy.guard.id
}
