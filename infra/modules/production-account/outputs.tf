output "boundary" {
  description = "Name, in the path /forge/, of the boundary on every role that break-glass leads to. It is known once the boundary is there."
  value       = aws_iam_policy.revocations.name
}

output "roles" {
  description = "ARNs of the roles that break-glass leads to, and of those that its handlers become."
  value = {
    emergency    = aws_iam_role.emergency.arn
    offline      = one(aws_iam_role.offline[*].arn)
    readonly_rds = aws_iam_role.database["readonly-rds-access"].arn
    write_rds    = aws_iam_role.database["write-rds-access"].arn
    cut_tail     = aws_iam_role.handler["ForgeAuditCutTail"].arn
    audit_read   = aws_iam_role.handler["ForgeAuditRead"].arn
  }
}
