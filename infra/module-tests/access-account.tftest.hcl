# The access account, planned and applied against a provider that asks nobody. What only AWS can say is not tested here.

mock_provider "aws" {
  # Ids as AWS spells them: the provider looks at some of them. Here all groups have one, and in the review one each.
  mock_resource "aws_identitystore_group" {
    defaults = { group_id = "9067f7c0de-00000000-0000-4000-8000-000000000000" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::999999999999:role/forge-breakglass-mocked" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:999999999999:function:forge-breakglass-mocked" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:999999999999:forge-breakglass-dead-letters", id = "https://sqs.us-east-1.amazonaws.com/999999999999/forge-breakglass-dead-letters" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:999999999999:forge-breakglass-alerts" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:999999999999:log-group:/aws/vendedlogs/states/forge-breakglass-session" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:999999999999:secret:forge-breakglass/slack-webhook-AbCdEf" }
  }
  mock_resource "aws_ssoadmin_permission_set" {
    defaults = { arn = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef" }
  }
  mock_data "aws_identitystore_user" {
    defaults = { user_id = "9067f7c0de-00000000-0000-4000-8000-00000000da7a" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
}

variables {
  identity_center_instance = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
  identity_center_region   = "us-east-1"
  # Any file will do: what is in the archive is tested elsewhere.
  functions_archive = "modules/access-account/handlers.json"
  secrets_layer     = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:11"
  alarm_emails      = ["platform@tapp.example"]
  data_buckets      = ["arn:aws:s3:::tapp-data-*"]
  # As an organisation has it that relies on it. The default is one day, which is warned of.
  archive_retention_days = 2555

  requesters = ["grp-forge-developers", "grp-forge-sre-oncall"]
  auditors   = ["grp-forge-auditors"]
  killers    = ["grp-forge-platform-admins"]
  boundaries = {
    prod-wealth = "ForgeBreakGlassRevocations"
    prod-cash   = "ForgeBreakGlassRevocations"
    prod-9squid = "ForgeBreakGlassRevocations"
  }

  environments = {
    dev         = { account = "111111111111", region = "us-east-1" }
    qa          = { account = "222222222222", region = "us-east-1" }
    prod-wealth = { account = "333333333333", region = "us-east-1", production = true, databases = { wealth = { role = "readonly-rds-access", write = { role = "write-rds-access" } } } }
    prod-cash   = { account = "444444444444", region = "us-east-1", production = true, databases = { cash = { role = "readonly-rds-access", write = { role = "write-rds-access" } } } }
    prod-9squid = { account = "555555555555", region = "eu-west-1", production = true }
  }

  groups = {
    grp-forge-platform-admins = {
      access       = "full, all accounts"
      environments = { dev = "Forge-Admin", qa = "Forge-Admin", prod-wealth = "Forge-Admin", prod-cash = "Forge-Admin", prod-9squid = "Forge-Admin" }
    }
    grp-forge-developers      = { access = "full on Dev + QA", environments = { dev = "Forge-Developer", qa = "Forge-Developer" } }
    grp-forge-qa-engineers    = { environments = { dev = "Forge-QA-ReadOnly", qa = "Forge-QA" } }
    grp-forge-9squid-team     = { environments = { dev = "Forge-9Squid" } }
    grp-forge-sre-oncall      = { environments = { dev = "Forge-SRE", qa = "Forge-SRE" } }
    grp-forge-wealth-prod     = { environments = { prod-wealth = "Forge-Wealth-ReadOnly" } }
    grp-forge-data-analysts   = { environments = { prod-wealth = "Forge-DataAnalyst", prod-cash = "Forge-DataAnalyst", prod-9squid = "Forge-DataAnalyst" } }
    grp-forge-vpn-dev         = { network = ["dev"] }
    grp-forge-vpn-qa          = { network = ["qa"] }
    grp-forge-vpn-prod-wealth = { network = ["prod-wealth"] }
    grp-forge-vpn-prod-cash   = { network = ["prod-cash"] }
    grp-forge-vpn-prod-9squid = { network = ["prod-9squid"] }
  }

  break_glass = {
    account                = "999999999999"
    region                 = "us-east-1"
    identity_store         = "d-9067f7c0de"
    request_permission_set = "Forge-BreakGlass-Request"
    audit_permission_set   = "Forge-BreakGlass-Audit"
    kill_permission_set    = "Forge-BreakGlass-Kill"
    channels               = { requests = "#platform-support", alerts = "#platform-incidents" }
    approvers = {
      manager         = { groups = ["grp-forge-approvers-managers"], permission_set = "Forge-BreakGlass-Approve-tier1", channel = "requests" }
      senior-engineer = { groups = ["grp-forge-approvers-senior"], permission_set = "Forge-BreakGlass-Approve-tier2", channel = "requests" }
    }
    tiers = {
      "0" = {
        permission_set = "Forge-SRE-OnCall", role = "forge/Forge-Prod-Emergency", approval = "self-serve"
        requesters     = ["grp-forge-sre-oncall"], mfa = true, max_duration_minutes = 60
        ticket         = { when = "after", within_minutes = 60 }, alert = "alerts"
      }
      "1" = {
        approval             = "approver", approvers = "manager", scenarios = ["instance", "database", "kubernetes", "console"]
        min_duration_minutes = 120, max_duration_minutes = 240, alert = "requests"
      }
      "2" = {
        permission_set = "Forge-Prod-ReadOnly", group = "grp-forge-jit-tier2-read-only-{environment}", approval = "approver"
        approvers      = "senior-engineer", max_duration_minutes = 240, alert = "requests"
      }
      "3" = {
        role                 = "forge/Forge-BreakGlass-Offline", user = "forge/forge-emergency-a", approval = "two-people"
        max_duration_minutes = 240, mfa = true, ticket = { when = "after" }, alert = "alerts", vault_item = "forge-emergency-a"
        mfa_devices          = { sven = "arn:aws:iam::999999999999:mfa/forge-emergency-a-sven" }
      }
    }
    scenarios = {
      instance   = { permission_set = "Forge-Prod-Instance", group = "grp-forge-jit-tier1-instance-{environment}", max_duration_minutes = 120 }
      database   = { permission_set = "Forge-Prod-Database", group = "grp-forge-jit-tier1-database-{environment}", max_duration_minutes = 120 }
      kubernetes = { permission_set = "Forge-Prod-Kubernetes", group = "grp-forge-jit-tier1-kubernetes-{environment}", max_duration_minutes = 120 }
      console    = { permission_set = "Forge-Prod-Console", group = "grp-forge-jit-tier1-console-{environment}", max_duration_minutes = 240 }
    }
    records = { intake_bucket = "forge-breakglass-intake-999999999999", archive_bucket = "forge-breakglass-archive-999999999999", retention_days = 2555 }
  }
}

run "everything" {
  command = apply
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  # Groups and what they are given.
  assert {
    condition     = length(aws_identitystore_group.just_in_time) == 5 * 3
    error_message = "One just-in-time group for each of four scenarios of tier 1 and for tier 2, in each production account."
  }
  assert {
    condition     = length(aws_identitystore_group.standing) == 12 + 3
    error_message = "The groups of forge.yaml, two of approvers and one of auditors."
  }
  assert {
    condition = {
      for name in ["grp-forge-developers", "grp-forge-vpn-qa", "grp-forge-auditors", "grp-forge-approvers-senior"] :
      name => aws_identitystore_group.standing[name].description
      } == {
      grp-forge-developers       = "full on Dev + QA"
      grp-forge-vpn-qa           = "grp-forge-vpn-qa"
      grp-forge-auditors         = "Reads the archive of break-glass"
      grp-forge-approvers-senior = "Approves break-glass"
    }
    error_message = "Each group says what it is for."
  }
  assert {
    condition     = length(aws_identitystore_group_membership.member) == 0 && length(data.aws_identitystore_user.member) == 0
    error_message = "With nobody named, nobody is a member of anything, and AWS is asked nothing."
  }
  assert {
    condition     = length(aws_ssoadmin_permission_set.set) == 19 && length(aws_ssoadmin_permission_set_inline_policy.set) == 19
    error_message = "Nineteen permission sets, each with its policy."
  }
  assert {
    condition = { for name, set in aws_ssoadmin_permission_set.set : name => set.session_duration if startswith(name, "Forge-Prod-") || startswith(name, "Forge-BreakGlass-A") } == {
      Forge-Prod-Console             = "PT4H"
      Forge-Prod-Database            = "PT2H"
      Forge-Prod-Instance            = "PT2H"
      Forge-Prod-Kubernetes          = "PT2H"
      Forge-Prod-ReadOnly            = "PT4H"
      Forge-BreakGlass-Approve-tier1 = "PT1H"
      Forge-BreakGlass-Approve-tier2 = "PT1H"
      Forge-BreakGlass-Audit         = "PT1H"
    }
    error_message = "Sessions live as long as permission-sets.json says, as Identity Center spells it."
  }
  assert {
    condition     = sort(keys(aws_ssoadmin_permissions_boundary_attachment.set)) == sort(distinct([for grant in local.grants : grant.permission_set]))
    error_message = "Each permission set that a just-in-time group gives is bounded, and no other."
  }
  assert {
    condition = alltrue([
      for boundary in aws_ssoadmin_permissions_boundary_attachment.set :
      boundary.permissions_boundary[0].customer_managed_policy_reference[0].path == "/forge/" && boundary.permissions_boundary[0].customer_managed_policy_reference[0].name == "ForgeBreakGlassRevocations"
    ])
    error_message = "The boundary is the one that the revoker writes to."
  }
  assert {
    condition     = length(aws_ssoadmin_account_assignment.everyday) == 16
    error_message = "Everyday assignments are those of forge.yaml's groups."
  }
  assert {
    # Two groups ask, one audits, one ends, two approve; on call in three accounts; fifteen just-in-time groups.
    condition     = length(aws_ssoadmin_account_assignment.break_glass) == 2 + 1 + 1 + 2 + 3 + 15
    error_message = "Break-glass's own assignments."
  }
  assert {
    condition = toset([
      for assignment in values(aws_ssoadmin_account_assignment.break_glass) : assignment.target_id
      if startswith(assignment.permission_set_arn, "arn:") && assignment.target_id == "999999999999"
    ]) == toset(["999999999999"])
    error_message = "Asking, approving, ending and auditing are in the access account."
  }
  assert {
    condition = sort(keys(aws_ssoadmin_account_assignment.break_glass)) == sort(concat(
      [
        "grp-forge-developers/Forge-BreakGlass-Request/999999999999",
        "grp-forge-sre-oncall/Forge-BreakGlass-Request/999999999999",
        "grp-forge-auditors/Forge-BreakGlass-Audit/999999999999",
        "grp-forge-platform-admins/Forge-BreakGlass-Kill/999999999999",
        "grp-forge-approvers-managers/Forge-BreakGlass-Approve-tier1/999999999999",
        "grp-forge-approvers-senior/Forge-BreakGlass-Approve-tier2/999999999999",
      ],
      flatten([
        for name, account in { prod-wealth = "333333333333", prod-cash = "444444444444", prod-9squid = "555555555555" } : [
          "grp-forge-sre-oncall/Forge-SRE-OnCall/${account}",
          "grp-forge-jit-tier1-instance-${name}/Forge-Prod-Instance/${account}",
          "grp-forge-jit-tier1-database-${name}/Forge-Prod-Database/${account}",
          "grp-forge-jit-tier1-kubernetes-${name}/Forge-Prod-Kubernetes/${account}",
          "grp-forge-jit-tier1-console-${name}/Forge-Prod-Console/${account}",
          "grp-forge-jit-tier2-read-only-${name}/Forge-Prod-ReadOnly/${account}",
        ]
      ]),
    ))
    error_message = "Each group is given what forge.yaml says, in its own account only."
  }

  # Buckets.
  assert {
    condition = (
      aws_s3_bucket_object_lock_configuration.archive.rule[0].default_retention[0].mode == "COMPLIANCE"
      && aws_s3_bucket_object_lock_configuration.archive.rule[0].default_retention[0].days == 2555
      && aws_s3_bucket.bucket["archive"].object_lock_enabled && !aws_s3_bucket.bucket["intake"].object_lock_enabled
    )
    error_message = "The archive is locked in COMPLIANCE for as long as was said; the intake is not."
  }
  assert {
    condition = length(aws_s3_bucket_public_access_block.bucket) == 3 && alltrue([
      for block in values(aws_s3_bucket_public_access_block.bucket) :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "No bucket can be public."
  }
  assert {
    condition = alltrue([for name in ["intake", "archive", "configuration"] : (
      aws_s3_bucket_versioning.bucket[name].versioning_configuration[0].status == "Enabled"
      && aws_s3_bucket_ownership_controls.bucket[name].rule[0].object_ownership == "BucketOwnerEnforced"
      && length(aws_s3_bucket_server_side_encryption_configuration.bucket[name].rule) == 1
      && strcontains(aws_s3_bucket_policy.bucket[name].policy, "NotInTheClear")
      && !aws_s3_bucket.bucket[name].force_destroy
    )])
    error_message = "Each bucket keeps versions, belongs to its owner, is encrypted, is not reached in the clear, and is not emptied by Terraform."
  }
  assert {
    condition     = aws_s3_bucket_notification.intake.eventbridge && one(aws_s3_bucket_lifecycle_configuration.intake.rule[0].expiration).days == 90
    error_message = "The intake tells EventBridge, and what is collected goes after ninety days."
  }

  # Functions.
  assert {
    condition = alltrue([for handler in ["recorder", "revoker", "sweeper", "exporter"] : (
      aws_lambda_function.handler[handler].function_name == "forge-breakglass-${handler}"
      && aws_lambda_function.handler[handler].handler == "index.${handler}"
      && aws_lambda_function.handler[handler].runtime == "nodejs22.x"
      && aws_lambda_function.handler[handler].architectures == tolist(["arm64"])
      && aws_lambda_function.handler[handler].dead_letter_config[0].target_arn == aws_sqs_queue.dead_letters.arn
      && aws_lambda_function_event_invoke_config.handler[handler].maximum_retry_attempts == 2
      && aws_iam_role.handler[handler].name == "forge-breakglass-${handler}"
      && aws_cloudwatch_log_group.function[handler].name == "/aws/lambda/forge-breakglass-${handler}"
      && aws_cloudwatch_log_group.function[handler].retention_in_days == 400
    )])
    error_message = "Each function is of its own name, handler, role and log, and leaves what failed in the queue."
  }
  assert {
    condition = alltrue([for handler in ["recorder", "revoker", "sweeper", "exporter"] : jsonencode({
      for key, value in aws_lambda_function.handler[handler].environment[0].variables : key => value if key != "FORGE_SLACK_SECRET"
      }) == jsonencode({
      FORGE_INTAKE                                     = "forge-breakglass-intake-999999999999"
      FORGE_ARCHIVE                                    = "forge-breakglass-archive-999999999999"
      FORGE_STATE_MACHINE                              = "arn:aws:states:us-east-1:999999999999:stateMachine:forge-breakglass-session"
      FORGE_REGIONS                                    = "eu-west-1,us-east-1"
      FORGE_POLICY_BUCKET                              = "forge-breakglass-configuration-999999999999"
      FORGE_POLICY                                     = "policy/${sha256(output.policy)}.json"
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true"
      AWS_SDK_UA_APP_ID                                = "forge-breakglass-${handler}"
    })])
    error_message = "Each function is told what src/lambda reads, and the policy by its hash."
  }
  assert {
    condition = {
      for handler, function in aws_lambda_function.handler : handler => lookup(function.environment[0].variables, "FORGE_SLACK_SECRET", null) if length(coalesce(function.layers, [])) == 1
    } == { recorder = "forge-breakglass/slack-webhook", sweeper = "forge-breakglass/slack-webhook" }
    error_message = "Only who tells has the layer that reads the secret."
  }
  assert {
    condition     = aws_lambda_function.handler["revoker"].reserved_concurrent_executions == 1 && aws_lambda_function.handler["recorder"].reserved_concurrent_executions == -1
    error_message = "One revoker at a time."
  }
  assert {
    condition = alltrue([for handler in ["revoker", "sweeper"] : anytrue([
      for statement in jsondecode(aws_iam_role_policy.handler[handler].policy).Statement :
      statement.Effect == "Deny" && statement.Resource == "*" && contains(statement.Action, "identitystore:Create*") && contains(statement.Action, "sso:*") && contains(statement.Action, "iam:*")
      if can(tolist(statement.Action))
    ])])
    error_message = "What removes is forbidden to give."
  }
  assert {
    condition = alltrue(flatten([for handler in ["recorder", "revoker", "sweeper", "exporter"] : [
      for statement in jsondecode(aws_iam_role_policy.handler[handler].policy).Statement : [
        for action in flatten([statement.Action]) : !can(regex("(?i)^(\\*|identitystore:(\\*|create|add|update)|sso:|iam:|lambda:|states:(\\*|sendtask))", action))
      ] if statement.Effect == "Allow"
    ]]))
    error_message = "No function may give anybody anything."
  }
  assert {
    condition = alltrue(flatten([
      for document in concat(
        [for policy in values(aws_iam_role_policy.handler) : policy.policy],
        [for policy in values(aws_ssoadmin_permission_set_inline_policy.set) : policy.inline_policy],
      ) : length(jsondecode(document).Statement) == length(distinct([for statement in jsondecode(document).Statement : statement.Sid]))
    ]))
    error_message = "Each statement of a policy has a Sid of its own: IAM refuses two of one name."
  }

  assert {
    condition = { for name, only in aws_iam_role_policies_exclusive.role : name => only.policy_names } == {
      forge-breakglass-recorder  = toset(["handler"])
      forge-breakglass-revoker   = toset(["handler"])
      forge-breakglass-sweeper   = toset(["handler"])
      forge-breakglass-exporter  = toset(["handler"])
      forge-breakglass-workflow  = toset(["workflow"])
      forge-breakglass-scheduler = toset(["scheduler"])
      ForgeAuditRead             = toset(["read"])
    }
    error_message = "No role has a policy that does not stand here."
  }
  assert {
    condition = alltrue([
      for attached in concat(values(aws_iam_role_policy_attachments_exclusive.role), values(aws_iam_user_policy_attachments_exclusive.offline)) :
      length(attached.policy_arns) == 0
    ]) && aws_iam_user_policies_exclusive.offline["forge-emergency-a"].policy_names == toset(["offline"])
    error_message = "Nor has any a managed one, or tier 3's user."
  }

  # Events, workflow, schedule.
  assert {
    condition = alltrue([
      for rule in values(aws_cloudwatch_event_rule.rule) :
      startswith(rule.name, "forge-breakglass-") && rule.state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    ])
    error_message = "Rules are of break-glass's name, and are told what only reads, too."
  }
  assert {
    condition = { for key, rule in aws_cloudwatch_event_rule.rule : key => rule.event_bus_name } == {
      emergency-attempts = "default"
      forwarded          = "forge-breakglass"
      intake             = "default"
      memberships        = "default"
      offline-user       = "default"
    }
    error_message = "Each rule is on the bus that its events come by."
  }
  assert {
    condition = alltrue(flatten([
      for rule in values(aws_cloudwatch_event_rule.rule) : [
        for source in jsondecode(rule.event_pattern).source : can(regex("^aws\\.", try(source.prefix, source)))
      ]
    ]))
    error_message = "Rules take events of AWS only: nobody else can put those."
  }
  assert {
    condition = keys(aws_cloudwatch_event_target.recorder) == keys(aws_cloudwatch_event_rule.rule) && alltrue([
      for target in values(aws_cloudwatch_event_target.recorder) : one(target.dead_letter_config).arn == aws_sqs_queue.dead_letters.arn && one(target.retry_policy).maximum_retry_attempts == 185
    ])
    error_message = "Each rule calls the recorder, tries for a day, and leaves what failed in the queue."
  }
  assert {
    condition = {
      for key, permission in aws_lambda_permission.rule : key => permission.source_arn
      } == {
      for key, rule in aws_cloudwatch_event_rule.rule : key =>
      "arn:aws:events:us-east-1:999999999999:rule/${rule.event_bus_name == "default" ? "" : "${rule.event_bus_name}/"}${rule.name}"
    }
    error_message = "Each rule, and nothing else, may call the recorder."
  }
  assert {
    condition     = toset(jsondecode(aws_cloudwatch_event_bus_policy.break_glass.policy).Statement[0].Principal.AWS) == toset([for account in ["333333333333", "444444444444", "555555555555"] : "arn:aws:iam::${account}:root"])
    error_message = "Production accounts, and no others, forward to the bus."
  }
  assert {
    condition     = length(module.us_east_1) == 0
    error_message = "With us-east-1 as home there is nothing to forward from there."
  }
  assert {
    condition = (
      one(aws_sfn_state_machine.session.logging_configuration).level == "ERROR"
      && !one(aws_sfn_state_machine.session.logging_configuration).include_execution_data
      && aws_sfn_state_machine.session.type == "STANDARD"
    )
    error_message = "The workflow logs what failed, and not with which data."
  }
  assert {
    condition = alltrue([
      for name, state in jsondecode(jsondecode(output.review).documents["aws_sfn_state_machine.session.definition"]).States :
      can(regex("^arn:aws:lambda:us-east-1:999999999999:function:forge-breakglass-(recorder|revoker|exporter)$", state.Resource)) if state.Type == "Task"
    ])
    error_message = "The workflow calls three functions of this account."
  }
  assert {
    condition     = aws_scheduler_schedule.sweep.schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.sweep.state == "ENABLED" && one(one(aws_scheduler_schedule.sweep.target).dead_letter_config).arn == aws_sqs_queue.dead_letters.arn
    error_message = "The sweeper runs every five minutes."
  }

  # Alarms.
  assert {
    condition = alltrue([
      for name in concat(
        ["no-sweep", "dead-letters", "workflow-failed", "workflow-timed-out", "workflow-aborted"],
        flatten([for handler in ["recorder", "revoker", "sweeper", "exporter"] : ["${handler}-errors", "${handler}-throttles"]]),
        [for key in keys(aws_cloudwatch_event_rule.rule) : "rule-${key}"],
      ) : aws_cloudwatch_metric_alarm.alarm[name].alarm_actions == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "What fails is told by mail: functions, workflow, queue, each rule, and a sweeper that does not run."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.alarm["no-sweep"].treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.alarm["no-sweep"].period == 900
      && aws_cloudwatch_metric_alarm.alarm["no-sweep"].comparison_operator == "LessThanThreshold"
    )
    error_message = "Silence is what the sweeper's alarm is for."
  }
  assert {
    condition     = aws_sns_topic_subscription.email["platform@tapp.example"].protocol == "email"
    error_message = "Alarms go to people."
  }

  # Secret and offline user: nothing that is secret is Terraform's.
  assert {
    condition     = aws_secretsmanager_secret.slack.name == "forge-breakglass/slack-webhook" && aws_secretsmanager_secret_policy.slack.block_public_policy
    error_message = "The webhook's secret is there, without a value."
  }
  assert {
    condition     = aws_iam_user.offline["forge-emergency-a"].path == "/forge/" && length(jsondecode(aws_iam_user_policy.offline["forge-emergency-a"].policy).Statement) == 2
    error_message = "Tier 3's user can become its role and change its own keys with MFA: nothing else."
  }

  # The policy is what the functions' parser takes.
  assert {
    condition     = aws_s3_object.policy.key == "policy/${sha256(aws_s3_object.policy.content)}.json" && aws_s3_object.policy.content == output.policy
    error_message = "The policy's name is its hash."
  }
  assert {
    condition = (
      jsondecode(output.policy).v == 1 && jsondecode(output.policy).credentialMinutes == 240 && jsondecode(output.policy).requestLifeMinutes == 240
      && length(jsondecode(output.policy).grants) == 15
      && length(distinct([for grant in jsondecode(jsondecode(output.review).documents["aws_s3_object.policy.content"]).grants : grant.groupId])) == 15
      && [for tier in jsondecode(output.policy).tiers : tier.approverPermissionSets[0]] == ["Forge-BreakGlass-Approve-tier1", "Forge-BreakGlass-Approve-tier2"]
      && length(jsondecode(output.policy).emergencyRoles) == 6
    )
    error_message = "The functions know every grant, tier and emergency role."
  }
  assert {
    condition     = !can(regex(":null", output.policy)) && !can(regex(":null", jsonencode(output.forge)))
    error_message = "What is not said is left out."
  }
  assert {
    condition = alltrue([
      for grant in jsondecode(output.policy).grants : grant.maximumMinutes == (contains(["console", "-"], try(grant.scenario, "-")) ? 240 : 120)
    ])
    error_message = "The shorter of what tier and scenario say."
  }

  # The review is the same text with other ids.
  assert {
    condition = alltrue([
      for set, policy in aws_ssoadmin_permission_set_inline_policy.set : length(jsondecode(policy.inline_policy).Statement) ==
      length(jsondecode(jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"${set}\"].inline_policy"]).Statement)
    ])
    error_message = "Each permission set has its policy in the review."
  }
  assert {
    condition = alltrue([
      for set, policy in aws_ssoadmin_permission_set_inline_policy.set : nonsensitive(
        join("", [for index, part in split("group/", policy.inline_policy) : index == 0 ? part : join("\"", slice(split("\"", part), 1, length(split("\"", part))))])
        ) == join("", [
          for index, part in split("group/", jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"${set}\"].inline_policy"]) :
          index == 0 ? part : join("\"", slice(split("\"", part), 1, length(split("\"", part))))
      ])
    ])
    error_message = "But for the ids of groups, review and what is deployed are the same text."
  }
  assert {
    # Approvers of one tier name no group of the other.
    condition = length(setintersection(
      toset(regexall("group/[0-9a-f-]{36}", jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"Forge-BreakGlass-Approve-tier1\"].inline_policy"])),
      toset(regexall("group/[0-9a-f-]{36}", jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"Forge-BreakGlass-Approve-tier2\"].inline_policy"])),
    )) == 0
    error_message = "Approvers of one tier reach no group of another."
  }
}

# A first plan: ids of groups are not known yet, and the review shows what will name them.
run "first_plan_with_little_said" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  variables {
    archive_retention_days = 1
    alarm_emails           = []
    secrets_layer          = null
    groups                 = {}
    killers                = []
    data_buckets           = []
    environments = {
      prod = { account = "333333333333", region = "us-east-1", production = true }
    }
    boundaries = { prod = "ForgeBreakGlassRevocations" }
    break_glass = {
      account                = "999999999999"
      region                 = "us-east-1"
      identity_store         = "d-9067f7c0de"
      request_permission_set = "Forge-BreakGlass-Request"
      audit_permission_set   = "Forge-BreakGlass-Audit"
      approvers              = { lead = { groups = ["leads"], permission_set = "Forge-BreakGlass-Approve-tier1" } }
      tiers = {
        "1" = { approval = "approver", approvers = "lead", permission_set = "Forge-Prod-ReadOnly", group = "jit-1-{environment}" }
        "2" = { approval = "approver", approvers = "lead", permission_set = "Forge-Prod-Console", group = "jit-2-{environment}", ticket = { when = "none" } }
      }
      records = { intake_bucket = "forge-breakglass-in", archive_bucket = "forge-breakglass-out", retention_days = 30 }
    }
  }

  expect_failures = [check.archive_retention, check.slack, check.somebody_is_told]

  assert {
    condition     = length(aws_identitystore_group.just_in_time) == 2 && length(aws_ssoadmin_permission_set.set) == 5
    error_message = "Only what is given to somebody is made."
  }
  assert {
    condition     = length(aws_iam_user.offline) == 0 && !contains(keys(aws_cloudwatch_event_rule.rule), "offline-user") && output.offline_user == null && !contains(keys(output.forge.break_glass.tiers), "3")
    error_message = "Without a tier for two people there is no user for it."
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.archive.rule[0].default_retention[0].days == 1
    error_message = "The default retention is short."
  }
  assert {
    condition     = alltrue([for function in values(aws_lambda_function.handler) : length(coalesce(function.layers, [])) == 0])
    error_message = "Without the layer nobody is told where a secret is that nobody can read."
  }
  assert {
    # One kind of approver for two tiers: both stand in their policy, each with its own folder and group.
    condition = alltrue([for text in ["decisions/tier1/", "decisions/tier2/", "group/00000000-0000-4000-8000-000000000004", "group/00000000-0000-4000-8000-000000000005"] : strcontains(
      jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"Forge-BreakGlass-Approve-tier1\"].inline_policy"], text
    )])
    error_message = "Whoever approves two tiers can do both."
  }
  assert {
    condition = length(distinct([
      for statement in jsondecode(jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"Forge-BreakGlass-Approve-tier1\"].inline_policy"]).Statement : statement.Sid
    ])) == length(jsondecode(jsondecode(output.review).documents["aws_ssoadmin_permission_set_inline_policy.set[\"Forge-BreakGlass-Approve-tier1\"].inline_policy"]).Statement)
    error_message = "And no two statements of it are of one name."
  }
  assert {
    condition     = length(output.next_steps) == 1
    error_message = "What is left to do by hand is said: here that the archive's retention is short."
  }
}

