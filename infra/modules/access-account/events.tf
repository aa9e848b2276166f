# What brings events to the recorder: rules on this account's own bus, and on the bus that production accounts forward to.
# Rules are of one region: where that is not us-east-1, what is global at AWS is forwarded from there.

locals {
  # rules/README.md says what each is for. forwarded is on the bus of break-glass, all others on this account's own.
  rules = {
    for file in fileset("${path.module}/rules", "*.json") : trimsuffix(file, ".json") => {
      name = "forge-breakglass-${trimsuffix(file, ".json")}"
      bus  = file == "forwarded.json" ? local.bus_name : "default"
      pattern = jsonencode(jsondecode(templatefile("${path.module}/rules/${file}", merge(local.names, {
        offline_user_name = coalesce(local.offline_user_name, "-")
      }))))
    } if file != "offline-user.json" || local.offline_user_name != null
  }

  rule_arns = {
    for key, rule in local.rules :
    key => "arn:aws:events:${local.region}:${local.account}:rule/${rule.bus == "default" ? "" : "${rule.bus}/"}${rule.name}"
  }
}

resource "aws_cloudwatch_event_bus" "break_glass" {
  name = local.bus_name
  tags = local.tags
}

resource "aws_cloudwatch_event_bus_policy" "break_glass" {
  event_bus_name = aws_cloudwatch_event_bus.break_glass.name
  policy         = local.documents.deployed.event_bus
}

resource "aws_cloudwatch_event_rule" "rule" {
  for_each = local.rules

  name           = each.value.name
  description    = "Break-glass: tells the recorder"
  event_bus_name = each.value.bus == "default" ? "default" : aws_cloudwatch_event_bus.break_glass.name
  event_pattern  = each.value.pattern
  # In another state, calls that only read are not told: whoever looks with an emergency's credentials changes nothing.
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
  tags  = local.tags
}

resource "aws_cloudwatch_event_target" "recorder" {
  for_each = local.rules

  rule           = aws_cloudwatch_event_rule.rule[each.key].name
  event_bus_name = each.value.bus == "default" ? "default" : aws_cloudwatch_event_bus.break_glass.name
  target_id      = "recorder"
  arn            = aws_lambda_function.handler["recorder"].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id   = "rule-${each.key}"
  function_name  = aws_lambda_function.handler["recorder"].function_name
  action         = "lambda:InvokeFunction"
  principal      = "events.amazonaws.com"
  source_arn     = local.rule_arns[each.key]
  source_account = local.account
}

# Where us-east-1 is not the home region: what is global at AWS (IAM, STS without a region) is told there, and goes on to
# the bus. Of the intake only its own region tells.
resource "aws_iam_role" "forwarder" {
  for_each = local.elsewhere

  name               = "ForgeEventForwarder"
  path               = "/forge/"
  description        = "Break-glass: EventBridge puts events of ${each.key} on the bus with it"
  assume_role_policy = local.documents.deployed.forwarder_trust
  tags               = local.tags
}

resource "aws_iam_role_policy" "forwarder" {
  for_each = aws_iam_role.forwarder

  name   = "forward"
  role   = each.value.id
  policy = local.documents.deployed.forwarder
}

module "us_east_1" {
  source    = "../production-account/forwarding"
  for_each  = local.elsewhere
  providers = { aws = aws.us_east_1 }

  patterns = {
    for key, rule in local.rules : key => rule.pattern if rule.bus == "default" && key != "intake"
  }
  bus  = local.bus_arn
  role = aws_iam_role.forwarder[each.key].arn
  queue_policy = templatefile("${path.module}/policies/dead-letters.json", merge(local.names, {
    dead_letters = "arn:aws:sqs:us-east-1:${local.account}:forge-breakglass-undelivered"
  }))
  alarm_topics = var.alarm_topics_us_east_1
}
