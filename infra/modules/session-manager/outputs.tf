output "log_group" {
  description = "Log group of the transcripts."
  value       = aws_cloudwatch_log_group.transcripts.name
}

output "instance_policy" {
  description = "What the instances' role needs, as JSON: without it Session Manager can write no transcript. Attach it where the instances are made."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "WriteTranscripts"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "arn:aws:logs:${var.region}:${var.account}:log-group:${var.log_group}:*"
      },
      { Sid = "FindTranscripts", Effect = "Allow", Action = "logs:DescribeLogGroups", Resource = "*" },
    ], [for key in var.kms_key == null ? [] : [var.kms_key] : { Sid = "SessionKey", Effect = "Allow", Action = "kms:Decrypt", Resource = key }])
  })
}

output "documents" {
  description = "Documents of the break-glass scenario for instances."
  value       = sort([for document in aws_ssm_document.instance : document.name])
}

output "tunnel_document" {
  description = "What tunnels to databases and clusters begin with."
  value       = aws_ssm_document.tunnel.name
}
