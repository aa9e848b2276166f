# Which databases carry the tag, against a provider that asks nobody.

mock_provider "aws" {
  mock_data "aws_db_instances" {
    defaults = { instance_identifiers = ["ledger", "shop-1", "stray-1"] }
  }
  mock_data "aws_rds_clusters" {
    defaults = { cluster_identifiers = ["shop", "stray", "other-value"] }
  }
  override_data {
    target = data.aws_db_instance.tagged["ledger"]
    values = { resource_id = "db-LEDGER", db_cluster_identifier = "" }
  }
  override_data {
    target = data.aws_db_instance.tagged["shop-1"]
    values = { resource_id = "db-SHOP1", db_cluster_identifier = "shop" }
  }
  override_data {
    target = data.aws_db_instance.tagged["stray-1"]
    values = { resource_id = "db-STRAY1", db_cluster_identifier = "shop" }
  }
  override_data {
    target = data.aws_rds_cluster.each["shop"]
    values = { cluster_resource_id = "cluster-SHOP", tags = { forge-access = "break-glass", team = "shop" } }
  }
  override_data {
    target = data.aws_rds_cluster.each["stray"]
    values = { cluster_resource_id = "cluster-STRAY", tags = { team = "stray" } }
  }
  override_data {
    target = data.aws_rds_cluster.each["other-value"]
    values = { cluster_resource_id = "cluster-OTHER", tags = { forge-access = "no" } }
  }
}

run "those_that_carry_the_tag" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }

  assert {
    condition     = output.databases == { shop = "cluster-SHOP", ledger = "db-LEDGER" }
    error_message = "The tag with its value, on a cluster or on an instance of its own; an instance of a cluster is reached by the cluster."
  }
  assert {
    condition     = data.aws_db_instances.tagged[0].tags == tomap({ forge-access = "break-glass" })
    error_message = "Instances are looked for by key and value."
  }
}

run "an_instance_whose_cluster_is_not_tagged" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  override_data {
    target = data.aws_db_instance.tagged["stray-1"]
    values = { resource_id = "db-STRAY1", db_cluster_identifier = "stray" }
  }

  # It is a warning outside of tests.
  expect_failures = [check.whole_clusters]
}

run "another_tag" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  variables {
    tag = { key = "team", value = "stray" }
  }
  override_data {
    target = data.aws_db_instances.tagged[0]
    values = { instance_identifiers = [] }
  }

  assert {
    condition     = output.databases == { stray = "cluster-STRAY" }
    error_message = "The tag is whatever the organisation calls it."
  }
}

run "of_the_same_name" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  override_data {
    target = data.aws_db_instances.tagged[0]
    values = { instance_identifiers = ["shop"] }
  }
  override_data {
    target = data.aws_db_instance.tagged["shop"]
    values = { resource_id = "db-SHOP", db_cluster_identifier = "" }
  }

  assert {
    condition     = toset(values(output.databases)) == toset(["cluster-SHOP", "db-SHOP"])
    error_message = "A cluster and an instance of one name are two databases."
  }
}

run "none" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  override_data {
    target = data.aws_db_instances.tagged[0]
    values = { instance_identifiers = [] }
  }
  override_data {
    target = data.aws_rds_clusters.all[0]
    values = { cluster_identifiers = [] }
  }

  assert {
    condition     = length(output.databases) == 0
    error_message = "An account without a tagged database is as good as any."
  }
}

run "nobody_is_asked_without_a_tag" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  variables {
    tag = null
  }

  assert {
    condition     = length(data.aws_db_instances.tagged) + length(data.aws_rds_clusters.all) + length(data.aws_rds_cluster.each) + length(output.databases) == 0
    error_message = "null: for a plan that may not look into the account."
  }
}

run "refuses_a_tag_that_anything_carries" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  variables {
    tag = { key = "forge-access", value = "" }
  }
  expect_failures = [var.tag]
}

run "refuses_a_tag_that_nobody_can_give" {
  command = plan
  module {
    source = "./modules/tagged-databases"
  }
  variables {
    tag = { key = "aws:cloudformation:stack-name", value = "shop" }
  }
  expect_failures = [var.tag]
}
