# Which databases of an account and region carry the tag. AWS is asked when Terraform plans: so a tag gives nothing before
# somebody has read a plan with the database in it and applied it, and what it gave goes with the next apply after it.
#
# RDS itself is asked. The tagging API would do it in one call, and goes on to name databases that are deleted.

data "aws_db_instances" "tagged" {
  count = var.tag == null ? 0 : 1

  tags = { (var.tag.key) = var.tag.value }
}

data "aws_db_instance" "tagged" {
  for_each = toset(flatten(data.aws_db_instances.tagged[*].instance_identifiers))

  db_instance_identifier = each.key
}

# They can't be listed by tag.
data "aws_rds_clusters" "all" {
  count = var.tag == null ? 0 : 1
}

data "aws_rds_cluster" "each" {
  for_each = toset(flatten([for found in data.aws_rds_clusters.all : tolist(found.cluster_identifiers)]))

  cluster_identifier = each.key
}

locals {
  clusters = {
    for name, cluster in data.aws_rds_cluster.each : name => cluster.cluster_resource_id
    if try(cluster.tags[var.tag.key] == var.tag.value, false)
  }
  # An instance of a cluster is logged in to by the cluster's id: it is the cluster that must carry the tag.
  instances = {
    for name, instance in data.aws_db_instance.tagged : name => instance.resource_id
    if try(length(instance.db_cluster_identifier), 0) == 0
  }
  only_members = sort([
    for name, instance in data.aws_db_instance.tagged : "${name} of ${instance.db_cluster_identifier}"
    if try(length(instance.db_cluster_identifier), 0) > 0 && !contains(keys(local.clusters), coalesce(instance.db_cluster_identifier, "-"))
  ])
}

# A warning, and not an error: whoever tags a database must not be able to stop everybody's plans.
check "whole_clusters" {
  assert {
    condition     = length(local.only_members) == 0
    error_message = "These instances carry the tag and their cluster does not, so nobody gets into them by it: ${join(", ", local.only_members)}. Tag the cluster."
  }
}
