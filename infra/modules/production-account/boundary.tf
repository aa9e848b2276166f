# The boundary of every role that break-glass leads to. It allows everything, for a boundary gives nothing: what the revoker
# writes into new versions of it are refusals of what was issued before a moment. So whoever may write it can only take away.

resource "aws_iam_policy" "revocations" {
  name        = "ForgeBreakGlassRevocations"
  path        = "/forge/"
  description = "Boundary of all roles that break-glass leads to: forge's revoker writes refusals into it"
  policy      = file("${path.module}/policies/revocations.json")

  lifecycle {
    # The revoker and the sweeper write the versions. Terraform would put back the first, and with it give back access that
    # was taken away.
    ignore_changes = [policy]
  }
}
