# A production account, planned against a provider that asks nobody.

mock_provider "aws" {}

mock_provider "aws" {
  alias = "us_east_1"
}

variables {
  account                 = "333333333333"
  region                  = "us-east-1"
  access_account          = "999999999999"
  archive_bucket          = "forge-breakglass-archive-999999999999"
  on_call_permission_sets = ["Forge-SRE-OnCall"]
  vpn_addresses           = ["203.0.113.7/32"]
  readers                 = ["Forge-Admin", "Forge-Prod-Database", "Forge-Prod-ReadOnly"]
  writers                 = ["Forge-Admin", "Forge-Prod-Database"]
  database_regions        = ["us-east-1"]
  database_resource_ids   = ["*"]
}

run "everything_at_home" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  assert {
    condition = alltrue([
      for role in concat(aws_iam_role.emergency, aws_iam_role.offline, values(aws_iam_role.database)) :
      role.permissions_boundary == "arn:aws:iam::333333333333:policy/forge/ForgeBreakGlassRevocations"
    ])
    error_message = "Every role that break-glass leads to must have the boundary: nothing else ends what was issued."
  }
  assert {
    condition     = "${aws_iam_policy.revocations.path}${aws_iam_policy.revocations.name}" == "/forge/ForgeBreakGlassRevocations"
    error_message = "The revoker writes /forge/ForgeBreakGlassRevocations."
  }
  assert {
    condition     = jsondecode(aws_iam_policy.revocations.policy).Statement[0].Effect == "Allow" && length(jsondecode(aws_iam_policy.revocations.policy).Statement) == 1
    error_message = "The first boundary allows everything: it has nobody to refuse yet."
  }
  assert {
    condition = (
      aws_iam_role.emergency[0].max_session_duration == 3600 && aws_iam_role.offline[0].max_session_duration == 14400 &&
      alltrue([for role in values(aws_iam_role.database) : role.max_session_duration == 3600])
    )
    error_message = "Tier 0 lasts an hour, tier 3 four, a database role one."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement : statement.Action] == ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    error_message = "One statement an action: the keys that AWS knows differ from one to the next."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement :
      statement.Condition.ArnLike["aws:PrincipalArn"] == [for path in ["", "*/"] : "arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/${path}AWSReservedSSO_Forge-SRE-OnCall_*"]
    ])
    error_message = "Each statement of tier 0's trust is for those on call alone."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement[0].Condition.IpAddress["aws:SourceIp"] == ["203.0.113.7/32"] &&
      jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestedRegion"] == "us-east-1" &&
      jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement[0].Condition.StringEquals["sts:SourceIdentity"] == "$${identitystore:UserId}"
    )
    error_message = "Tier 0 is assumed from the VPN, in the home region, in one's own name."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.offline[0].assume_role_policy).Statement[0].Condition.Bool["aws:MultiFactorAuthPresent"] == "true" &&
      alltrue([
        for statement in jsondecode(aws_iam_role.offline[0].assume_role_policy).Statement :
        statement.Condition.ArnEquals["aws:PrincipalArn"] == "arn:aws:iam::999999999999:user/forge/forge-emergency-a"
      ])
    )
    error_message = "Tier 3 is for its IAM user alone, with MFA."
  }
  assert {
    condition     = keys(aws_iam_role_policy.emergency) == ["may", "never-may"] && aws_iam_role_policy.emergency["never-may"].policy == aws_iam_role_policy.offline["never-may"].policy
    error_message = "Both emergency roles carry the guard."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.database["write-rds-access"].assume_role_policy).Statement[0].Condition.ArnLike["aws:PrincipalArn"] ==
      [for pair in setproduct(["", "*/"], ["Forge-Admin", "Forge-Prod-Database"]) : "arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/${pair[0]}AWSReservedSSO_${pair[1]}_*"]
    )
    error_message = "Only writers write."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role_policy.database["readonly-rds-access"].policy).Statement[1].Resource == ["arn:aws:rds-db:us-east-1:333333333333:dbuser:*/forge_ro"] &&
      jsondecode(aws_iam_role_policy.database["write-rds-access"].policy).Statement[1].Resource == ["arn:aws:rds-db:us-east-1:333333333333:dbuser:*/forge_rw"]
    )
    error_message = "A database role reaches its own users."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.handler["ForgeAuditCutTail"].assume_role_policy).Statement[0].Condition.ArnEquals["aws:PrincipalArn"] ==
      ["arn:aws:iam::999999999999:role/forge-breakglass-revoker", "arn:aws:iam::999999999999:role/forge-breakglass-sweeper"]
    )
    error_message = "Only the revoker and the sweeper cut."
  }
  assert {
    condition     = length(module.forwarding_us_east_1) == 0
    error_message = "us-east-1 is home: it needs no second set of rules."
  }
  assert {
    condition = alltrue([
      for name in ["Forge-Prod-Emergency", "Forge-BreakGlass-Offline", "readonly-rds-access", "write-rds-access", "ForgeAuditCutTail", "ForgeAuditRead", "ForgeEventForwarder"] :
      length(aws_iam_role_policies_exclusive.role[name].policy_names) > 0 && length(aws_iam_role_policy_attachments_exclusive.role[name].policy_arns) == 0
    ])
    error_message = "No role has a policy that does not stand here."
  }
  assert {
    condition     = keys(module.forwarding.rules) == ["emergency-roles", "single-sign-on"]
    error_message = "Emergencies and single sign-on are told to the access account."
  }
  assert {
    condition     = keys(output.emergency_roles) == ["Forge-BreakGlass-Offline", "Forge-Prod-Emergency"] && output.boundary == "ForgeBreakGlassRevocations"
    error_message = "The outputs say what others name."
  }
}

