# Who gets into the clusters. Identity Center makes a role for a permission set only when it is given to somebody in the
# account, and with letters in its name that nobody can foresee: so this is applied after access-account, and looks for them.

locals {
  # Where there is no cluster nobody is looked for.
  permission_sets = { for name, access in var.permission_sets : name => access if length(local.clusters) > 0 }
  clusters = toset([
    for name, cluster in data.aws_eks_cluster.this : name
    if contains(var.clusters, name) || try(cluster.tags[var.tag.key] == var.tag.value, false)
  ])
}

# Asked when Terraform plans: a tag lets nobody in before somebody has applied a plan, and one that is taken away shuts them out
# with the next apply. Clusters can't be listed by tag, so each is looked at.
data "aws_eks_clusters" "all" {
  count = var.tag == null ? 0 : 1
}

data "aws_iam_roles" "identity_center" {
  for_each = local.permission_sets

  path_prefix = "/aws-reserved/sso.amazonaws.com/"
  name_regex  = "^AWSReservedSSO_${replace(each.key, "/([.+])/", "\\$1")}_[0-9a-f]+$"

  lifecycle {
    postcondition {
      condition     = length(self.arns) == 1
      error_message = "The account has ${length(self.arns)} roles of the permission set ${each.key}, not one: apply access-account first (an assignment makes the role), with cluster_access = false."
    }
  }
}

data "aws_eks_cluster" "this" {
  for_each = setunion(var.clusters, flatten([for found in data.aws_eks_clusters.all : tolist(found.names)]))

  name = each.key

  lifecycle {
    postcondition {
      condition = try(self.access_config[0].authentication_mode, "CONFIG_MAP") != "CONFIG_MAP" || !(
        contains(var.clusters, each.key) || try(self.tags[var.tag.key] == var.tag.value, false)
      )
      error_message = "The cluster ${each.key} knows no access entries, only the ConfigMap aws-auth. Switch it, which can't be undone: aws eks update-cluster-config --name ${each.key} --access-config authenticationMode=API_AND_CONFIG_MAP. What is in aws-auth goes on to count."
    }
  }
}

locals {
  principals = merge(
    { for name, access in local.permission_sets : name => {
      arn        = one(data.aws_iam_roles.identity_center[name].arns)
      policy     = access.policy
      namespaces = access.namespaces
      groups     = access.groups
    } },
    { for name, access in var.role_policies : name => merge(access, { arn = var.roles[name] }) if contains(keys(var.roles), name) },
  )
  entries = merge([
    for cluster in local.clusters : {
      for name, access in local.principals : "${cluster}/${name}" => merge(access, { cluster = cluster })
    }
  ]...)
}

resource "aws_eks_access_entry" "this" {
  for_each = local.entries

  # By the data source, so that a cluster that knows no entries is said before anything is made.
  cluster_name      = data.aws_eks_cluster.this[each.value.cluster].name
  principal_arn     = each.value.arn
  kubernetes_groups = each.value.groups
  type              = "STANDARD"
}

resource "aws_eks_access_policy_association" "this" {
  for_each = { for key, entry in local.entries : key => entry if entry.policy != null }

  cluster_name  = aws_eks_access_entry.this[each.key].cluster_name
  principal_arn = aws_eks_access_entry.this[each.key].principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/${each.value.policy}"

  access_scope {
    type       = length(each.value.namespaces) == 0 ? "cluster" : "namespace"
    namespaces = length(each.value.namespaces) == 0 ? null : each.value.namespaces
  }
}
