/** Prints what the pods of a run log. */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import { PODS } from "../cluster/resources.ts";
import { hasEnded, type RunObject, readRun } from "../objects/read-run.ts";
import { parseRunWords, type RunWord } from "../objects/run-words.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import type { Terminal } from "../terminal/interface.ts";
import { lineWriter } from "../terminal/line-writer.ts";
import { plainText } from "../terminal/plain-text.ts";
import { formatLogLine, type HostPod, logContainers, podsOfRun } from "./places.ts";

const POLL_MS = 1_000;
/** After the run's end its pods have said all; what is under way still arrives. */
const REST_MS = 1_000;

export async function runLogs(input: Input): Promise<ExitCode> {
  const word = parseRunWords(input.words);
  const cluster = await openCluster(input);
  const follower = new LogFollower(cluster, input.terminal, word);
  const wanted = input.flags.list("member");
  let { object: run } = await readRun(cluster, word);
  const follows = !input.flags.isOff("follow") && !hasEnded(run);
  if (follows) input.leavesBehind(`${word.kind} ${cluster.namespace}/${word.name} goes on in the cluster`);
  for (;;) {
    await follower.open(run, hostsOf(run, wanted), follows);
    if (!follows || hasEnded(run)) break;
    await sleep(POLL_MS);
    run = (await readRun(cluster, word)).object;
  }
  await (follows ? sleep(REST_MS) : follower.end());
  follower.stop();
  if (follower.isEmpty()) input.terminal.note("no pod has been given work yet");
  return follower.hasMissed() ? ExitCode.Partial : ExitCode.Good;
}

function hostsOf(run: RunObject, wanted: readonly string[]): readonly HostPod[] {
  const hosts = podsOfRun(run);
  const members = hosts.map(({ member }) => member);
  const unknown = hasEnded(run) ? wanted.filter((member) => !members.includes(member)) : [];
  if (unknown.length > 0) {
    throw new UsageError(
      `no member ${unknown.join(", ")} has worked`,
      `members that have: ${[...new Set(members)].join(", ")}`,
    );
  }
  return wanted.length === 0 ? hosts : hosts.filter(({ member }) => wanted.includes(member));
}

/** Opens each container's log once, and puts the member's name before each line. */
class LogFollower {
  readonly #cluster: Cluster;
  readonly #terminal: Terminal;
  readonly #isRestore: boolean;
  readonly #opened = new Set<string>();
  readonly #missed = new Set<string>();
  readonly #ends: Promise<void>[] = [];
  readonly #stops: AbortController[] = [];

  constructor(cluster: Cluster, terminal: Terminal, word: RunWord) {
    this.#cluster = cluster;
    this.#terminal = terminal;
    this.#isRestore = word.kind !== "BackupSession";
  }

  async open(run: RunObject, hosts: readonly HostPod[], follow: boolean): Promise<void> {
    const since = run.metadata.creationTimestamp;
    for (const host of hosts) await this.#openHost(host, run.metadata.namespace, since, follow);
  }

  async #openHost(host: HostPod, namespace: string, since: string | undefined, follow: boolean): Promise<void> {
    const pod = await this.#cluster.find(PODS, namespace, host.pod);
    const isSame = pod !== undefined && (host.podUid === undefined || textAt(pod, "metadata", "uid") === host.podUid);
    if (!isSame) {
      this.#miss(host, `pod ${host.pod} is gone, and its log with it`);
      return;
    }
    for (const container of logContainers(pod, this.#isRestore)) {
      // A pod may serve several hosts; its log is one.
      const key = `${host.pod}/${container}`;
      if (this.#opened.has(key)) continue;
      this.#opened.add(key);
      const place = host.host === host.member ? host.member : `${host.member} ${host.host}`;
      const { stream, end } = lineWriter((line) =>
        this.#terminal.print(plainText(`[${place}] ${formatLogLine(line)}`)),
      );
      try {
        this.#stops.push(await this.#cluster.copyLog(namespace, { pod: host.pod, container, follow, since }, stream));
        this.#ends.push(end);
      } catch (thrown) {
        this.#miss(host, messageOf(thrown));
      }
    }
  }

  #miss({ member, host, pod }: HostPod, why: string): void {
    const key = `${member}/${host}/${pod}`;
    const isKnown = this.#missed.has(key) || [...this.#opened].some((one) => one.startsWith(`${pod}/`));
    if (isKnown) return;
    this.#missed.add(key);
    this.#terminal.note(`[${member}] ${why}`);
  }

  /** Resolves when all that is open has ended by itself. */
  async end(): Promise<void> {
    await Promise.all(this.#ends);
  }

  stop(): void {
    for (const one of this.#stops) one.abort();
  }

  hasMissed(): boolean {
    return this.#missed.size > 0;
  }

  isEmpty(): boolean {
    return this.#opened.size + this.#missed.size === 0;
  }
}
