import type { JsonService } from '../aws/json-service.ts';
import { describeInstanceInformation } from './describe-instance-information.ts';
import { resumeSession, startSession, terminateSession } from './start-session.ts';

export const ssmService: JsonService = {
  name: 'ssm',
  target: 'AmazonSSM',
  operations: {
    DescribeInstanceInformation: describeInstanceInformation,
    ResumeSession: resumeSession,
    StartSession: startSession,
    TerminateSession: terminateSession,
  },
};