# Twenty production accounts, in a home region that is not us-east-1: policies stay below what AWS takes.
run "twenty_accounts_in_another_region" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  variables {
    identity_center_region = "eu-central-1"
    secrets_layer          = "arn:aws:lambda:eu-central-1:187925254637:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:11"
    groups                 = {}
    environments = {
      for number in range(1, 21) : "prod-${number}" => { account = format("3333333333%02d", number), region = "eu-central-1", production = true }
    }
    boundaries  = { for number in range(1, 21) : "prod-${number}" => "ForgeBreakGlassRevocations" }
    break_glass = merge(var.break_glass, { region = "eu-central-1" })
  }

  assert {
    condition     = length(aws_identitystore_group.just_in_time) == 100 && length(aws_ssoadmin_account_assignment.break_glass) == 6 + 20 + 100
    error_message = "Five groups for each account, and the way to tier 0 in each."
  }
  assert {
    condition     = max(values(local.sizes.permission_sets)...) <= 10240 && max(values(local.sizes.handlers)...) <= 10240
    error_message = "A policy is longer than AWS takes: ${jsonencode(local.sizes)}"
  }
  assert {
    condition     = length(module.us_east_1) == 1 && aws_iam_role.forwarder["us-east-1"].name == "ForgeEventForwarder" && aws_iam_role.forwarder["us-east-1"].path == "/forge/"
    error_message = "What us-east-1 tells is forwarded from there."
  }
  assert {
    condition     = toset(keys(module.us_east_1["us-east-1"].rules)) == toset(["emergency-attempts", "memberships", "offline-user"])
    error_message = "All but the intake's events, which are of its own region."
  }
  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_bus_policy.break_glass.policy).Statement[0].Principal.AWS, "arn:aws:iam::999999999999:root")
    error_message = "And the bus takes it."
  }
  assert {
    condition     = alltrue([for role in values(local.role_arns) : startswith(role, "arn:aws:iam::999999999999:role/forge-breakglass-")]) && local.state_machine_arn == "arn:aws:states:eu-central-1:999999999999:stateMachine:forge-breakglass-session"
    error_message = "Names are of the home region."
  }
}

