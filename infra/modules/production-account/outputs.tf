output "boundary" {
  description = "Name, in the path /forge/, of the boundary on every role that break-glass leads to. It is known once the boundary is there."
  value       = aws_iam_policy.revocations.name
}

output "roles" {
  description = "ARNs of the roles that break-glass leads to, and of those that its handlers become."
  value = {
    emergency    = one(aws_iam_role.emergency[*].arn)
    offline      = one(aws_iam_role.offline[*].arn)
    readonly_rds = try(aws_iam_role.database["readonly-rds-access"].arn, null)
    write_rds    = try(aws_iam_role.database["write-rds-access"].arn, null)
    cut_tail     = try(aws_iam_role.handler["ForgeAuditCutTail"].arn, null)
    audit_read   = try(aws_iam_role.handler["ForgeAuditRead"].arn, null)
  }
}

output "emergency_roles" {
  description = "Name of an emergency's role => its ARN."
  value = merge(
    { for role in aws_iam_role.emergency : role.name => role.arn },
    { for role in aws_iam_role.offline : role.name => role.arn },
  )
}

output "database_resource_ids" {
  description = "Resource ids of the databases that the database roles reach; \"*\": all of the account. Empty: none."
  value       = local.database_ids

  precondition {
    # Once, and not for each role: both have the same databases.
    condition     = max(0, values(local.database_sizes)...) <= 10240
    error_message = "${var.account} has ${length(local.database_ids)} databases that break-glass leads to: their policy has ${max(0, values(local.database_sizes)...)} characters, and AWS takes 10240 for a role, which are about a hundred. Take the tag from some, or name all of the account: database_resource_ids = { <environment> = [\"*\"] }."
  }
}
