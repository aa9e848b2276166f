output "databases" {
  description = "Databases that carry the tag: name of the cluster or instance => resource id (cluster-…, db-…), which is what IAM knows."
  # A cluster and an instance may be called alike.
  value = merge(
    local.clusters,
    { for name, id in local.instances : contains(keys(local.clusters), name) ? "${name} (instance)" : name => id },
  )
}
