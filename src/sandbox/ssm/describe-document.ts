import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation } from '../aws/json-service.ts';
import { requiredText, requirePermission } from './fields.ts';
import { ownDocuments } from './own-documents.ts';
import { powerShellDocument, shellDocument } from './send-command.ts';
import { documentArn, isPublished } from './session-documents.ts';

/** From: Systems Manager API Reference, DescribeDocument. Those that StartSession and SendCommand take here. */
export const describeDocument: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const { account } = caller.principal;
  const name = requiredText(fields, 'Name', 128);
  request.note({ name });
  requirePermission(request, 'ssm:DescribeDocument', documentArn(name, account, region));
  const own = ownDocuments(account, region);
  const stored = Object.hasOwn(own, name) ? own[name] : undefined;
  const command = name === shellDocument || name === powerShellDocument;
  if (stored === undefined && !command && !isPublished(name))
    throw new AwsFailure('InvalidDocument', 400, `Document with name ${name} does not exist.`);
  return {
    Document: {
      Name: name,
      Owner: name.startsWith('AWS-') ? 'Amazon' : account,
      ...(stored === undefined ? {} : { Description: stored.description }),
      SchemaVersion: command ? '2.2' : '1.0',
      DocumentType: command ? 'Command' : 'Session',
      DocumentFormat: 'JSON',
      DocumentVersion: '1',
      Status: stored?.status ?? 'Active',
      CreatedDate: world.now() / 1000,
    },
  };
};
