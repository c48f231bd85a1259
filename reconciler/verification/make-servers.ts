/** Makes the throw-away servers of a drill's databases. What is there already was made by an earlier try. */
import { randomBytes } from "node:crypto";
import { type AppBinding, parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { CLAIMS, JOBS, SECRETS } from "../../shared/kube/resources.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { inNamespace } from "../authority.ts";
import { gatherLimitRanges, gatherNamespace } from "../jobs/gather.ts";
import { readJob } from "../jobs/object.ts";
import type { JobProblem } from "../jobs/of-target.ts";
import { gatherPodRefusal } from "../jobs/refusal.ts";
import { createOwn } from "./create-own.ts";
import { makeNetwork } from "./make-network.ts";
import { buildDrillClaim } from "./objects.ts";
import { buildServerJob, buildServerSecret, type ServerJobFacts } from "./server-objects.ts";
import type { DrillDatabase } from "./servers.ts";
import type { DrillView } from "./view.ts";

const PASSWORD_BYTES = 24;

export interface ServerPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: InjectionSettings;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** The AppBindings of databases that are there, by targetKey(). @throws KubeError */
export async function gatherBindings(
  { client, signal }: Pick<ServerPorts, "client" | "signal">,
  namespace: string,
  databases: readonly DrillDatabase[],
): Promise<ReadonlyMap<string, AppBinding>> {
  const here = inNamespace(client, namespace);
  const found = new Map<string, AppBinding>();
  for (const { ref } of databases) {
    if (found.has(targetKey(ref))) continue;
    const binding = await here.find(KINDS.AppBinding, ref.name, parseAppBinding, { signal });
    if (binding !== undefined) found.set(targetKey(ref), binding);
  }
  return found;
}

/** @param settings of the verifier @throws KubeError */
export async function gatherServerFacts(
  { client, settings: installation }: Pick<ServerPorts, "client" | "settings">,
  namespace: string,
  settings: ServerJobFacts["settings"],
  deadlineSeconds: number,
): Promise<ServerJobFacts> {
  const [facts, limitRanges] = await Promise.all([
    gatherNamespace(client, namespace),
    gatherLimitRanges(client, namespace),
  ]);
  return { settings, installation, namespace: facts, limitRanges, deadlineSeconds };
}

/**
 * @returns why a server's pod can't be made
 * @throws UserError TARGET_INVALID when a name is taken by somebody else; DRILL_NOT_POSSIBLE
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function makeServers(
  { client, settings: installation, now, signal }: ServerPorts,
  view: DrillView,
  deadlineSeconds: number,
): Promise<JobProblem | undefined> {
  const { drill, verifier } = view;
  const { namespace, uid = "" } = drill.metadata;
  if (verifier === undefined) throw new UserError("NOT_FOUND", `BackupVerifier ${drill.spec.verifier} is gone`);
  const here = inNamespace(client, namespace);
  const { storage, runtimeSettings: settings } = verifier.spec;
  const [facts] = await Promise.all([
    gatherServerFacts({ client, settings: installation }, namespace, settings, deadlineSeconds),
    makeNetwork(client, view, signal),
  ]);
  let problem: JobProblem | undefined;
  for (const server of drill.status?.servers ?? []) {
    const { name: claim, size } = server;
    const password = randomBytes(PASSWORD_BYTES).toString("hex");
    await createOwn(here, SECRETS, buildServerSecret(drill, server, password), uid, signal);
    await createOwn(here, CLAIMS, buildDrillClaim(drill, { claim, size }, storage), uid, signal);
    await createOwn(here, JOBS, buildServerJob(drill, server, facts), uid, signal);
    const job = await here.find(JOBS, server.name, readJob, { signal });
    if (job !== undefined) problem ??= await gatherPodRefusal(client, job, now.getTime());
  }
  return problem;
}
