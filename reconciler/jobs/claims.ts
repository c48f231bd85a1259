/** PersistentVolumeClaims that are made for a job: its interim volume, and the volumes that a restore fills. Pure. */
import type { VolumeClaimTemplate } from "../../shared/api/kubernetes/volume-claim-template.ts";
import { Label, LabelValue, Path, Volume } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import type { RestoreMemberView } from "../../shared/invoker/object.ts";
import { substitute, substituteObject } from "../../shared/invoker/substitution.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { validNameWithPrefix } from "../../shared/names.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { jobHosts, makesClaims } from "./host.ts";
import type { JobView, RestoreJobView } from "./view.ts";

export interface ClaimObject {
  readonly apiVersion: "v1";
  readonly kind: "PersistentVolumeClaim";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
}

export interface PlannedClaim {
  /** Of the pod's volume. */
  readonly volumeName: string;
  readonly claim: ClaimObject;
  /** Where every container has it; undefined where the member's volumeMounts say so. */
  readonly mountPath: string | undefined;
}

/** Label that tells a claim of this very run from one that somebody else made. */
function ownClaimLabels({ owner }: JobView): Readonly<Record<string, string>> {
  return { [Label.ManagedBy]: LabelValue.ManagedBy, [Label.JobOwner]: owner.uid };
}

/** @throws UserError VARIABLE_MISSING or INVALID_OBJECT */
export function planClaims(view: JobView): readonly PlannedClaim[] {
  const { interimVolumeTemplate } = view.member.spec;
  return [
    ...(interimVolumeTemplate === undefined ? [] : [interimClaim(view, interimVolumeTemplate)]),
    ...(view.verb === "restore" ? targetClaims(view) : []),
  ];
}

/**
 * Names of the claims that a restore's jobs fill. None where only the Functions know what is restored, and none where a name can't be read: no
 * job is made of that.
 */
export function filledClaims(member: RestoreMemberView): readonly string[] {
  if (!makesClaims(member)) return member.ref.kind === "PersistentVolumeClaim" ? [member.ref.name] : [];
  const names = (member.target.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? "");
  return jobHosts(member).flatMap(({ ordinal }) => names.flatMap((name) => claimName(name, ordinal)));
}

function claimName(name: string, ordinal: number | undefined): readonly string[] {
  try {
    return [substitute(name, { POD_ORDINAL: String(ordinal ?? 0) })];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** Goes with the session or restore that owns it. */
function interimClaim(view: JobView, template: VolumeClaimTemplate): PlannedClaim {
  const { owner } = view;
  const { apiVersion, kind, name, uid } = owner;
  const templateName = template.metadata?.name || "interim";
  const claim = buildClaim(view, template, validNameWithPrefix(owner.name, templateName).replaceAll(".", "-"));
  const metadata = { ...claim.metadata, ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] };
  return { volumeName: Volume.Interim, claim: { ...claim, metadata }, mountPath: Path.Interim };
}

/** They hold the restored data, so nothing owns them. */
function targetClaims(view: RestoreJobView): readonly PlannedClaim[] {
  const { ordinal } = view;
  const templates = view.member.target.volumeClaimTemplates ?? [];
  return templates.map((template, index) => {
    const where = `target.volumeClaimTemplates[${index}]`;
    const resolved = substituteObject(template, { POD_ORDINAL: String(ordinal ?? 0) }, where);
    const name = textAt(resolved, "metadata", "name");
    if (!name) {
      throw new UserError("INVALID_OBJECT", `${where}: metadata.name is missing`, { next: "Give the claim a name." });
    }
    const suffix = `-${ordinal ?? 0}`;
    const volumeName = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    requireMount(view, where, volumeName);
    const metadata = {
      labels: textMapAt(resolved, "metadata", "labels"),
      annotations: textMapAt(resolved, "metadata", "annotations"),
    };
    return { volumeName, claim: buildClaim(view, { metadata, spec: specOf(resolved) }, name), mountPath: undefined };
  });
}

/** What is not mounted would stay empty. */
function requireMount({ member }: RestoreJobView, where: string, volumeName: string): void {
  if ((member.target.volumeMounts ?? []).some((mount) => mount.name === volumeName)) return;
  throw new UserError("VOLUME_NOT_FOUND", `${where}: target.volumeMounts does not mount ${volumeName}`, {
    next: `Add a volumeMount named ${volumeName} at the path that was backed up.`,
  });
}

function specOf(resolved: unknown): NonNullable<VolumeClaimTemplate["spec"]> {
  const spec = valueAt(resolved, "spec");
  return isJsonObject(spec) ? { ...spec } : {};
}

function buildClaim(
  view: JobView,
  template: Pick<VolumeClaimTemplate, "metadata" | "spec">,
  name: string,
): ClaimObject {
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: view.owner.namespace,
      labels: { ...withoutOwnKeys(labels), ...ownClaimLabels(view) },
      ...(annotations !== undefined && { annotations }),
    },
    spec: template.spec ?? {},
  };
}
