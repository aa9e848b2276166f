import { parseCallerArn } from './caller-arn.ts';

/**
 * The name that goes into RoleSessionName, SourceIdentity, database application names and the journal. Identity
 * Center puts the user name into the role's ARN; an IAM user has its own. A role session that a program named
 * says nothing about a person, so there the operating system's user stands in.
 */
export function personName(callerArn: string | undefined, userName: string): string {
  const caller = callerArn === undefined ? undefined : parseCallerArn(callerArn);
  const named =
    caller?.kind === 'assumed-role'
      ? caller.sessionName
      : caller?.kind === 'user' || caller?.kind === 'federated-user'
        ? caller.name
        : undefined;
  return toSessionName(named === undefined || namedByProgram.test(named) ? userName : named);
}

/** What SDKs, EC2 and scripts put there: `botocore-session-1700000000`, `i-0abc…`, `dev-psql-1700000000`. */
const namedByProgram =
  /^(?:botocore-session-|aws-sdk-|aws-go-sdk-|AWSCLI-Session|i-[0-9a-f]{8,}$)|^[^@]*\d{9,}$/;

/** `[\w+=,.@-]{2,64}`, the characters that STS takes. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function toSessionName(text: string): string {
  if (/^[A-Za-z0-9_+=,.@-]{2,64}$/.test(text)) return text;
  const legal = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_+=,.@-]/g, '-')
    .slice(0, 64);
  return legal.length >= 2 ? legal : `${legal || 'x'}-forge`;
}
