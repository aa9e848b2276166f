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
    condition     = aws_ssm_document.preferences[0].name == "SSM-SessionManagerRunShell" && aws_ssm_document.preferences[0].document_type == "Session"
    error_message = "Session Manager looks under this name only."
  }
  assert {
    condition = (
      jsondecode(aws_ssm_document.preferences[0].content).inputs.cloudWatchStreamingEnabled == true &&
      jsondecode(aws_ssm_document.preferences[0].content).inputs.cloudWatchLogGroupName == "/forge/session-manager" &&
      jsondecode(aws_ssm_document.preferences[0].content).inputs.cloudWatchEncryptionEnabled == false &&
      jsondecode(aws_ssm_document.preferences[0].content).inputs.runAsEnabled == false
    )
    error_message = "What is shown is streamed to the log group."
  }
  assert {
    # Numbers as texts: Session Manager refuses numbers.
    condition     = jsondecode(aws_ssm_document.preferences[0].content).inputs.idleSessionTimeout == "20" && jsondecode(aws_ssm_document.preferences[0].content).inputs.maxSessionDuration == "120"
    error_message = "A shell ends."
  }
  assert {
    condition = {
      for name, document in aws_ssm_document.instance : name => jsondecode(document.content).sessionType if document.document_type == "Session"
      } == {
      forge-instance-connect = "Standard_Stream"
      forge-instance-run     = "NonInteractiveCommands"
      forge-instance-copy    = "InteractiveCommands"
    }
    error_message = "The scenario for instances has a shell and commands, and nothing that leaves no transcript."
  }
  assert {
    condition     = alltrue([for document in aws_ssm_document.instance : jsondecode(document.content).inputs == jsondecode(aws_ssm_document.preferences[0].content).inputs])
    error_message = "Each of them is logged and ends as the account's own shell."
  }
  assert {
    # As AWS matches it: nothing but names that RDS and EKS give.
    condition = (
      aws_ssm_document.tunnel.name == "forge-endpoint-tunnel" && aws_ssm_document.tunnel.document_type == "Session" &&
      jsondecode(aws_ssm_document.tunnel.content).sessionType == "Port" &&
      alltrue([for host in ["shop.cluster-c9abc.eu-west-1.rds.amazonaws.com", "0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"] :
        can(regex(jsondecode(aws_ssm_document.tunnel.content).parameters.host.allowedPattern, host))
      ]) &&
      !anytrue([for host in ["169.254.169.254", "localhost", "10.0.0.1", "evil.rds.amazonaws.com.attacker.net", "shop.c9abc.eu-west-1.rdsxamazonaws.com"] :
        can(regex(jsondecode(aws_ssm_document.tunnel.content).parameters.host.allowedPattern, host))
      ])
    )
    error_message = "A tunnel leads to databases and clusters, and never to the bastion's own metadata service."
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
      jsondecode(aws_ssm_document.preferences[0].content).inputs.kmsKeyId == var.kms_key &&
      jsondecode(aws_ssm_document.preferences[0].content).inputs.cloudWatchEncryptionEnabled == true &&
      jsondecode(aws_ssm_document.preferences[0].content).inputs.runAsDefaultUser == "operator"
    )
    error_message = "The key encrypts sessions and their transcripts."
  }
}

run "preferences_of_somebody_else" {
  command = plan
  module {
    source = "./modules/session-manager"
  }
  variables {
    preferences = false
  }

  assert {
    condition     = length(aws_ssm_document.preferences) == 0 && length(aws_ssm_document.instance) == 3
    error_message = "The scenario's documents don't wait for the preferences."
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
    log_group    = "/ops/sessions"
  }
  expect_failures = [var.kms_key, var.run_as_user, var.idle_minutes, var.max_minutes, var.log_days, var.log_group]
}
