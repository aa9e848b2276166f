import type { PolicyDocument } from '../iam/policy.ts';

/** Every kind of session on every instance, ended only by whoever began it: what people have outside production. */
export const everydaySessions: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: 'ssm:StartSession',
      Resource: [
        'arn:aws:ec2:*:*:instance/*',
        'arn:aws:ssm:*:*:managed-instance/*',
        'arn:aws:ecs:*:*:task/*',
        'arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell',
        'arn:aws:ssm:*::document/AWS-Start*',
      ],
      Condition: { BoolIfExists: { 'ssm:SessionDocumentAccessCheck': 'true' } },
    },
    {
      Effect: 'Allow',
      Action: ['ssm:TerminateSession', 'ssm:ResumeSession'],
      Resource: 'arn:aws:ssm:*:*:session/*',
      Condition: { StringLike: { 'ssm:resourceTag/aws:ssmmessages:session-id': `\${aws:userid}` } },
    },
    {
      Effect: 'Allow',
      Action: 'kms:GenerateDataKey',
      Resource: 'arn:aws:kms:*:*:key/*',
      Condition: { StringLike: { 'kms:EncryptionContext:aws:ssm:SessionId': '*' } },
    },
  ],
};
