/**
 * Who may write a HostRun: nobody but the reconciler, and into its status the one pod that its spec names. Said twice, once
 * for servers that carry policies out themselves and once for the webhook; a test holds both against the same cases.
 */
import type { HostRunSpec } from "./api/host-run.ts";
import { canonicalJson } from "./hash.ts";

/** Says in a token's claims, and so in every request with it, which pod the token was made for. */
export const POD_UID_EXTRA = "authentication.kubernetes.io/pod-uid";

export interface HostRunWrite {
  readonly operation: string;
  readonly subresource: string;
  readonly username: string;
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly object: unknown;
  readonly oldObject: unknown;
}

interface Guarded {
  readonly metadata?: { readonly labels?: unknown };
  readonly spec?: { readonly pod?: Partial<HostRunSpec["pod"]> };
}

function isGuarded(value: unknown): value is Guarded {
  return typeof value === "object" && value !== null;
}

/** What must not change: the order, and the label by which it is found. */
function orderOf(value: unknown): string {
  return isGuarded(value) ? canonicalJson([value.spec ?? null, value.metadata?.labels ?? {}]) : "";
}

/**
 * Why a write is refused; undefined when it is not.
 *
 * @param writers user names of the reconciler
 */
export function refuseHostRunWrite(write: HostRunWrite, writers: readonly string[]): string | undefined {
  const { operation, subresource, username, extra, object, oldObject } = write;
  if (writers.includes(username)) return undefined;
  if (operation === "UPDATE" && subresource === "status") {
    const uids = extra[POD_UID_EXTRA] ?? [];
    const wanted = isGuarded(oldObject) ? oldObject.spec?.pod?.uid : undefined;
    const isOwn = wanted !== undefined && wanted !== "" && uids.length === 1 && uids[0] === wanted;
    return isOwn ? undefined : STATUS_REFUSED;
  }
  // Controllers of Kubernetes clean finalizers and owners away; the order stays as it is.
  if (operation === "UPDATE" && subresource === "" && orderOf(object) === orderOf(oldObject)) return undefined;
  return ORDER_REFUSED;
}

const STATUS_REFUSED = "only the pod that spec.pod names may write this status, with a token that was made for it";
const ORDER_REFUSED = "only the reconciler of stash-batch writes HostRuns";

export const POLICY_NAME = "hostruns.stash.appscode.com";
export const POLICY_GROUP = "admissionregistration.k8s.io";

const IS_STATUS = "has(request.subResource) && request.subResource == 'status'";
const UIDS = `request.userInfo.extra['${POD_UID_EXTRA}']`;
const IS_OWN_POD = [
  "request.operation == 'UPDATE'",
  "has(request.userInfo.extra)",
  `'${POD_UID_EXTRA}' in request.userInfo.extra`,
  `size(${UIDS}) == 1`,
  `${UIDS}[0] == oldObject.spec.pod.uid`,
].join(" && ");
const labelsOf = (object: string) => `(has(${object}.metadata.labels) ? ${object}.metadata.labels : {})`;
const KEEPS_ORDER = `request.operation == 'UPDATE' && object.spec == oldObject.spec && ${labelsOf("object")} == ${labelsOf("oldObject")}`;

/** The same for servers that know policies: the policy and its binding. @param writer user name of the reconciler */
export function buildHostRunPolicy(writer: string) {
  const labels = { "app.kubernetes.io/name": "stash-batch" };
  const isWriter = `request.userInfo.username == '${writer}'`;
  return {
    policy: {
      apiVersion: `${POLICY_GROUP}/v1`,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: POLICY_NAME, labels },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ["stash.appscode.com"],
              apiVersions: ["*"],
              operations: ["CREATE", "UPDATE"],
              resources: ["hostruns", "hostruns/status"],
            },
          ],
        },
        validations: [
          { expression: `!(${IS_STATUS}) || ${isWriter} || (${IS_OWN_POD})`, message: STATUS_REFUSED },
          { expression: `(${IS_STATUS}) || ${isWriter} || (${KEEPS_ORDER})`, message: ORDER_REFUSED },
        ],
      },
    },
    binding: {
      apiVersion: `${POLICY_GROUP}/v1`,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: POLICY_NAME, labels },
      spec: { policyName: POLICY_NAME, validationActions: ["Deny"] },
    },
  };
}