# People who are named, and groups that are there already.
run "members_and_existing_groups" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  variables {
    existing_groups = { grp-forge-developers = "9067f7c0de-11111111-1111-4111-8111-111111111111" }
    members         = { grp-forge-developers = ["dana@tapp.example"], grp-forge-auditors = ["noor@tapp.example", "dana@tapp.example"] }
  }

  assert {
    condition     = length(aws_identitystore_group_membership.member) == 3 && length(data.aws_identitystore_user.member) == 2
    error_message = "Each person is looked up once."
  }
  assert {
    condition     = !contains(keys(aws_identitystore_group.standing), "grp-forge-developers") && output.group_ids["grp-forge-developers"] == "9067f7c0de-11111111-1111-4111-8111-111111111111"
    error_message = "A group that is there is used, not made."
  }
  assert {
    condition     = aws_ssoadmin_account_assignment.everyday["grp-forge-developers/Forge-Developer/111111111111"].principal_id == "9067f7c0de-11111111-1111-4111-8111-111111111111"
    error_message = "And is given what forge.yaml says."
  }
}

# What must be refused before anything is planned.
run "wrong_inputs" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  variables {
    identity_center_instance = "ssoins-1234567890abcdef"
    boundaries               = { prod-wealth = "ForgeBreakGlassRevocations" }
    requesters               = []
    auditors                 = []
    functions_runtime        = "nodejs24.x"
    functions_architecture   = "riscv"
    revoker_concurrency      = 2
    archive_retention_days   = 0
    intake_days              = 7
    log_days                 = 42
    alarm_emails             = ["nobody"]
    data_buckets             = ["arn:aws:s3:::*"]
    pipeline_role            = "/forge-terraform"
    permission_sets          = { Short = { description = "Too short", session_minutes = 15 } }
  }

  expect_failures = [
    var.identity_center_instance, var.boundaries, var.requesters, var.auditors, var.functions_runtime, var.functions_architecture,
    var.revoker_concurrency, var.archive_retention_days, var.intake_days, var.log_days, var.alarm_emails, var.data_buckets,
    var.pipeline_role, var.permission_sets,
  ]
}

