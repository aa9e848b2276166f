output "clusters" {
  description = "Names of the clusters that are let into: those that are named, and those that carry the tag."
  value       = sort(local.clusters)
}

output "entries" {
  description = "cluster/who => the ARN that the cluster knows."
  value       = { for key, entry in aws_eks_access_entry.this : key => entry.principal_arn }
}
