# CloudTrail tells each account of its own, in its own regions. What is about break-glass goes to the access account's bus:
# from the home region, and from us-east-1, where AWS tells of what is global.

locals {
  # By name and not by reference: so a plan shows the whole policy before anything is there.
  dead_letters = {
    for region in toset(["us-east-1", var.region]) : region => "arn:aws:sqs:${region}:${var.account}:forge-breakglass-undelivered"
  }
  patterns = {
    for file in fileset("${path.module}/rules", "*.json") :
    trimsuffix(file, ".json") => jsonencode(jsondecode(templatefile("${path.module}/rules/${file}", local.names)))
  }
}

resource "aws_iam_role" "forwarder" {
  name                 = "ForgeEventForwarder"
  path                 = "/forge/"
  description          = "Break-glass: EventBridge puts events on the access account's bus with it"
  assume_role_policy   = templatefile("${path.module}/policies/forwarder-trust.json", local.names)
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "forwarder" {
  name   = "forward"
  role   = aws_iam_role.forwarder.name
  policy = templatefile("${path.module}/policies/forwarder.json", local.names)
}

module "forwarding" {
  source = "./forwarding"

  patterns     = local.patterns
  bus          = local.event_bus
  role         = aws_iam_role.forwarder.arn
  queue_policy = templatefile("${path.module}/policies/dead-letters.json", merge(local.names, { dead_letters = local.dead_letters[var.region] }))
  alarm_topics = var.alarm_topics
}

module "forwarding_us_east_1" {
  source    = "./forwarding"
  count     = var.region == "us-east-1" ? 0 : 1
  providers = { aws = aws.us_east_1 }

  patterns     = local.patterns
  bus          = local.event_bus
  role         = aws_iam_role.forwarder.arn
  queue_policy = templatefile("${path.module}/policies/dead-letters.json", merge(local.names, { dead_letters = local.dead_letters["us-east-1"] }))
  alarm_topics = var.alarm_topics_us_east_1
}
