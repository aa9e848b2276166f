/** A failure that somebody ordered, to see what a client makes of it. */
export interface Fault {
  /** `sts`, `rds`, `sso` (portal), `sso-oidc`; `*` for any. */
  readonly service: string;
  /** Operation name; `*` for any. */
  readonly operation: string;
  /** HTTP status, 500 unless said. */
  readonly status: number;
  /** Error code on the wire; undefined with `delayMs` or `drop` alone: the call then goes on as usual. */
  readonly error: string | undefined;
  readonly message: string;
  readonly delayMs: number;
  /** The connection is cut instead of an answer. */
  readonly drop: boolean;
  /** How many calls it hits. */
  readonly times: number;
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The fault for this call, counted. */
  take(service: string, operation: string): Fault | undefined;
}

export function createFaults(): Faults {
  let pending: { fault: Fault; left: number }[] = [];
  const fits = (wanted: string, actual: string) => wanted === '*' || wanted === actual;
  return {
    add: (fault) => void pending.push({ fault, left: fault.times }),
    clear() {
      pending = [];
    },
    take(service, operation) {
      const found = pending.find(
        ({ fault }) => fits(fault.service, service) && fits(fault.operation, operation),
      );
      if (!found) return undefined;
      found.left--;
      pending = pending.filter((entry) => entry.left > 0);
      return found.fault;
    },
  };
}
