import { asJsonObject } from '../lib/json-object.ts';
import type { DeployedAlarm } from './deployment.ts';
import { type PlanResources, textOf } from './plan-resources.ts';

/** CloudWatch's alarms. In a first plan the topic that is told has no ARN yet: then it counts that one is named. */
export const collectAlarms = (resources: PlanResources): readonly DeployedAlarm[] =>
  resources.ofType('aws_cloudwatch_metric_alarm').map((resource) => {
    const { values } = resource;
    const actions = values.alarm_actions;
    const named = Array.isArray(actions)
      ? actions.length > 0
      : resources.target(resource, 'alarm_actions', ['aws_sns_topic']) !== undefined;
    return {
      name: textOf(resource, 'alarm_name') ?? resource.address,
      metric: `${textOf(resource, 'namespace') ?? ''} ${textOf(resource, 'metric_name') ?? ''}`,
      of: Object.values(asJsonObject(values.dimensions) ?? {}).map(String),
      missingIsBad: textOf(resource, 'treat_missing_data') === 'breaching',
      tells: named && values.actions_enabled !== false,
    };
  });
