import { AwsFailure } from './aws-failure.ts';

/** Constraints of an API's model, refused in the words AWS's front uses: all violations in one sentence. */
export interface TextConstraint {
  readonly min?: number;
  readonly max?: number;
  /** Source of the regular expression, as the model writes it. */
  readonly pattern?: string;
  readonly required?: boolean;
}

export class ConstraintCheck {
  readonly #violations: string[] = [];

  text(name: string, value: string | undefined, { min, max, pattern, required }: TextConstraint): void {
    if (value === undefined) {
      if (required)
        this.#violations.push(
          `Value null at '${name}' failed to satisfy constraint: Member must not be null`,
        );
      return;
    }
    const violate = (constraint: string) =>
      this.#violations.push(`Value '${value}' at '${name}' failed to satisfy constraint: ${constraint}`);
    const length = [...value].length;
    if (max !== undefined && length > max) violate(`Member must have length less than or equal to ${max}`);
    if (min !== undefined && length < min) violate(`Member must have length greater than or equal to ${min}`);
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value)) {
      violate(`Member must satisfy regular expression pattern: ${pattern}`);
    }
  }

  /** The number, or the default when absent. */
  integer(
    name: string,
    value: string | undefined,
    range: { min: number; max: number; default: number },
  ): number {
    if (value === undefined) return range.default;
    if (!/^-?\d{1,15}$/.test(value)) {
      throw new AwsFailure('MalformedInput', 400, `Failed to parse the value of '${name}' as an integer`);
    }
    const number = Number(value);
    const violate = (constraint: string) =>
      this.#violations.push(`Value '${value}' at '${name}' failed to satisfy constraint: ${constraint}`);
    if (number > range.max) violate(`Member must have value less than or equal to ${range.max}`);
    if (number < range.min) violate(`Member must have value greater than or equal to ${range.min}`);
    return number;
  }

  list(name: string, length: number, max: number): void {
    if (length > max) {
      this.#violations.push(
        `Value at '${name}' failed to satisfy constraint: Member must have length less than or equal to ${max}`,
      );
    }
  }

  done(): void {
    const count = this.#violations.length;
    if (count === 0) return;
    const noun = count === 1 ? 'error' : 'errors';
    throw new AwsFailure(
      'ValidationError',
      400,
      `${count} validation ${noun} detected: ${this.#violations.join('; ')}`,
    );
  }
}

/** `Tags.member.1.Key` → the numbered entries in order; a gap ends the list, as it does for AWS. */
export function members(parameters: ReadonlyMap<string, string>, prefix: string): readonly string[] {
  const found: string[] = [];
  for (let index = 1; ; index++) {
    const value = parameters.get(`${prefix}.${index}`);
    if (value === undefined) return found;
    found.push(value);
  }
}
