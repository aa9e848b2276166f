import type { JsonService } from '../json-service.ts';
import { generateDataKey } from './generate-data-key.ts';

export const kmsService: JsonService = {
  name: 'kms',
  target: 'TrentService',
  operations: { GenerateDataKey: generateDataKey },
};
