/** What `--plan` shows: everything a command would do, as data. Pure planners make it, output renders it. */
export interface Plan {
  /** One sentence: what the command would achieve. */
  readonly summary: string;
  readonly steps: readonly PlanStep[];
  /** The same by hand: aws, psql or kubectl lines. Never a secret: where one goes stands `$(…)` or `***`. */
  readonly equivalents: readonly string[];
}

export type PlanStep =
  | {
      readonly kind: 'aws';
      /** Service and operation as the SDK names them, e.g. `sts AssumeRole`. */
      readonly call: string;
      /** IAM action that must be allowed; undefined for calls that IAM does not judge (sign-in). */
      readonly action: string | undefined;
      readonly resource?: string | undefined;
      readonly why: string;
    }
  | { readonly kind: 'local'; readonly what: string };