# Seen beside what is right: a rule in another region than Identity Center's sees no membership; nobody is a standing member
# of a just-in-time group.
run "inputs_that_do_not_fit" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  variables {
    identity_center_region = "eu-central-1"
    members                = { grp-forge-jit-tier1-database-prod-wealth = ["dana@tapp.example"] }
    existing_groups        = { grp-forge-jit-tier1-database-prod-wealth = "9067f7c0de-11111111-1111-4111-8111-111111111111" }
    secrets_layer          = "arn:aws:lambda:eu-west-1:015030872274:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:11"
    data_buckets           = ["arn:aws:s3:::forge-*"]
  }

  expect_failures = [var.identity_center_region, var.members, var.existing_groups, var.secrets_layer, var.data_buckets]
}

# One mistake a run: each is refused by itself.
run "standing_access_by_a_permission_set_of_break_glass_and_a_layer_for_another_processor" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    groups        = { grp-forge-developers = { environments = { prod-cash = "Forge-Prod-Database" } } }
    killers       = []
    secrets_layer = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension:11"
  }
  expect_failures = [var.groups, var.secrets_layer]
}

run "group_of_an_unknown_environment_and_killers_without_a_permission_set" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    groups      = { grp-forge-developers = { environments = { staging = "Forge-Developer" } } }
    break_glass = merge(var.break_glass, { kill_permission_set = null })
  }
  expect_failures = [var.groups, var.killers]
}

