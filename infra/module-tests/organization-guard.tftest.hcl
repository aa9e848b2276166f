# The guard of the whole organization, planned against a provider that asks nobody.

mock_provider "aws" {}

variables {
  targets = ["999999999999", "333333333333", "ou-ab12-cdefghij"]
}

run "attached_to_each" {
  command = plan
  module {
    source = "./modules/organization-guard"
  }

  assert {
    condition     = aws_organizations_policy.guard.type == "SERVICE_CONTROL_POLICY" && length(aws_organizations_policy_attachment.guard) == 3
    error_message = "One policy, attached to each target."
  }
  assert {
    condition     = length(aws_organizations_policy.guard.content) <= 5120 && alltrue([for statement in jsondecode(aws_organizations_policy.guard.content).Statement : statement.Effect == "Deny"])
    error_message = "A guard only takes away, and fits."
  }
  assert {
    condition     = strcontains(aws_organizations_policy.guard.content, "arn:aws:iam::*:role/forge-terraform")
    error_message = "The pipeline goes on working."
  }
}

run "refuses_the_root_and_a_pipeline_that_is_anybody" {
  command = plan
  module {
    source = "./modules/organization-guard"
  }
  variables {
    targets       = ["r-ab12"]
    pipeline_role = "*"
  }
  expect_failures = [var.targets, var.pipeline_role]
}

run "says_when_it_is_too_long" {
  command = plan
  module {
    source = "./modules/organization-guard"
  }
  variables {
    pipeline_role = join("/", [for number in range(19) : "a-very-long-path-of-ci"])
  }
  expect_failures = [aws_organizations_policy.guard]
}
