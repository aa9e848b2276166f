# What Session Manager does in an account and region. By default it records nothing.
#   SSM-SessionManagerRunShell     the account's preferences, and the shell of whoever may use it
#   forge-instance-connect         forge ssm               of the break-glass scenario for instances, whose permission set
#   forge-instance-run             forge ssm run           names these three and no other: what is shown is kept, and
#   forge-instance-copy            forge ssm cp            nobody can leave that out by naming a document of AWS
#   forge-endpoint-tunnel          forge db, forge kube    of everybody's in production who may tunnel: to databases of RDS
#                                                          and clusters of EKS, never to the bastion's own metadata service
# Ports and SSH have no transcript: AWS sees sealed bytes. So the scenario for instances has none. What goes through a
# tunnel to a database or cluster, pgaudit and EKS's audit log know.

locals {
  # The same for every shell: nobody gets a transcript less by choosing another document.
  inputs = merge(jsondecode(file("${path.module}/inputs.json")), {
    cloudWatchLogGroupName      = aws_cloudwatch_log_group.transcripts.name
    cloudWatchEncryptionEnabled = var.kms_key != null
    kmsKeyId                    = var.kms_key == null ? "" : var.kms_key
    runAsEnabled                = var.run_as_user != null
    runAsDefaultUser            = var.run_as_user == null ? "" : var.run_as_user
    # Numbers as texts: Session Manager refuses numbers.
    idleSessionTimeout = tostring(var.idle_minutes)
    maxSessionDuration = tostring(var.max_minutes)
  })
  # forge-instance-<file's name>: policies of the access account name them so, and forge's sandbox has the same files.
  documents = {
    for name in fileset("${path.module}/documents", "*.json") :
    "forge-instance-${trimsuffix(name, ".json")}" => jsondecode(file("${path.module}/documents/${name}"))
  }
}

resource "aws_cloudwatch_log_group" "transcripts" {
  name              = var.log_group
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key
  # What was seen in production is evidence: it goes when its time is up, not with an environment.
  skip_destroy = true
}

resource "aws_ssm_document" "preferences" {
  count = var.preferences ? 1 : 0

  # The name under which Session Manager looks. Where somebody has set preferences in the console before, it is there
  # already: terraform import, once.
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "1.0"
    description   = "Session Manager's preferences of this account and region, by forge"
    sessionType   = "Standard_Stream"
    inputs        = local.inputs
  })
}

resource "aws_ssm_document" "instance" {
  for_each = local.documents

  name            = each.key
  document_type   = "Session"
  document_format = "JSON"
  content         = jsonencode(merge(each.value, { inputs = local.inputs }))
}

# Without inputs, as AWS's own: a port has no transcript and no key, and ends as the account's preferences say.
resource "aws_ssm_document" "tunnel" {
  name            = "forge-endpoint-tunnel"
  document_type   = "Session"
  document_format = "JSON"
  content         = jsonencode(jsondecode(file("${path.module}/endpoint-tunnel.json")))
}