run "power_in_the_access_account_without_its_guard" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    environments = merge(var.environments, { access = { account = "999999999999", region = "us-east-1" } })
    groups       = { grp-forge-sre-oncall = { environments = { access = "Forge-SRE" } } }
  }
  expect_failures = [var.groups]
}

run "names_that_are_more_than_one_thing" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    data_buckets = ["arn:aws:s3:::data\",\"arn:aws:s3:::forge-breakglass-archive-999999999999/*"]
    environments = merge(var.environments, { prod-cash = { account = "444444444444", region = "us-east-1", production = true, databases = { ledger = { role = "*" } } } })
  }
  expect_failures = [var.data_buckets, var.environments]
}

run "tier_that_leads_to_any_role" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { tiers = merge(var.break_glass.tiers, { "0" = merge(var.break_glass.tiers["0"], { role = "forge/*" }) }) })
  }
  expect_failures = [var.break_glass]
}

run "access_account_is_none_of_production" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { account = "333333333333" })
  }
  expect_failures = [var.break_glass]
}

run "one_group_for_all_accounts" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { tiers = merge(var.break_glass.tiers, { "2" = merge(var.break_glass.tiers["2"], { group = "grp-forge-jit-tier2" }) }) })
  }
  expect_failures = [var.break_glass]
}

