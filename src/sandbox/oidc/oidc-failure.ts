/** Failures of the OIDC API: AWS's exception, and OAuth's own name for it in the body. */
const failures = {
  AccessDenied: [400, 'access_denied'],
  AuthorizationPending: [400, 'authorization_pending'],
  ExpiredToken: [400, 'expired_token'],
  InternalServer: [500, 'server_error'],
  InvalidClient: [401, 'invalid_client'],
  InvalidClientMetadata: [400, 'invalid_client_metadata'],
  InvalidGrant: [400, 'invalid_grant'],
  InvalidRedirectUri: [400, 'invalid_redirect_uri'],
  InvalidRequest: [400, 'invalid_request'],
  InvalidScope: [400, 'invalid_scope'],
  SlowDown: [400, 'slow_down'],
  UnauthorizedClient: [400, 'unauthorized_client'],
  UnsupportedGrantType: [400, 'unsupported_grant_type'],
} as const satisfies Record<string, readonly [number, string]>;

export type OidcFailureKind = keyof typeof failures;

export class OidcFailure extends Error {
  override readonly name = 'OidcFailure';
  readonly kind: OidcFailureKind;

  constructor(kind: OidcFailureKind, description: string) {
    super(description);
    this.kind = kind;
  }

  get status(): number {
    return failures[this.kind][0];
  }

  get oauthError(): string {
    return failures[this.kind][1];
  }
}

/** `invalid_grant` for `InvalidGrantException`; undefined for a name that is not AWS's. */
export function oauthErrorOf(exception: string): string | undefined {
  const kind = exception.replace(/Exception$/, '');
  return Object.hasOwn(failures, kind) ? failures[kind as OidcFailureKind][1] : undefined;
}
