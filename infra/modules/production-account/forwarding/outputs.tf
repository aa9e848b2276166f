output "rules" {
  description = "Name of a rule => its ARN."
  value       = { for name, rule in aws_cloudwatch_event_rule.watch : name => rule.arn }
}