run "rules_of_one_region" {
  command = plan
  module {
    source = "./modules/production-account/forwarding"
  }
  variables {
    patterns     = { a = "{\"source\":[\"aws.sts\"]}", b = "{\"source\":[\"aws.signin\"]}" }
    bus          = "arn:aws:events:us-east-1:999999999999:event-bus/forge-breakglass"
    role         = "arn:aws:iam::333333333333:role/forge/ForgeEventForwarder"
    queue_policy = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    alarm_topics = ["arn:aws:sns:us-east-1:333333333333:on-call"]
  }

  assert {
    condition     = [for rule in aws_cloudwatch_event_rule.watch : rule.name] == ["forge-breakglass-a", "forge-breakglass-b"]
    error_message = "One rule a pattern, by the name that guards know."
  }
  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.watch : rule.state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"])
    error_message = "AssumeRole changes nothing, and must be told all the same."
  }
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.bus : target.arn == var.bus && target.role_arn == var.role && length(target.dead_letter_config) == 1])
    error_message = "Each rule goes to the access account's bus, with the forwarder's role, and what fails is kept."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.undelivered.threshold == 0 && aws_cloudwatch_metric_alarm.undelivered.alarm_actions == toset(var.alarm_topics)
    error_message = "One event that could not be told is an alarm."
  }
}

run "another_home_region" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    region           = "eu-central-1"
    database_regions = ["eu-central-1", "eu-west-1"]
    # Named, and tagged too: the same database twice is one.
    database_resource_ids = ["db-ZYXWVUTSRQPO", "cluster-ABCDEFGHIJKL", "db-ZYXWVUTSRQPO"]
    reading_users         = ["forge_ro", "auditor"]
    vpn_addresses         = ["203.0.113.7/32", "198.51.100.0/24", "2001:db8::/48"]
  }

  assert {
    condition     = length(module.forwarding_us_east_1) == 1
    error_message = "What is global is told in us-east-1: rules there too."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.forwarder.policy).Statement[0].Resource == "arn:aws:events:eu-central-1:999999999999:event-bus/forge-breakglass"
    error_message = "The bus is in the home region."
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestedRegion"] == "eu-central-1" &&
      jsondecode(aws_iam_role.offline[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestedRegion"] == "eu-central-1" &&
      length(jsondecode(aws_iam_role.emergency[0].assume_role_policy).Statement[0].Condition.IpAddress["aws:SourceIp"]) == 3
    )
    error_message = "Emergencies are opened in the home region, from each of the VPN's addresses."
  }
  assert {
    # 2 regions x 2 databases x 2 users.
    condition     = length(jsondecode(aws_iam_role_policy.database["readonly-rds-access"].policy).Statement[1].Resource) == 8
    error_message = "A database role reaches each user of each database that is named, and no other."
  }
}

