import type { QueryService } from '../query-service.ts';
import {
  createAccessKey,
  deleteAccessKey,
  getAccessKeyLastUsed,
  listAccessKeys,
  updateAccessKey,
} from './access-keys.ts';
import {
  createPolicyVersion,
  deletePolicyVersion,
  getPolicy,
  getPolicyVersion,
  listPolicyVersions,
} from './policy-versions.ts';

export const iamService: QueryService = {
  name: 'iam',
  version: '2010-05-08',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  operations: {
    GetPolicy: getPolicy,
    GetPolicyVersion: getPolicyVersion,
    ListPolicyVersions: listPolicyVersions,
    CreatePolicyVersion: createPolicyVersion,
    DeletePolicyVersion: deletePolicyVersion,
    CreateAccessKey: createAccessKey,
    ListAccessKeys: listAccessKeys,
    UpdateAccessKey: updateAccessKey,
    DeleteAccessKey: deleteAccessKey,
    GetAccessKeyLastUsed: getAccessKeyLastUsed,
  },
};
