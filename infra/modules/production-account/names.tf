# ARNs are put together from names, so that a plan shows policies and boundaries whole before anything is there.
# What the templates in policies/ and rules/ name. They are JSON: an element that is exactly "${name}" may become several, so
# lists are handed over with the quotes between their elements.
locals {
  # Identity Center puts its region into the path of its roles, unless that is us-east-1.
  single_sign_on = [for path in ["", "*/"] : "arn:aws:iam::${var.account}:role/aws-reserved/sso.amazonaws.com/${path}AWSReservedSSO_"]
  handlers       = "arn:aws:iam::${var.access_account}:role/forge-breakglass-"
  event_bus      = "arn:aws:events:${var.region}:${var.access_account}:event-bus/forge-breakglass"
  offline_user   = var.offline_user == null ? "" : "arn:aws:iam::${var.access_account}:user/${var.offline_user}"

  names = {
    account        = var.account
    region         = var.region
    access_account = var.access_account
    archive        = "arn:aws:s3:::${var.archive_bucket}"
    revocations    = "arn:aws:iam::${var.account}:policy/forge/ForgeBreakGlassRevocations"
    event_bus      = local.event_bus
    offline_user   = local.offline_user
    recorder_role  = "${local.handlers}recorder"
    revoker_role   = "${local.handlers}revoker"
    sweeper_role   = "${local.handlers}sweeper"
    exporter_role  = "${local.handlers}exporter"
    on_call_roles  = join("\",\"", [for pair in setproduct(local.single_sign_on, var.on_call_permission_sets) : "${pair[0]}${pair[1]}_*"])
    vpn_addresses  = join("\",\"", var.vpn_addresses)
    # Module session-manager makes it.
    tunnel_documents = "arn:aws:ssm:*:${var.account}:document/forge-endpoint-tunnel"
    database_roles   = join("\",\"", [for name in keys(local.possible_database_roles) : "arn:aws:iam::${var.account}:role/${name}"])
  }

  # Where nobody but an emergency could take them, there are none.
  database_roles = {
    for name, settings in local.possible_database_roles : name => settings if length(settings.callers) > 0
  }
  possible_database_roles = {
    readonly-rds-access = { callers = var.readers, users = length(var.reading_users) == 0 ? ["forge_ro"] : var.reading_users }
    write-rds-access    = { callers = var.writers, users = length(var.writing_users) == 0 ? ["forge_rw"] : var.writing_users }
  }
}
