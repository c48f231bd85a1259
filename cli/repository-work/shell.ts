/** A container with the repository's Secret, in which one restic command after another is run for a person. */
import { PassThrough, type Readable, type Writable } from "node:stream";
import { Command, Container } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { Cluster } from "../cluster/interface.ts";
import type { Input } from "../program/command.ts";
import { IMAGE_PROGRAM } from "../program/names.ts";
import { lineWriter } from "../terminal/line-writer.ts";
import { plainText } from "../terminal/plain-text.ts";
import { type ExitWords, wordsOfExit } from "./exit-words.ts";
import type { WorkView } from "./gather-work.ts";
import { awaitWorkPod, createWorkJob, removeWorkJob, type WorkPod } from "./work-pod.ts";

export interface ShellCall {
  /** Is ended with the command's output. */
  readonly stdout: Writable;
  readonly stdin?: Readable;
}

export interface Shell {
  /** Runs a command of the image. @throws UserError RESTIC_FAILED with what it said, when it fails */
  run(command: readonly string[], call: ShellCall): Promise<void>;
  /** Runs restic and gives what it prints, which must be short. @throws UserError RESTIC_FAILED */
  read(args: readonly string[]): Promise<string>;
  /** Runs restic and hands on each line that it prints. @throws UserError RESTIC_FAILED */
  lines(args: readonly string[], onLine: (line: string) => void): Promise<void>;
}

const SAID_LINES = 20;

/** Opens a shell, and takes it away whatever becomes of the work: of Ctrl-C, too. */
export async function withShell<T>(
  input: Input,
  cluster: Cluster,
  view: WorkView,
  work: (shell: Shell) => Promise<T>,
): Promise<T> {
  const order = { what: "browse", args: [Command.RepositoryShell] };
  const job = await createWorkJob(cluster, view, order, input.flags);
  const ending = new AbortController();
  let gone: Promise<void> | undefined;
  const remove = () => {
    gone ??= removeWorkJob(cluster, job, input.terminal).then(() => input.leavesBehind(undefined));
    return gone;
  };
  input.leavesBehind(`Job ${job.namespace}/${job.job} ends by itself within a minute or two`, () => {
    ending.abort(new UserError("CANCELLED", "ended by Ctrl-C", { next: "run it again" }));
    return remove();
  });
  try {
    const pod = await awaitWorkPod(cluster, job, (message) => input.terminal.note(`still waiting: ${message}`));
    const wordsOf = (exitCode: number) => wordsOfExit(exitCode, view.repository.metadata, input.programName);
    return await work(shellIn(cluster, pod, { program: view.image.command ?? IMAGE_PROGRAM, wordsOf }, ending.signal));
  } finally {
    await remove();
  }
}

function shellIn(
  cluster: Cluster,
  { namespace, pod }: WorkPod,
  { program, wordsOf }: { readonly program: readonly string[]; readonly wordsOf: (exitCode: number) => ExitWords },
  signal: AbortSignal,
): Shell {
  async function run(command: readonly string[], { stdout, stdin }: ShellCall): Promise<void> {
    const said: string[] = [];
    const { stream } = lineWriter((line) => {
      if (line.trim() !== "") said.push(plainText(line));
      if (said.length > SAID_LINES) said.shift();
    });
    const place = { pod, container: Container.Sidecar, command: [...program, ...command], signal };
    const exitCode = await cluster.exec(namespace, { ...place, stdout, stderr: stream, ...(stdin && { stdin }) });
    if (exitCode === 0) return;
    const why = said.map(readFailure).join("; ") || "it says nothing";
    const { code, next } = wordsOf(exitCode);
    throw new UserError(code, `${command.slice(0, 2).join(" ")} failed with exit code ${exitCode}: ${why}`, {
      ...(next !== undefined && { next }),
    });
  }
  async function lines(args: readonly string[], onLine: (line: string) => void): Promise<void> {
    const { stream } = lineWriter(onLine);
    await run([Command.Restic, ...args], { stdout: stream });
  }
  return {
    run,
    lines,
    async read(args) {
      const stdout = new PassThrough();
      const chunks: Buffer[] = [];
      stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      await run([Command.Restic, ...args], { stdout });
      return Buffer.concat(chunks).toString("utf8");
    },
  };
}

/** The program of the image tells its own failures as a line of its log. */
function readFailure(line: string): string {
  return /^\{.*"error":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
}
