# Where Slack is reached: an incoming webhook, or a JSON object with one for each channel and "default". The secret is made
# without a value. Terraform would keep that in its state for everybody who reads it: put it in by hand, as the
# pipeline's role, from a file that nobody keeps. Output next_steps has the line.

locals {
  secret_name = "forge-breakglass/slack-webhook"
}

resource "aws_secretsmanager_secret" "slack" {
  name                    = local.secret_name
  description             = "Break-glass: where Slack is reached. Its value is put in by hand."
  recovery_window_in_days = 7
  tags                    = local.tags
}

resource "aws_secretsmanager_secret_policy" "slack" {
  secret_arn          = aws_secretsmanager_secret.slack.arn
  policy              = local.documents.deployed.secret
  block_public_policy = true
}

check "slack" {
  assert {
    condition     = var.secrets_layer != null
    error_message = "Slack is told nothing: secrets_layer is not set, and by that layer the functions read the webhook."
  }
}
