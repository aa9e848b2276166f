# Who gets into the clusters, planned against a provider that asks nobody.

mock_provider "aws" {
  mock_data "aws_iam_roles" {
    defaults = { arns = ["arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Forge-Prod-Kubernetes_0123456789abcdef"] }
  }
  mock_data "aws_eks_cluster" {
    defaults = { access_config = [{ authentication_mode = "API_AND_CONFIG_MAP", bootstrap_cluster_creator_admin_permissions = false }] }
  }
}

variables {
  clusters = ["prod-wealth-eks", "prod-wealth-batch"]
  permission_sets = {
    Forge-Prod-Kubernetes = { policy = "AmazonEKSEditPolicy", groups = ["node-readers"] }
    Forge-Wealth-ReadOnly = { policy = "AmazonEKSViewPolicy", namespaces = ["shop", "billing"] }
    Forge-Own             = { groups = ["own-readers"] }
  }
  roles         = { Forge-Prod-Emergency = "arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency" }
  role_policies = { Forge-Prod-Emergency = { policy = "AmazonEKSClusterAdminPolicy" }, Forge-BreakGlass-Offline = { policy = "AmazonEKSClusterAdminPolicy" } }
}

run "two_clusters" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }

  assert {
    condition     = length(aws_eks_access_entry.this) == 8 && length(aws_eks_access_policy_association.this) == 6
    error_message = "Each that is named, in each cluster; a role that is not there gets no entry, groups alone no policy."
  }
  assert {
    condition = (
      aws_eks_access_policy_association.this["prod-wealth-eks/Forge-Wealth-ReadOnly"].access_scope[0].type == "namespace" &&
      aws_eks_access_policy_association.this["prod-wealth-eks/Forge-Wealth-ReadOnly"].access_scope[0].namespaces == toset(["billing", "shop"]) &&
      aws_eks_access_policy_association.this["prod-wealth-batch/Forge-Prod-Kubernetes"].access_scope[0].type == "cluster" &&
      aws_eks_access_policy_association.this["prod-wealth-batch/Forge-Prod-Emergency"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    )
    error_message = "A policy is for the namespaces that are named, else for the cluster."
  }
  assert {
    condition     = data.aws_iam_roles.identity_center["Forge-Prod-Kubernetes"].name_regex == "^AWSReservedSSO_Forge-Prod-Kubernetes_[0-9a-f]+$"
    error_message = "The whole name of a permission set is looked for, not how it begins."
  }
}

# One is named, one carries the tag, one neither; and that one knows no entries, which is nobody's business here.
run "named_or_tagged" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  variables {
    clusters = ["prod-wealth-eks"]
  }
  override_data {
    target = data.aws_eks_clusters.all[0]
    values = { names = ["prod-wealth-eks", "prod-wealth-batch", "somebody-elses"] }
  }
  override_data {
    target = data.aws_eks_cluster.this["prod-wealth-batch"]
    values = {
      tags          = { forge-access = "break-glass" }
      access_config = [{ authentication_mode = "API", bootstrap_cluster_creator_admin_permissions = false }]
    }
  }
  override_data {
    target = data.aws_eks_cluster.this["somebody-elses"]
    values = {
      tags          = { forge-access = "no" }
      access_config = [{ authentication_mode = "CONFIG_MAP", bootstrap_cluster_creator_admin_permissions = true }]
    }
  }

  assert {
    condition     = output.clusters == tolist(["prod-wealth-batch", "prod-wealth-eks"])
    error_message = "What is named, and what carries the tag with its value."
  }
  assert {
    condition     = length([for key in keys(aws_eks_access_entry.this) : key if startswith(key, "somebody-elses/")]) == 0 && length(aws_eks_access_entry.this) == 8
    error_message = "A cluster without the tag lets nobody in."
  }
}

run "a_tagged_cluster_that_knows_no_entries" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  variables {
    clusters = []
  }
  override_data {
    target = data.aws_eks_clusters.all[0]
    values = { names = ["prod-wealth-batch"] }
  }
  override_data {
    target = data.aws_eks_cluster.this
    values = {
      tags          = { forge-access = "break-glass" }
      access_config = [{ authentication_mode = "CONFIG_MAP", bootstrap_cluster_creator_admin_permissions = true }]
    }
  }
  expect_failures = [data.aws_eks_cluster.this]
}

run "no_tag_looks_at_no_other" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  variables {
    tag = null
  }
  assert {
    condition     = length(data.aws_eks_clusters.all) == 0 && keys(data.aws_eks_cluster.this) == ["prod-wealth-batch", "prod-wealth-eks"]
    error_message = "null: only what is named."
  }
}

run "no_clusters" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  variables {
    clusters = []
  }
  assert {
    condition     = length(aws_eks_access_entry.this) + length(data.aws_iam_roles.identity_center) == 0
    error_message = "Without a cluster nothing is made, and nobody is asked."
  }
}

run "before_anybody_has_the_permission_set" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  override_data {
    target = data.aws_iam_roles.identity_center
    values = { arns = [] }
  }
  expect_failures = [data.aws_iam_roles.identity_center]
}

run "a_cluster_that_knows_no_entries" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  override_data {
    target = data.aws_eks_cluster.this
    values = { access_config = [{ authentication_mode = "CONFIG_MAP" }] }
  }
  expect_failures = [data.aws_eks_cluster.this]
}

run "refuses_what_eks_would_refuse" {
  command = plan
  module {
    source = "./modules/cluster-access"
  }
  variables {
    permission_sets = { Forge-Prod-Kubernetes = { policy = "cluster-admin", groups = ["system:masters"] } }
  }
  expect_failures = [var.permission_sets]
}
