# Break-glass itself can fail, and Slack with it: alarms go to addresses of e-mail, by services that nothing here runs on.

locals {
  # name → what is watched. Each is of five minutes unless it says more.
  alarms = merge(
    merge([
      for handler, name in local.handler_names : {
        "${handler}-errors" = {
          description = "The ${handler} fails again and again: see its log /aws/lambda/${name}. The workflow and the sweeper try on."
          namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = name }
          statistic   = "Sum", threshold = 3, minutes = 15, missing = "notBreaching", below = false
        }
        "${handler}-throttles" = {
          description = "The ${handler} is kept from running: the account's limit of concurrent executions, or somebody set it."
          namespace   = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = name }
          statistic   = "Sum", threshold = handler == "revoker" ? 20 : 5, minutes = 15, missing = "notBreaching", below = false
        }
      }
    ]...),
    {
      for kind, metric in { failed = "ExecutionsFailed", timed-out = "ExecutionsTimedOut", aborted = "ExecutionsAborted" } :
      "workflow-${kind}" => {
        description = "An execution of ${local.state_machine_name} ${replace(kind, "-", " ")}: the sweeper begins it anew. Look whether somebody stopped it."
        namespace   = "AWS/States", metric = metric, dimensions = { StateMachineArn = local.state_machine_arn }
        statistic   = "Sum", threshold = 1, minutes = 5, missing = "notBreaching", below = false
      }
    },
    {
      dead-letters = {
        description = "Something of break-glass could not be delivered, or failed for good: look into the queue ${local.dead_letters_name}."
        namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = local.dead_letters_name }
        statistic   = "Maximum", threshold = 1, minutes = 5, missing = "notBreaching", below = false
      }
      no-sweep = {
        description = "The sweeper has not run for 15 minutes: what no event tells is not found any more. Look at the schedule forge-breakglass-sweep."
        namespace   = "AWS/Lambda", metric = "Invocations", dimensions = { FunctionName = local.handler_names.sweeper }
        # Nothing at all is the worst of it.
        statistic = "Sum", threshold = 1, minutes = 15, missing = "breaching", below = true
      }
    },
    {
      for key, rule in local.rules : "rule-${key}" => {
        description = "The rule ${rule.name} matched and could not call the recorder."
        namespace   = "AWS/Events", metric = "FailedInvocations"
        dimensions  = merge({ RuleName = rule.name }, rule.bus == "default" ? {} : { EventBusName = rule.bus })
        statistic   = "Sum", threshold = 1, minutes = 5, missing = "notBreaching", below = false
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each = local.alarms

  alarm_name          = "forge-breakglass-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.minutes * 60
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = local.tags
}

resource "aws_sns_topic" "alerts" {
  name         = local.alerts_name
  display_name = "Break-glass"
  tags         = local.tags
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = local.documents.deployed.alerts
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.key
}

check "somebody_is_told" {
  assert {
    condition     = length(var.alarm_emails) > 0
    error_message = "When break-glass itself fails nobody is told: alarm_emails is empty."
  }
}