run "one_group_for_two_tiers" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { tiers = merge(var.break_glass.tiers, { "2" = merge(var.break_glass.tiers["2"], { group = "grp-forge-jit-tier1-console-{environment}" }) }) })
  }
  expect_failures = [var.break_glass]
}

run "unbounded_just_in_time" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { tiers = merge(var.break_glass.tiers, { "2" = merge(var.break_glass.tiers["2"], { permission_set = "Forge-Wealth-ReadOnly" }) }) })
  }
  expect_failures = [var.break_glass]
}

run "offline_user_outside_of_forge" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { tiers = merge(var.break_glass.tiers, { "3" = merge(var.break_glass.tiers["3"], { user = "emergency" }) }) })
  }
  expect_failures = [var.break_glass]
}

run "emergency_for_nobody" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { tiers = merge(var.break_glass.tiers, { "0" = merge(var.break_glass.tiers["0"], { requesters = [] }) }) })
  }
  expect_failures = [var.break_glass]
}

run "buckets_that_no_guard_names" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    break_glass = merge(var.break_glass, { records = merge(var.break_glass.records, { intake_bucket = "intake" }) })
  }
  expect_failures = [var.break_glass]
}

run "asking_by_a_just_in_time_group" {
  command = plan
  module {
    source = "./modules/access-account"
  }
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  variables {
    requesters = ["grp-forge-developers", "grp-forge-jit-tier2-read-only-prod-cash"]
  }
  expect_failures = [aws_identitystore_group.just_in_time["grp-forge-jit-tier2-read-only-prod-cash"]]
}
