import type { JsonService } from '../aws/json-service.ts';
import { describeDocument } from './describe-document.ts';
import { describeInstanceInformation } from './describe-instance-information.ts';
import { describeSessions, getConnectionStatus } from './describe-sessions.ts';
import {
  cancelCommand,
  getCommandInvocation,
  listCommandInvocations,
  listCommands,
} from './list-commands.ts';
import { sendCommand } from './send-command.ts';
import { resumeSession, startSession, terminateSession } from './start-session.ts';

export const ssmService: JsonService = {
  name: 'ssm',
  target: 'AmazonSSM',
  operations: {
    CancelCommand: cancelCommand,
    DescribeDocument: describeDocument,
    DescribeInstanceInformation: describeInstanceInformation,
    DescribeSessions: describeSessions,
    GetCommandInvocation: getCommandInvocation,
    GetConnectionStatus: getConnectionStatus,
    ListCommandInvocations: listCommandInvocations,
    ListCommands: listCommands,
    ResumeSession: resumeSession,
    SendCommand: sendCommand,
    StartSession: startSession,
    TerminateSession: terminateSession,
  },
};
