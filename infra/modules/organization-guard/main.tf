# A guard in a permission set is as strong as who may edit permission sets. This one is edited in the management account
# alone, which no service control policy binds: nobody works there, and it is applied from there or by a delegated
# administrator of policies.

locals {
  # Without the blanks: AWS counts them, and 5120 characters is all there is room for.
  guard = jsonencode(jsondecode(templatefile("${path.module}/policies/service-control.json", {
    pipeline_roles = "arn:aws:iam::*:role/${var.pipeline_role}"
    # Identity Center puts its region into the path, unless that is us-east-1.
    approver_roles = join("\",\"", flatten([
      for set in var.approver_permission_sets : [
        for path in ["", "*/"] : "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/${path}AWSReservedSSO_${set}_*"
      ]
    ]))
    database_roles = join("\",\"", ["arn:aws:iam::*:role/readonly-rds-access", "arn:aws:iam::*:role/write-rds-access"])
  })))
}

resource "aws_organizations_policy" "guard" {
  name        = var.name
  description = "Break-glass: who may give, and what nobody but the pipeline changes"
  type        = "SERVICE_CONTROL_POLICY"
  content     = local.guard

  lifecycle {
    precondition {
      condition     = length(local.guard) <= 5120
      error_message = "The guard has ${length(local.guard)} characters; AWS Organizations takes 5120."
    }
  }
}

resource "aws_organizations_policy_attachment" "guard" {
  for_each = toset(var.targets)

  policy_id = aws_organizations_policy.guard.id
  target_id = each.key
}
