# Four functions of one archive, told apart by their handler's name and above all by their roles: none can give anybody
# anything, and the one that removes says so itself, in a Deny.

locals {
  function_settings = {
    # Seconds are what the workflow waits for at most; megabytes are for the largest file that is read back.
    recorder = { timeout = 300, memory = 1024, concurrency = -1, tells = true }
    revoker  = { timeout = 120, memory = 512, concurrency = var.revoker_concurrency, tells = false }
    sweeper  = { timeout = 300, memory = 1024, concurrency = -1, tells = true }
    exporter = { timeout = 300, memory = 1024, concurrency = -1, tells = false }
  }

  # Another policy is another key: a function that is warm with the one before is replaced. A first plan doesn't know it.
  function_environments = {
    for variant, key in { deployed = aws_s3_object.policy.key, review = "policy/${sha256(local.policies.review)}.json" } :
    variant => {
      for handler in local.handlers : handler => merge(
        {
          FORGE_INTAKE                                     = local.buckets.intake
          FORGE_ARCHIVE                                    = local.buckets.archive
          FORGE_STATE_MACHINE                              = local.state_machine_arn
          FORGE_REGIONS                                    = join(",", local.regions)
          FORGE_POLICY_BUCKET                              = local.buckets.configuration
          FORGE_POLICY                                     = key
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true"
          AWS_SDK_UA_APP_ID                                = local.handler_names[handler]
        },
        var.secrets_layer != null && local.function_settings[handler].tells ? { FORGE_SLACK_SECRET = local.secret_name } : {},
      )
    }
  }

  # Where shells can be open.
  regions = sort(distinct(concat([local.region], [for environment in values(local.production) : environment.region])))
}

resource "aws_iam_role" "handler" {
  for_each = local.handlers

  name               = local.handler_names[each.key]
  description        = "Break-glass: what the ${each.key} may do"
  assume_role_policy = local.documents.deployed.trusts.function
  tags               = local.tags
}

resource "aws_iam_role_policy" "handler" {
  for_each = local.handlers

  name   = "handler"
  role   = aws_iam_role.handler[each.key].id
  policy = local.documents.deployed.handlers[each.key]

  lifecycle {
    precondition {
      condition     = local.sizes.handlers[each.key] <= 10240
      error_message = "The policy of the ${each.key}'s role has ${local.sizes.handlers[each.key]} characters, and AWS takes 10240: fewer just-in-time groups."
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.handlers

  name              = "/aws/lambda/${local.handler_names[each.key]}"
  retention_in_days = var.log_days
  tags              = local.tags
}

resource "aws_lambda_function" "handler" {
  for_each = local.handlers

  function_name    = local.handler_names[each.key]
  description      = "Break-glass: the ${each.key}"
  role             = aws_iam_role.handler[each.key].arn
  filename         = var.functions_archive
  source_code_hash = filebase64sha256(var.functions_archive)
  handler          = "index.${each.key}"
  runtime          = var.functions_runtime
  architectures    = [var.functions_architecture]
  timeout          = local.function_settings[each.key].timeout
  memory_size      = local.function_settings[each.key].memory
  layers           = var.secrets_layer != null && local.function_settings[each.key].tells ? [var.secrets_layer] : []
  # One revoker at a time: no two write the boundary at once.
  reserved_concurrent_executions = local.function_settings[each.key].concurrency
  tags                           = local.tags

  environment {
    variables = local.function_environments.deployed[each.key]
  }

  # Of events that all tries failed for.
  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  # Lambda asks, when a function is made, whether its role may write into the queue.
  depends_on = [aws_iam_role_policy.handler, aws_cloudwatch_log_group.function]
}

# As forge's sandbox does it: two more tries, a minute and two later. What is lost then the sweeper finds.
resource "aws_lambda_function_event_invoke_config" "handler" {
  for_each = local.handlers

  function_name                = aws_lambda_function.handler[each.key].function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}

resource "aws_sqs_queue" "dead_letters" {
  name = local.dead_letters_name
  # Here and not as aws_sqs_queue_policy: Terraform waits 25 seconds for each.
  policy                    = local.documents.deployed.dead_letters
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags
}
