# One execution a session: recorded, waited for, taken away, collected, sealed. workflow.asl.json is what forge's sandbox
# runs, too.

resource "aws_iam_role" "workflow" {
  name               = "forge-breakglass-workflow"
  description        = "Break-glass: what the workflow may start"
  assume_role_policy = local.documents.deployed.trusts.workflow
  tags               = local.tags
}

resource "aws_iam_role_policy" "workflow" {
  name   = "workflow"
  role   = aws_iam_role.workflow.id
  policy = local.documents.deployed.workflow
}

resource "aws_cloudwatch_log_group" "workflow" {
  name              = "/aws/vendedlogs/states/${local.state_machine_name}"
  retention_in_days = var.log_days
  tags              = local.tags
}

resource "aws_sfn_state_machine" "session" {
  name       = local.state_machine_name
  role_arn   = aws_iam_role.workflow.arn
  type       = "STANDARD"
  definition = local.workflow.deployed
  tags       = local.tags

  # What failed, and not with which data: reasons and tickets are people's, and stand in the archive.
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.workflow.arn}:*"
  }

  depends_on = [aws_iam_role_policy.workflow]
}

locals {
  # The ARNs are those of the functions themselves, so a first plan knows none of it: the provider has AWS look at each
  # definition that it knows, which a plan without AWS can't. The review has the same text.
  workflow = {
    for variant, arns in {
      deployed = { for handler, function in aws_lambda_function.handler : handler => function.arn }
      review   = local.function_arns
      } : variant => templatefile("${path.module}/workflow.asl.json", {
        recorder = arns["recorder"]
        revoker  = arns["revoker"]
        exporter = arns["exporter"]
    })
  }
}
