/** Who asks, as authentication found out. */
export interface KubernetesUser {
  readonly username: string;
  readonly uid: string;
  /** Without system:authenticated, which everybody has who comes this far. */
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** What EKS's access entry of the principal grants, beside what the groups are granted by the cluster. */
  readonly policies: readonly AssociatedPolicy[];
}

export interface AssociatedPolicy {
  readonly policy: AccessPolicyName;
  /** Namespaces of the access scope, `*` within a name understood; undefined: the whole cluster. */
  readonly namespaces: readonly string[] | undefined;
}

/** The access policies that the stand-in knows, as their ARNs end: arn:aws:eks::aws:cluster-access-policy/… */
export type AccessPolicyName =
  | 'AmazonEKSViewPolicy'
  | 'AmazonEKSEditPolicy'
  | 'AmazonEKSAdminPolicy'
  | 'AmazonEKSAdminViewPolicy'
  | 'AmazonEKSClusterAdminPolicy';
