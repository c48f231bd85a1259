/** `stash-batch doctor`: looks at an installation through the API server, and says what is wrong and what to do. */
import { formatUserError, messageOf, UserError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { systemClock } from "../../shared/kube/clock.ts";
import { findConnection } from "../../shared/kube/connect.ts";
import { createDiscovery } from "../../shared/kube/discovery.ts";
import { createKubeClient } from "../../shared/kube/http-client.ts";
import {
  checkMutation,
  checkValidation,
  inspectTrust,
  probeMutation,
  probeValidation,
  serverTimeOf,
} from "./admission.ts";
import { checkClocks, gatherLeases } from "./clocks.ts";
import { checkDefinitions, checkVersion, findDefinitions } from "./definitions.ts";
import { type Finding, FindingStatus, formatFindings } from "./finding.ts";
import { DOCTOR_USAGE, type DoctorOptions, parseDoctorArgs } from "./options.ts";
import { checkPrograms, gatherPrograms, readVariant } from "./programs.ts";
import { checkRights, findMissingRights } from "./rights.ts";
import { inspectUpstream } from "./upstream.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const ACCOUNTS = ["stash-batch-webhook", "stash-batch-reconciler"];
const TIME_LIMIT_MS = 60_000;

/** @returns exit code: 0 without faults, 1 with one or when the cluster can't be looked at, 2 for wrong flags */
export async function runDoctor(args: readonly string[], env: Environment): Promise<number> {
  let options: DoctorOptions | "help";
  try {
    options = parseDoctorArgs(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${DOCTOR_USAGE}`);
    return 2;
  }
  if (options === "help") {
    console.log(DOCTOR_USAGE);
    return 0;
  }
  try {
    const findings = await examine(options, env);
    console.log(options.isJson ? JSON.stringify({ findings }, null, 2) : formatFindings(findings));
    return findings.some(({ status }) => status === FindingStatus.Fault) ? 1 : 0;
  } catch (error) {
    console.error(error instanceof UserError ? formatUserError(error) : messageOf(error));
    return 1;
  }
}

async function examine(options: DoctorOptions, env: Environment): Promise<readonly Finding[]> {
  const { kubeconfigPath } = options;
  const connection = await findConnection({ env, ...(kubeconfigPath !== undefined && { kubeconfigPath }) });
  const client = createKubeClient({ connection, program: "doctor" });
  try {
    return await inspect(client, options);
  } finally {
    client.close();
  }
}

/** Everything, from what the rest stands on to what stands on the rest. */
async function inspect(client: KubeClient, options: DoctorOptions): Promise<readonly Finding[]> {
  const { namespace, probeNamespace } = options;
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  const version = await createDiscovery(client, systemClock).serverVersion();
  const definitions = await findDefinitions(client);
  const programs = await gatherPrograms(client, namespace);
  const variant = readVariant(programs);
  const mutation = await probeMutation(client, probeNamespace);
  const nowMs = Date.now();
  const leases = await gatherLeases(client, namespace);
  return [
    checkVersion(version),
    ...checkDefinitions(definitions),
    ...checkPrograms(programs),
    ...checkRights(await findMissingRights(client, namespace, variant), ACCOUNTS),
    ...(await inspectTrust(client, namespace, nowMs, signal)),
    checkValidation(await probeValidation(client, probeNamespace)),
    checkMutation(mutation),
    ...checkClocks(leases, serverTimeOf(mutation) ?? nowMs, nowMs),
    await inspectUpstream(client),
  ];
}
