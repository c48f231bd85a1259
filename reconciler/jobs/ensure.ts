/** Makes what a job's plan says. Every name is deterministic: what exists already was made by an earlier try. */
import { Label } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { CLAIMS, JOBS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from "../../shared/kube/resources.ts";
import { type NamespaceClient, requireInside } from "../authority.ts";
import { isAsWanted } from "../write/as-wanted.ts";
import type { PlannedClaim } from "./claims.ts";
import { type JobFact, readJob } from "./object.ts";
import type { JobPlan } from "./plan.ts";

/**
 * Makes rights, claims and the job itself, in this order.
 *
 * @param here the namespace of the session or restore
 * @returns the job, whether it was made now or before
 * @throws UserError TARGET_INVALID when a claim or a job of the name belongs to somebody else
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function ensureJob(here: NamespaceClient, plan: JobPlan): Promise<JobFact> {
  requireInside(here.namespace, plan.namespace, `job ${plan.name}`);
  const known = await findJob(here, plan);
  if (known !== undefined) return known;
  const { rights } = plan;
  if (rights.account !== undefined) await ensureObject(here, SERVICE_ACCOUNTS, rights.account, ["metadata"]);
  // An invoker that was deleted and made anew has another uid: what belongs to the old one is about to be collected.
  await ensureObject(here, ROLES, rights.role, ["metadata", "rules"]);
  await ensureBinding(here, rights.binding);
  for (const claim of plan.claims) await ensureClaim(here, claim, plan.ownerUid);
  try {
    return await here.create(JOBS, plan.job, requireJob);
  } catch (error) {
    const made = isAlreadyExists(error) ? await findJob(here, plan) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

function requireJob(raw: unknown): JobFact {
  const job = readJob(raw);
  if (job === undefined) throw new UserError("INTERNAL", `job ${textAt(raw, "metadata", "name") ?? ""} is not ours`);
  return job;
}

async function findJob(here: NamespaceClient, plan: JobPlan): Promise<JobFact | undefined> {
  const found = await here.find(JOBS, plan.name, (raw) => ({ job: readJob(raw) }));
  if (found === undefined) return undefined;
  if (found.job?.ownerUid === plan.ownerUid) return found.job;
  throw new UserError("TARGET_INVALID", `a job named ${plan.namespace}/${plan.name} belongs to somebody else`, {
    next: "Delete that job, or rename it.",
  });
}

/** Creates the object, or brings the given fields of the one that exists to what they should be (L94). */
async function ensureObject(
  here: NamespaceClient,
  resource: Resource,
  wanted: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Promise<void> {
  const name = textAt(wanted, "metadata", "name") ?? "";
  try {
    await here.create(resource, wanted, asIs);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await here.find(resource, name, asIs);
    // Gone in the meantime: the next try makes it.
    if (existing === undefined) throw error;
    requireOurs(existing, resource, `${here.namespace}/${name}`);
    const body = Object.fromEntries(fields.map((field) => [field, wanted[field]]));
    if (isAsWanted(existing, body)) return;
    await here.patch(resource, name, { kind: "merge", body }, asIs);
  }
}

function requireOurs(existing: unknown, resource: Resource, what: string): void {
  if (textMapAt(existing, "metadata", "labels")[Label.AgentRights] === "true") return;
  throw new UserError("TARGET_INVALID", `${resource.plural} ${what} exists and is not ours`, {
    next: "Rename it, or name a ServiceAccount in runtimeSettings.pod.serviceAccountName.",
  });
}

/** The role of a binding can't be changed, but its subjects can. */
async function ensureBinding(here: NamespaceClient, binding: Readonly<Record<string, unknown>>): Promise<void> {
  await ensureObject(here, ROLE_BINDINGS, binding, ["metadata", "subjects"]);
}

/** A claim that another made is never filled: what it holds is not ours to overwrite (L45). */
async function ensureClaim(here: NamespaceClient, { claim }: PlannedClaim, ownerUid: string): Promise<void> {
  const { name, namespace } = claim.metadata;
  try {
    await here.create(CLAIMS, claim, asIs);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await here.find(CLAIMS, name, asIs);
    if (existing === undefined) throw error;
    if (textMapAt(existing, "metadata", "labels")[Label.JobOwner] === ownerUid) return;
    throw new UserError("TARGET_INVALID", `volume claim ${namespace}/${name} exists already`, {
      next: "Delete it if its data is not needed, or restore into the workload that uses it.",
    });
  }
}

/** Ends a job whose session does not need it any more; its pods go with it. @returns false when it was gone */
export async function endJob(
  here: NamespaceClient,
  job: Pick<JobFact, "namespace" | "name" | "uid">,
): Promise<boolean> {
  requireInside(here.namespace, job.namespace, `the end of job ${job.name}`);
  return here.delete(JOBS, job.name, { uid: job.uid, propagationPolicy: "Background" });
}
