/** Schemas of extensions whose functions work outside of the session: in S3, in Lambda, at another time, over HTTP. */
export const reachingSchema = /^(aws_\w+|cron|dbms_\w+|utl_\w+|net|rdsadmin|apg_plan_mgmt)$/;

/** The first such schema in a search_path: with it there, its functions are called by names that say nothing. */
export function findReachingSchema(searchPath: string): string | undefined {
  return searchPath
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/s, '$1'))
    .find((name) => reachingSchema.test(name.toLowerCase()));
}
