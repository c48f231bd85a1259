/**
 * As whom the containers of a job run. Our own meet Pod Security `restricted` wherever the data allows.
 *
 * | # | container | data | runs as |
 * |---|---|---|---|
 * | 1 | ours | a dump, or nothing | 65534, unless a local backend needs rows 2 to 4 |
 * | 2 | ours | a volume that a pod mounts as a known user | that user |
 * | 3 | ours | any other volume, where the namespace enforces `restricted` or `runAsNonRoot` is true | 65534 |
 * | 4 | ours | any other volume | 0 with DAC_OVERRIDE; a restore also CHOWN and FOWNER |
 * | 5 | another's | | as the pod: upstream's user, 65535 or 0 for a restore |
 */
import type { ContainerSecurityContext } from "../../shared/api/kubernetes/pod.ts";
import { buildSecurityContext, decideRunsAs } from "../../shared/injection/security-context.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import type { JobStep } from "./resolve-steps.ts";
import type { JobView } from "./view.ts";

const NOBODY = 65534;
/** What upstream's jobs run as, and what its addons are made for. */
const UPSTREAM_USER = 65535;

/** Of every pod, where nobody says otherwise. */
export const POD_SECURITY = { seccompProfile: { type: "RuntimeDefault" } } as const;

const NOBODY_TEMPLATE: JsonObject = { spec: { securityContext: { runAsUser: NOBODY, runAsGroup: NOBODY } } };
const UNKNOWN_TEMPLATE: JsonObject = { spec: {} };

/** Whose files the job works on: a pod that mounts the claim tells its user. */
function dataTemplate(view: JobView): { readonly podTemplate: JsonObject; readonly volumeNames: readonly string[] } {
  const hasFiles = view.claim !== undefined || (view.verb === "restore" && view.ordinal !== undefined);
  const isLocal = view.repository.spec.backend?.local !== undefined;
  if (!hasFiles && !isLocal) return { podTemplate: NOBODY_TEMPLATE, volumeNames: [] };
  const user = view.claimUsers[0];
  return user === undefined
    ? { podTemplate: UNKNOWN_TEMPLATE, volumeNames: [] }
    : { podTemplate: user.podTemplate, volumeNames: user.volumeNames };
}

/** @returns an object with `securityContext`, or an empty one where the pod's own counts */
export function stepSecurityContext(
  view: JobView,
  step: JobStep,
  override: ContainerSecurityContext | undefined,
): { readonly securityContext?: JsonObject } {
  if (!step.isOurs) return override === undefined ? {} : { securityContext: override };
  const forbidden = view.member.spec.runtimeSettings?.pod?.securityContext?.runAsNonRoot === true;
  const wanted = forbidden ? { ...override, runAsNonRoot: true } : override;
  const runsAs = decideRunsAs({ ...dataTemplate(view), namespace: view.namespace, override: wanted });
  return { securityContext: buildSecurityContext(runsAs, wanted, view.verb) };
}

/** Of the pod: the user's, else what other programs than ours need. */
export function podSecurityContext(view: JobView, steps: readonly JobStep[]): JsonObject {
  const own = view.member.spec.runtimeSettings?.pod?.securityContext;
  if (own !== undefined) return own;
  if (steps.every(({ isOurs }) => isOurs)) return POD_SECURITY;
  const root = { runAsUser: 0, runAsGroup: 0 };
  return { ...POD_SECURITY, ...(view.verb === "restore" ? root : { runAsUser: UPSTREAM_USER }) };
}
