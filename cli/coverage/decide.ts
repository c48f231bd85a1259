/** Which workloads and claims are backed up, and by whom. Pure. */
import type { AppBinding } from "../../shared/api/app-binding.ts";
import { Annotation, Label } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { saysOptOut } from "../../shared/injection/opt-out.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { labelledMember } from "../../shared/invoker/labelled-member.ts";
import { type BackupInvokerView, type BackupMemberView, isJobMember } from "../../shared/invoker/object.ts";
import { textAt } from "../../shared/json/value.ts";
import { appAddress } from "../../shared/target/app-binding.ts";
import { volumesWithClaims } from "../../shared/target/claim-volumes.ts";
import { targetKey } from "../../shared/target/ref.ts";

export const CoverageState = {
  Uncovered: "Uncovered",
  Part: "Part",
  OptedOut: "OptedOut",
  Covered: "Covered",
} as const;
export type CoverageState = (typeof CoverageState)[keyof typeof CoverageState];

export interface CoverageRow {
  readonly state: CoverageState;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** Who backs it up. */
  readonly by: readonly string[];
  readonly why: string;
  /** What to type or to write, where something lacks. */
  readonly add: string | undefined;
}

export interface CoverageView {
  readonly workloads: readonly WorkloadFacts[];
  /** As the API server sent them. */
  readonly claims: readonly unknown[];
  readonly invokers: readonly BackupInvokerView[];
  readonly appBindings: readonly AppBinding[];
  readonly services: readonly unknown[];
  /** Names of namespaces that opt out of every injection. */
  readonly optedOutNamespaces: ReadonlySet<string>;
}

/** What tells who backs a workload up. */
export type SaversView = Pick<CoverageView, "invokers" | "appBindings" | "services">;

const ORDER: readonly CoverageState[] = Object.values(CoverageState);

/** What is not covered first. */
export function decideCoverage(view: CoverageView): readonly CoverageRow[] {
  const workloads = view.workloads.flatMap((workload) => workloadRow(workload, view) ?? []);
  const claims = view.claims.flatMap((claim) => claimRow(claim, view) ?? []);
  const nameOf = ({ namespace, kind, name }: CoverageRow) => `${namespace}/${kind}/${name}`;
  return [...workloads, ...claims].sort(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || nameOf(a).localeCompare(nameOf(b)),
  );
}

/** A member that saves the workload, and who has it. */
export interface Saver {
  readonly by: string;
  /** Name of the member there. */
  readonly member: string;
  /** Whether a Job does it, instead of a sidecar in the pods. */
  readonly isJob: boolean;
  /** Volumes that are saved; undefined: all that it has, in its own way. */
  readonly volumes: readonly string[] | undefined;
}

function workloadRow(workload: WorkloadFacts, view: CoverageView): CoverageRow | undefined {
  const volumes = volumesWithClaims(workload);
  if (volumes.length === 0) return undefined;
  const { namespace, kind, name } = workload;
  const savers = saversOf(workload, view);
  const by = [...new Set(savers.map((saver) => saver.by))];
  const facts = { namespace, kind, name, by };
  const isOut = saysOptOut(workload) || view.optedOutNamespaces.has(namespace);
  if (savers.length === 0 && isOut) {
    return {
      ...facts,
      state: CoverageState.OptedOut,
      why: "it or its namespace says inject: disabled",
      add: undefined,
    };
  }
  if (savers.length === 0) return { ...facts, state: CoverageState.Uncovered, ...uncovered(workload, volumes, view) };
  const saved = savers.flatMap((saver) => saver.volumes ?? volumes.map((volume) => volume.name));
  const lacking = volumes.filter((volume) => !saved.includes(volume.name));
  if (lacking.length === 0) return { ...facts, state: CoverageState.Covered, why: "it is named", add: undefined };
  const names = lacking.map((volume) => volume.name);
  return {
    ...facts,
    state: CoverageState.Part,
    why: `volume ${names.join(", ")} is in no volumeMounts`,
    add: `volumeMounts: ${lacking.map((volume) => `{name: ${volume.name}, mountPath: ${volume.path ?? "/PATH"}}`).join(", ")}`,
  };
}

/** Everybody who backs the workload up. */
export function saversOf(workload: WorkloadFacts, view: SaversView): readonly Saver[] {
  const key = targetKey(workload);
  const named = view.invokers.flatMap((invoker) => {
    const members = invoker.members.filter((member) => targetKey(member.ref) === key);
    return members.map((member): Saver => ({ ...saverOf(invoker, member), volumes: savedVolumes(member) }));
  });
  return [...named, ...labelledSavers(workload, view), ...databaseSavers(workload, view)];
}

function saverOf(invoker: BackupInvokerView, member: BackupMemberView): Omit<Saver, "volumes"> {
  return { by: describe(invoker), member: member.alias ?? member.ref.name, isJob: isJobMember(member) };
}

const describe = ({ kind, namespace, name }: Pick<BackupInvokerView, "kind" | "namespace" | "name">) =>
  `${kind} ${namespace}/${name}`;

