output "forge" {
  description = "What forge.yaml needs to know: forge config import-terraform takes it."
  value       = module.access.forge

  precondition {
    condition = local.production == {
      for name, environment in var.environments : name => { account = environment.account, region = environment.region } if try(environment.production, false)
    }
    error_message = "main.tf was written for other production environments than the variables name: run forge infra export again."
  }
  precondition {
    condition     = local.home_region == var.break_glass.region && local.access_account == var.break_glass.account
    error_message = "main.tf was written for another home region or access account than break_glass names: run forge infra export again."
  }
  precondition {
    # Policies, rules and the guard name them.
    condition = alltrue([for tier in values(var.break_glass.tiers) : try({
      self-serve = tier.role == "forge/Forge-Prod-Emergency"
      two-people = tier.role == "forge/Forge-BreakGlass-Offline"
    }[tier.approval], true)])
    error_message = "The role of a self-serve tier must be forge/Forge-Prod-Emergency, that of one for two people forge/Forge-BreakGlass-Offline: policies and rules name them so."
  }
}

output "review" {
  description = "The policies that name groups, filled with stand-in ids: a first plan does not know the groups' own. forge infra check judges them."
  value       = module.access.review
}

output "next_steps" {
  description = "What Terraform can't do, in this order."
  value = concat(
    ["forge config import-terraform: the names of what is there go into forge.yaml."],
    module.access.next_steps,
    var.access_tag == null ? [] : [
      "Databases and clusters that people get into carry the tag ${try(var.access_tag.key, "")} = ${try(var.access_tag.value, "")}: the output reached says which do. What is tagged or untagged later counts from the next apply.",
    ],
    [for environment in keys(local.production) :
      "In ${environment}: give the instances' role what the output production says (sessions.instance_policy), the bastion the tag role = bastion, and each instance that break-glass may open the tag ${module.access.instance_tag}."
    ],
    var.cluster_access ? [
      "In each cluster, so that those with a view see nodes too: kubectl create clusterrole node-readers --verb=get,list,watch --resource=nodes; kubectl create clusterrolebinding node-readers --clusterrole=node-readers --group=node-readers",
      ] : [
      "Set cluster_access = true and apply again: Identity Center has made the roles by now that the clusters are to know.",
    ],
    [
      "Whoever owns the management account applies modules/organization-guard to the access account and the production accounts. It is no part of this root: who runs this must not be able to lift it.",
      "docs/verify-on-aws.md: what only the real accounts can show.",
    ],
  )
}
