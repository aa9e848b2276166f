# Rules are of one region and one account: what they match goes to the access account's bus, and what can't be delivered
# stays here, where an alarm sees it.

resource "aws_cloudwatch_event_rule" "watch" {
  for_each = var.patterns

  name          = "forge-breakglass-${each.key}"
  description   = "Break-glass: told to the access account"
  event_pattern = each.value
  # Whatever CloudTrail calls read-only is told too: AssumeRole changes nothing, and is what is watched for.
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
}

resource "aws_cloudwatch_event_target" "bus" {
  for_each = var.patterns

  rule      = aws_cloudwatch_event_rule.watch[each.key].name
  target_id = "access-account"
  arn       = var.bus
  role_arn  = var.role

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_sqs_queue" "undelivered" {
  name = "forge-breakglass-undelivered"
  # Here and not as aws_sqs_queue_policy: Terraform waits 25 seconds for each.
  policy                    = var.queue_policy
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  alarm_name          = "forge-breakglass-undelivered"
  alarm_description   = "Break-glass was used, and the access account was not told: look into the queue forge-breakglass-undelivered."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topics
}
