output "entries" {
  description = "cluster/who => the ARN that the cluster knows."
  value       = { for key, entry in aws_eks_access_entry.this : key => entry.principal_arn }
}