run "neither_tier_0_nor_3_nor_writers" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    on_call_permission_sets = []
    offline_user            = null
    writers                 = []
  }

  assert {
    condition     = length(aws_iam_role.emergency) + length(aws_iam_role_policy.emergency) + length(aws_iam_role.offline) + length(aws_iam_role_policy.offline) == 0
    error_message = "What forge.yaml has no tier for is not made."
  }
  assert {
    condition     = keys(aws_iam_role.database) == ["readonly-rds-access"]
    error_message = "A role that nobody could take is not made."
  }
}

run "no_database_that_anybody_may_reach" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    database_resource_ids = []
  }

  assert {
    condition = alltrue([
      for policy in values(aws_iam_role_policy.database) :
      [for statement in jsondecode(policy.policy).Statement : statement.Sid] == ["FindDatabases"] && !strcontains(policy.policy, "rds-db")
    ])
    error_message = "Without a database there is no statement of one: IAM refuses an empty list, and an empty text names nothing."
  }
  assert {
    condition     = length(output.database_resource_ids) == 0 && keys(aws_iam_role.database) == ["readonly-rds-access", "write-rds-access"]
    error_message = "The roles are there for the first database that is tagged."
  }
}

run "all_databases_whatever_is_named_beside" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    database_resource_ids = ["cluster-ABCDEFGHIJKL", "*"]
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.database["readonly-rds-access"].policy).Statement[1].Resource == ["arn:aws:rds-db:us-east-1:333333333333:dbuser:*/forge_ro"]
    error_message = "All of the account is one line."
  }
}

# A role takes 10240 characters: some hundred databases, and no thousand.
run "refuses_a_thousand_databases" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    database_resource_ids = [for number in range(1000) : format("cluster-ABCDEFGHIJKLMNOPQRSTUV%04d", number)]
  }
  expect_failures = [output.database_resource_ids]
}

run "takes_a_hundred_databases" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    database_resource_ids = [for number in range(90) : format("cluster-ABCDEFGHIJKLMNOPQRSTUV%04d", number)]
  }

  assert {
    condition     = length(jsondecode(aws_iam_role_policy.database["write-rds-access"].policy).Statement[1].Resource) == 90
    error_message = "Each of them is named."
  }
}

run "refuses_no_vpn" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    vpn_addresses = []
  }
  expect_failures = [var.vpn_addresses]
}

# A part of the Internet is no VPN, and a wildcard is no name.
run "refuses_what_guards_nobody" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    account                 = "999999999999"
    vpn_addresses           = ["203.0.113.7/32", "0.0.0.0/0"]
    offline_user            = "admin"
    on_call_permission_sets = ["Forge-*"]
    readers                 = ["*"]
    writers                 = ["Forge-\",\"*"]
    reading_users           = ["*"]
    database_resource_ids   = ["prod-wealth"]
  }
  expect_failures = [
    var.account, var.vpn_addresses, var.offline_user, var.on_call_permission_sets, var.readers, var.writers, var.reading_users, var.database_resource_ids,
  ]
}

run "refuses_a_trust_that_iam_would_not_take" {
  command = plan
  module {
    source = "./modules/production-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    vpn_addresses = [for number in range(60) : "203.0.113.${number}/32"]
  }
  expect_failures = [aws_iam_role.emergency]
}
