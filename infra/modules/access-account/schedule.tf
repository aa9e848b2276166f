# Every five minutes the sweeper looks for what no event told: it is the net under everything else here.

resource "aws_iam_role" "scheduler" {
  name               = "forge-breakglass-scheduler"
  description        = "Break-glass: starts the sweeper"
  assume_role_policy = local.documents.deployed.trusts.scheduler
  tags               = local.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = local.documents.deployed.scheduler
}

resource "aws_scheduler_schedule" "sweep" {
  name                         = "forge-breakglass-sweep"
  description                  = "Break-glass: starts the sweeper"
  schedule_expression          = "rate(5 minutes)"
  schedule_expression_timezone = "UTC"
  state                        = "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.handler["sweeper"].arn
    role_arn = aws_iam_role.scheduler.arn
    input    = "{}"

    # The next one comes anyway.
    retry_policy {
      maximum_event_age_in_seconds = 240
      maximum_retry_attempts       = 2
    }
    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}
