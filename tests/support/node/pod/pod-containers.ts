/** Makes the containers of one pod: gathers what each needs from spec, image and volumes, and starts it. */
import { mkdirSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { type ProcessExit, startContainerProcess, startExecProcess } from "../sandbox/container-process.ts";
import type { EtcFiles, PodSandbox } from "../sandbox/pod-sandbox.ts";
import { buildServiceEnv } from "../services/service-names.ts";
import { gatherMounts } from "../volumes/container-mounts.ts";
import { listMemoryVolumes, type PodVolumes } from "../volumes/pod-volumes.ts";
import { ContainerConfigError, gatherEnv } from "./container-env.ts";
import { ContainerLog, readLog } from "./container-log.ts";
import { ImageMissingError } from "./container-outcome.ts";
import type { LiveContainer } from "./container-supervisor.ts";
import { expandReferences } from "./expansion.ts";
import type { PodFacts } from "./field-refs.ts";
import { readImageAccount } from "./image-account.ts";
import type { PodContext } from "./pod-context.ts";
import { readProcessUser, readUid } from "./process-user.ts";

export interface PodParts {
  readonly context: PodContext;
  readonly dir: string;
  readonly hostname: string;
  readonly sandbox: PodSandbox;
  readonly etc: EtcFiles;
  readonly volumes: PodVolumes;
  readonly facts: PodFacts;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A kubelet takes no more of a termination message. */
const MESSAGE_BYTES = 4_096;
const LOG_MESSAGE = { bytes: 2_048, lines: 80 } as const;

/** @throws ImageMissingError, ContainerConfigError, ProcessStartError */
export async function startPodContainer(
  parts: PodParts,
  pod: V1Pod,
  container: V1Container,
  restartCount: number,
): Promise<LiveContainer> {
  const { context, sandbox } = parts;
  const image = context.images[container.image ?? ""];
  if (image === undefined) throw new ImageMissingError(`image ${container.image} is not in the node's table`);
  const uid = readUid(pod, container, image.user);
  const account = await readImageAccount(image.root ?? "/", uid);
  const user = readProcessUser(pod, container, uid, account);
  const services = buildServiceVariables(parts, pod);
  const stated = await gatherEnv({ pod, container, facts: parts.facts, reader: context.reader, services });
  // References see what the spec states, not what the image brings.
  const argv = buildArgv(container, image.command, stated);
  const env = new Map([...buildImageEnv(parts, image.env ?? {}, account.home), ...stated]);
  const own = join(parts.dir, "containers", container.name);
  // Each run begins with the image as it is: what an earlier one wrote outside of volumes is gone.
  const folders = {
    lower: image.root ?? "/",
    upper: join(own, `${restartCount}`, "upper"),
    work: join(own, `${restartCount}`, "work"),
    root: join(own, "root"),
    dev: sandbox.devFolder,
  };
  await rm(join(own, `${restartCount - 1}`), { recursive: true, force: true });
  await mkdir(own, { recursive: true });
  const mounts = await gatherMounts({
    container,
    image,
    volumes: parts.volumes,
    env: stated,
    etc: parts.etc,
    terminationLog: terminationLogOf(parts.dir, container.name),
    memoryVolumes: new Set(listMemoryVolumes(pod, "").map(({ folder }) => folder)),
  });
  const workingDir = container.workingDir ?? "/";
  const readOnlyRoot = container.securityContext?.readOnlyRootFilesystem === true;
  const script = { folders, mounts, readOnlyRoot, workingDir, user, argv };
  const process = await startContainerProcess(sandbox.holder, script, env);
  const log = new ContainerLog(logPathOf(parts.dir, container.name, restartCount));
  process.stdout.on("data", (chunk: Buffer) => log.append("stdout", chunk));
  process.stderr.on("data", (chunk: Buffer) => log.append("stderr", chunk));
  return { process, log, user, env, workingDir, pipesDir: own };
}

function buildImageEnv(parts: PodParts, imageEnv: Readonly<Record<string, string>>, home: string): Map<string, string> {
  const own = { PATH, HOME: home, HOSTNAME: parts.hostname };
  return new Map(Object.entries({ ...own, ...imageEnv }));
}

function buildServiceVariables({ context }: PodParts, pod: V1Pod): Map<string, string> {
  const linksWanted = pod.spec?.enableServiceLinks !== false;
  const env = buildServiceEnv(pod.metadata?.namespace ?? "", context.services.list(), linksWanted);
  if (context.network.mode === "namespaces" && pod.spec?.hostNetwork !== true) return env;
  // Without cluster IPs the API server is where this process itself finds it.
  const { hostname, port } = context.api.serverUrl;
  env.set("KUBERNETES_SERVICE_HOST", hostname);
  for (const name of ["KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS"]) env.set(name, port);
  return env;
}

function buildArgv(
  container: V1Container,
  entryPoint: readonly string[] | undefined,
  env: ReadonlyMap<string, string>,
): readonly string[] {
  const expand = (words: readonly string[]): readonly string[] => words.map((word) => expandReferences(word, env));
  const command = container.command === undefined ? (entryPoint ?? []) : expand(container.command);
  const argv = [...command, ...expand(container.args ?? [])];
  if (argv.length === 0) throw new ContainerConfigError("neither the container nor its image has a command");
  return argv;
}

/** Runs a command in a container to its end. A late one is killed and counts as failed. */
export async function execToEnd(
  live: LiveContainer,
  argv: readonly string[],
  timeoutMs: number,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const { user, env, workingDir, pipesDir } = live;
  const process = await startExecProcess(live.process.pid, { user, env, workingDir, pipesDir, argv });
  process.stdin?.end();
  const chunks: Buffer[] = [];
  for (const stream of [process.stdout, process.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const waiting = new AbortController();
  const late = delay(timeoutMs, "late" as const, { signal: waiting.signal }).catch(() => "ended" as const);
  const outcome = await Promise.race([late, process.exited]);
  waiting.abort();
  if (outcome === "late" || outcome === "ended") {
    process.kill("SIGKILL");
    return { exitCode: 137, output: `command timed out after ${timeoutMs} ms` };
  }
  return { exitCode: outcome.exitCode, output: outcome.startFailure ?? Buffer.concat(chunks).toString("utf8") };
}

/** The container's own message, or the end of its log when it failed without one and asked for that. */
export async function readTerminationMessage(
  dir: string,
  container: V1Container,
  exit: ProcessExit,
  restartCount: number,
): Promise<string | undefined> {
  const message = await readFile(terminationLogOf(dir, container.name), "utf8").catch(() => "");
  if (message !== "") return message.slice(0, MESSAGE_BYTES);
  if (container.terminationMessagePolicy !== "FallbackToLogsOnError" || exit.exitCode === 0) return undefined;
  const path = logPathOf(dir, container.name, restartCount);
  const log = readLog(path, { tailLines: LOG_MESSAGE.lines, timestamps: false }).subarray(-LOG_MESSAGE.bytes);
  return log.length === 0 ? undefined : log.toString("utf8");
}

export function logPathOf(dir: string, container: string, restartCount: number): string {
  const folder = join(dir, "logs", container);
  mkdirSync(folder, { recursive: true });
  return join(folder, `${restartCount}.log`);
}

function terminationLogOf(dir: string, container: string): string {
  return join(dir, "containers", container, "termination-log");
}
