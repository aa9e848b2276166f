# What the handlers in the access account become here: one role to end what was given, one to read what was done. Neither
# can give anything, and who becomes it is said by name.

locals {
  handler_roles = {
    ForgeAuditCutTail = { policy = "cut-tail", description = "Break-glass: ends what was issued" }
    ForgeAuditRead    = { policy = "audit-read", description = "Break-glass: reads what was done" }
  }
}

resource "aws_iam_role" "handler" {
  for_each = local.handler_roles

  name                 = each.key
  path                 = "/forge/"
  description          = each.value.description
  assume_role_policy   = templatefile("${path.module}/policies/${each.value.policy}-trust.json", local.names)
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "handler" {
  for_each = local.handler_roles

  name   = each.value.policy
  role   = aws_iam_role.handler[each.key].name
  policy = templatefile("${path.module}/policies/${each.value.policy}.json", local.names)
}
