/** Looks at an installation through the API server, and says what is wrong and what to do. */
import { Install } from "../../shared/contract.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { systemClock } from "../../shared/kube/clock.ts";
import { createDiscovery } from "../../shared/kube/discovery.ts";
import { createKubeClient } from "../../shared/kube/http-client.ts";
import { openCluster } from "../cluster/open-cluster.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { isData, printData } from "../terminal/print.ts";
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
import { checkPrograms, gatherPrograms, readVariant } from "./programs.ts";
import { checkRights, findMissingRights } from "./rights.ts";
import { inspectUpstream } from "./upstream.ts";

const ACCOUNTS = ["stash-batch-webhook", "stash-batch-reconciler"];
const TIME_LIMIT_MS = 60_000;

export interface Places {
  /** Of the installation. */
  readonly namespace: string;
  /** Not one that the webhook leaves alone. */
  readonly probeNamespace: string;
}

/** @returns Fault when something is at fault; warnings are none */
export async function runDoctor(input: Input): Promise<ExitCode> {
  const { flags, terminal } = input;
  const { connection } = await openCluster(input);
  const client = createKubeClient({ connection, program: "doctor" });
  try {
    const findings = await inspectInstallation(client, {
      namespace: flags.text("namespace") ?? Install.Namespace,
      probeNamespace: flags.text("probe-namespace") ?? "default",
    });
    if (isData(input.format)) printData(input, { findings });
    else terminal.print(formatFindings(findings));
    return findings.some(({ status }) => status === FindingStatus.Fault) ? ExitCode.Fault : ExitCode.Good;
  } finally {
    client.close();
  }
}

/** Everything, from what the rest stands on to what stands on the rest. */
export async function inspectInstallation(
  client: KubeClient,
  { namespace, probeNamespace }: Places,
): Promise<readonly Finding[]> {
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
