/** Looks at an installation through the API server, and says what is wrong and what to do. */
import { writeFile } from "node:fs/promises";
import { systemClock } from "../../shared/clock.ts";
import { Install } from "../../shared/contract.ts";
import { gatherDefinitions } from "../../shared/definitions/gather.ts";
import { messageOf } from "../../shared/errors.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { readProductVersion } from "../../shared/product-version.ts";
import { formatSize } from "../../shared/size.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { buildTarball } from "../tarball.ts";
import { isData, printData } from "../terminal/print.ts";
import {
  checkMutation,
  checkValidation,
  inspectTrust,
  probeMutation,
  probeValidation,
  serverTimeOf,
} from "./admission.ts";
import { gatherBundle } from "./bundle/gather.ts";
import { checkClocks, gatherLeases } from "./clocks.ts";
import { checkDefinitions, checkPublished, checkVersion, findDefinitions } from "./definitions.ts";
import { type Finding, FindingStatus, formatFindings } from "./finding.ts";
import { lookAt } from "./look-at.ts";
import { checkPrograms, gatherPrograms, readVariant } from "./programs.ts";
import { checkRights, findMissingRights, UNKNOWN_VARIANT } from "./rights.ts";
import { inspectSnapshotApi, inspectUpstream } from "./upstream.ts";

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
    const bundle = flags.text("bundle");
    if (bundle !== undefined) await writeBundle(input, client, bundle, findings);
    if (isData(input.format)) printData(input, { findings });
    else terminal.print(formatFindings(findings));
    return findings.some(({ status }) => status === FindingStatus.Fault) ? ExitCode.Fault : ExitCode.Good;
  } finally {
    client.close();
  }
}

/** What support needs, in one file for its owner alone. */
async function writeBundle(
  { flags, terminal }: Input,
  client: KubeClient,
  path: string,
  findings: readonly Finding[],
): Promise<void> {
  const namespace = flags.text("namespace") ?? Install.Namespace;
  const server = await createDiscovery(client, systemClock).serverVersion();
  const versions = { plugin: await readProductVersion(), server, node: process.version };
  const tarball = buildTarball(await gatherBundle(client, { namespace, findings, versions }), Date.now());
  try {
    await writeFile(path, tarball, { mode: 0o600 });
  } catch (thrown) {
    throw new UsageError(`the bundle can't be written: ${messageOf(thrown)}`, "name another file with --bundle");
  }
  terminal.note(`${path} holds what support needs, ${formatSize(tarball.length)}; look into it before you send it`);
}

/** Everything, from what the rest stands on to what stands on the rest. */
export async function inspectInstallation(
  client: KubeClient,
  { namespace, probeNamespace }: Places,
): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  const version = await createDiscovery(client, systemClock).serverVersion();
  const programs = await lookAt("programs", () => gatherPrograms(client, namespace), checkPrograms);
  const variant = programs.seen === undefined ? UNKNOWN_VARIANT : readVariant(programs.seen);
  const mutation = await probeMutation(client, probeNamespace);
  const nowMs = Date.now();
  const serverMs = serverTimeOf(mutation) ?? nowMs;
  const leases = await lookAt(
    "clocks",
    () => gatherLeases(client, namespace),
    (seen) => checkClocks(seen, serverMs, nowMs),
  );
  const place = { namespace, usesCertManager: variant.usesCertManager };
  const trust = await lookAt(
    "webhook configurations and certificate",
    () => inspectTrust(client, place, nowMs, signal),
    (seen) => seen,
  );
  const upstream = await lookAt(
    "upstream Stash",
    () => inspectUpstream(client),
    (seen) => [seen],
  );
  const snapshots = await lookAt(
    "Snapshot API",
    () => inspectSnapshotApi(client, namespace),
    (seen) => [seen],
  );
  return [
    checkVersion(version),
    ...(await inspectDefinitions(client)),
    ...programs.findings,
    ...checkRights(await findMissingRights(client, namespace, variant), ACCOUNTS),
    ...trust.findings,
    checkValidation(await probeValidation(client, probeNamespace)),
    checkMutation(mutation),
    ...leases.findings,
    ...upstream.findings,
    ...snapshots.findings,
  ];
}

/** Whoever may not read definitions may read what is published of them. */
async function inspectDefinitions(client: KubeClient): Promise<readonly Finding[]> {
  const read = await lookAt("definitions", () => findDefinitions(client), checkDefinitions);
  if (read.seen !== undefined) return read.findings;
  const published = await gatherDefinitions(client, undefined, {});
  return published === undefined ? read.findings : checkPublished(published.schemas);
}
