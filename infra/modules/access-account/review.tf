# The documents of this account with ids that stand in for those of groups that are not there yet. forge infra check takes
# them where a plan says "known after apply", and judges what is deployed itself when it reads the state.

locals {
  # By the address, within this module, of the argument that each is in the place of.
  review = {
    group_ids = local.ids.review
    documents = merge(
      {
        for set, document in local.documents.review.permission_sets :
        "aws_ssoadmin_permission_set_inline_policy.set[\"${set}\"].inline_policy" => document
      },
      {
        for handler, document in local.documents.review.handlers :
        "aws_iam_role_policy.handler[\"${handler}\"].policy" => document
      },
      {
        for bucket, document in local.documents.review.buckets :
        "aws_s3_bucket_policy.bucket[\"${bucket}\"].policy" => document
      },
      {
        for handler, variables in local.function_environments.review :
        "aws_lambda_function.handler[\"${handler}\"].environment" => jsonencode(variables)
      },
      {
        "aws_s3_object.policy.content"             = local.policies.review
        "aws_sfn_state_machine.session.definition" = local.workflow.review
      },
    )
  }
}
