# Session Manager's preferences, planned against a provider that asks nobody.

mock_provider "aws" {}

variables {
  account = "333333333333"
  region  = "eu-west-1"
}

run "transcripts" {
  command = plan
  module {
    source = "./modules/session-manager"
  }

  assert {
    condition     = aws_ssm_document.preferences.name == "SSM-SessionManagerRunShell" && aws_ssm_document.preferences.document_type == "Session"
    error_message = "Session Manager looks under this name only."
  }
  assert {
    condition = (
      jsondecode(aws_ssm_document.preferences.content).inputs.cloudWatchStreamingEnabled == true &&
      jsondecode(aws_ssm_document.preferences.content).inputs.cloudWatchLogGroupName == "/forge/session-manager" &&
      jsondecode(aws_ssm_document.preferences.content).inputs.cloudWatchEncryptionEnabled == false &&
      jsondecode(aws_ssm_document.preferences.content).inputs.runAsEnabled == false
    )
    error_message = "What is shown is streamed to the log group."
  }
  assert {
    # Numbers as texts: Session Manager refuses numbers.
    condition     = jsondecode(aws_ssm_document.preferences.content).inputs.idleSessionTimeout == "20" && jsondecode(aws_ssm_document.preferences.content).inputs.maxSessionDuration == "120"
    error_message = "A shell ends."
  }
  assert {
    condition     = jsondecode(output.instance_policy).Statement[0].Resource == "arn:aws:logs:eu-west-1:333333333333:log-group:/forge/session-manager:*"
    error_message = "Instances may write into this group alone."
  }
}

run "encrypted_and_as_somebody" {
  command = plan
  module {
    source = "./modules/session-manager"
  }
  variables {
    kms_key     = "arn:aws:kms:eu-west-1:333333333333:key/00000000-0000-4000-8000-000000000000"
    run_as_user = "operator"
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.transcripts.kms_key_id == var.kms_key &&
      jsondecode(aws_ssm_document.preferences.content).inputs.kmsKeyId == var.kms_key &&
      jsondecode(aws_ssm_document.preferences.content).inputs.cloudWatchEncryptionEnabled == true &&
      jsondecode(aws_ssm_document.preferences.content).inputs.runAsDefaultUser == "operator"
    )
    error_message = "The key encrypts sessions and their transcripts."
  }
}

run "refuses" {
  command = plan
  module {
    source = "./modules/session-manager"
  }
  variables {
    kms_key      = "alias/aws/ssm"
    run_as_user  = "root; id"
    idle_minutes = 90
    max_minutes  = 2000
    log_days     = 1
  }
  expect_failures = [var.kms_key, var.run_as_user, var.idle_minutes, var.max_minutes, var.log_days]
}
