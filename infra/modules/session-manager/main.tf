# What Session Manager does in an account and region for every shell: by default it records nothing. forge starts no session
# document but this one (or the one that forge.yaml names for an instance) and AWS's own, so there is none for each scenario:
#   AWS-StartNonInteractiveCommand, AWS-StartInteractiveCommand     forge ssm run, forge ssm cp
#   AWS-StartPortForwardingSession, …ToRemoteHost                   forge ssm forward, databases and clusters without a VPN
#   AWS-StartSSHSession                                             forge ssm ssh-proxy
# Ports and SSH have no transcript: AWS sees sealed bytes. What went through them, pgaudit and EKS's audit log know.

resource "aws_cloudwatch_log_group" "transcripts" {
  name              = var.log_group
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key
  # What was seen in production is evidence: it goes when its time is up, not with an environment.
  skip_destroy = true
}

resource "aws_ssm_document" "preferences" {
  # The name under which Session Manager looks. Where somebody has set preferences in the console before, it is there
  # already: terraform import, once.
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "1.0"
    description   = "Session Manager's preferences of this account and region, by forge"
    sessionType   = "Standard_Stream"
    inputs = {
      s3BucketName                = ""
      s3KeyPrefix                 = ""
      s3EncryptionEnabled         = true
      cloudWatchLogGroupName      = aws_cloudwatch_log_group.transcripts.name
      cloudWatchEncryptionEnabled = var.kms_key != null
      # As it is typed, not at the end: an instance that is gone has sent what it had.
      cloudWatchStreamingEnabled = true
      kmsKeyId                   = var.kms_key == null ? "" : var.kms_key
      runAsEnabled               = var.run_as_user != null
      runAsDefaultUser           = var.run_as_user == null ? "" : var.run_as_user
      idleSessionTimeout         = tostring(var.idle_minutes)
      maxSessionDuration         = tostring(var.max_minutes)
      shellProfile               = { linux = "", windows = "" }
    }
  })
}