function savedVolumes(member: BackupMemberView): readonly string[] | undefined {
  return isJobMember(member) ? undefined : (member.target.volumeMounts ?? []).map(({ name }) => name);
}

/** By the label of a batch. A blueprint makes a BackupConfiguration, which names the workload. */
function labelledSavers(workload: WorkloadFacts, { invokers }: SaversView): readonly Saver[] {
  const label = workload.labels[Label.BackupBatch];
  const batch = invokers.find(({ kind, namespace, name }) => {
    return kind === "BackupBatch" && namespace === workload.namespace && name === label;
  });
  if (batch === undefined) return [];
  const member = workload.annotations[Annotation.Alias] ?? workload.name;
  return [{ by: describe(batch), member, isJob: false, volumes: labelledVolumes(workload) }];
}

function labelledVolumes(workload: WorkloadFacts): readonly string[] {
  try {
    return (labelledMember(workload).target?.volumeMounts ?? []).map(({ name }) => name);
  } catch {
    // An annotation that can't be read saves nothing.
    return [];
  }
}

/** AppBindings that are backed up, whose Service leads to the workload's pods: their dump is the data. */
function databaseSavers(workload: WorkloadFacts, { invokers, appBindings, services }: SaversView): readonly Saver[] {
  const podLabels = textMapAt(workload.podTemplate, "metadata", "labels");
  return invokers.flatMap((invoker) =>
    invoker.members.flatMap((member): Saver[] => {
      const { ref } = member;
      if (ref.kind !== "AppBinding" || ref.namespace !== workload.namespace) return [];
      const service = serviceOf(appBindings.find((one) => isNamed(one, ref.namespace, ref.name)));
      const selector = textMapAt(
        services.find((one) => isNamed(one, workload.namespace, service ?? "")),
        "spec",
        "selector",
      );
      const entries = Object.entries(selector);
      const leadsHere = entries.length > 0 && entries.every(([key, value]) => podLabels[key] === value);
      return leadsHere ? [{ ...saverOf(invoker, member), volumes: undefined }] : [];
    }),
  );
}

function isNamed(object: unknown, namespace: string, name: string): boolean {
  return textAt(object, "metadata", "namespace") === namespace && textAt(object, "metadata", "name") === name;
}

/** Name of the Service: the first label of the address. An address that can't be read leads nowhere. */
function serviceOf(appBinding: AppBinding | undefined): string | undefined {
  try {
    return appBinding && appAddress(appBinding).host.split(".")[0];
  } catch (thrown) {
    if (thrown instanceof UserError) return undefined;
    throw thrown;
  }
}

type Missing = Pick<CoverageRow, "why" | "add">;

function uncovered(
  workload: WorkloadFacts,
  volumes: ReturnType<typeof volumesWithClaims>,
  { invokers }: CoverageView,
): Missing {
  const { namespace, kind, name, labels } = workload;
  const label = labels[Label.BackupBatch];
  if (label !== undefined) {
    return {
      why: `its label names BackupBatch ${label}, which does not exist`,
      add: `correct the label ${Label.BackupBatch}`,
    };
  }
  const batch = invokers.find((invoker) => invoker.kind === "BackupBatch" && invoker.namespace === namespace);
  const mounts = volumes.map((volume) => `${volume.name}:${volume.path ?? "/PATH"}`).join(",");
  const object = `${kind.toLowerCase()}/${name}`;
  const why = "no batch names it";
  if (batch === undefined)
    return { why, add: `make a BackupBatch in ${namespace} with it as a member (docs/your-application.md)` };
  return {
    why,
    add:
      `kubectl -n ${namespace} annotate ${object} ${Annotation.VolumeMounts}=${mounts} && ` +
      `kubectl -n ${namespace} label ${object} ${Label.BackupBatch}=${batch.name}`,
  };
}

/** A claim that no workload of ours mounts: those of workloads are told with them. */
function claimRow(claim: unknown, view: CoverageView): CoverageRow | undefined {
  const namespace = textAt(claim, "metadata", "namespace") ?? "";
  const name = textAt(claim, "metadata", "name") ?? "";
  const isMounted = view.workloads.some((workload) => {
    return workload.namespace === namespace && volumesWithClaims(workload).some((volume) => volume.holds(name));
  });
  const kind = "PersistentVolumeClaim";
  const key = targetKey({ kind, namespace, name });
  const by = view.invokers.filter(({ members }) => members.some(({ ref }) => targetKey(ref) === key)).map(describe);
  if (by.length > 0)
    return { state: CoverageState.Covered, namespace, kind, name, by, why: "it is named", add: undefined };
  if (isMounted) return undefined;
  return {
    state: CoverageState.Uncovered,
    namespace,
    kind,
    name,
    by,
    why: "no batch names it, and no workload mounts it",
    add: `members: [{target: {alias: ${name}, ref: {apiVersion: v1, kind: ${kind}, name: ${name}}}, task: {name: pvc-backup}}]`,
  };
}
