/** Starts one program as a container of a pod, or beside a running one, and reports its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  buildContainerScript,
  buildLaunchArgv,
  buildLaunchSpec,
  type ContainerScript,
  LAUNCHED,
  type ProcessUser,
} from "./container-script.ts";
import { asReadable, killIfAlive, type NamespaceHolder, REPORT_PID } from "./namespace-holder.ts";
import { createOutputPipes, type OutputPipes } from "./output-pipes.ts";
import { SETUP_ENV, shellWord } from "./shell.ts";

export interface ProcessExit {
  /** 128 + number when a signal ended it. */
  readonly exitCode: number;
  readonly signal?: number;
  /** Why the program could not be executed; the exit code is then 128. */
  readonly startFailure?: string;
}

export interface RunningProcess {
  /** The program's pid as this machine numbers it. */
  readonly pid: number;
  /** Only of programs started by exec. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves after the program ended and its output was read to the end. */
  readonly exited: Promise<ProcessExit>;
  kill(signal: NodeJS.Signals): void;
}

/** The program could not be started; the message says at which step. */
export class ProcessStartError extends Error {}

/** Long enough for a loaded machine, short enough that a hung mount shows as an error. */
const START_TIMEOUT_MS = 30_000;

/**
 * The child of this becomes process 1 of the container. It reports the wait status itself: unshare of util-linux 2.38
 * turns a child's SIGKILL into exit code 1.
 */
const WAITER = [
  "my $child = fork; die unless defined $child; unless ($child) { exec { $ARGV[0] } @ARGV; exit 128 }",
  'waitpid $child, 0; open(my $report, ">&=", 3) or die; syswrite $report, "ended $?\\n";',
].join(" ");

/**
 * Starts a container: its own mount and pid namespace, the pod's network, host name and /dev.
 *
 * @throws ProcessStartError when a mount fails
 */
export async function startContainerProcess(
  pod: NamespaceHolder,
  script: ContainerScript,
  env: ReadonlyMap<string, string>,
): Promise<RunningProcess> {
  const { upper, work, root } = script.folders;
  for (const folder of [upper, work, root]) await mkdir(folder, { recursive: true });
  const pipes = await createOutputPipes(dirname(root));
  const argv = [
    ...[`--target=${pod.pid}`, "--mount", "--uts", "--ipc", "--net", "--pid", "--"],
    ...["unshare", "--mount", "--pid", "perl", "-e", WAITER, "--"],
    ...["sh", "-c", `${pipes.redirection}\n${buildContainerScript(script)}`],
  ];
  return await launch(argv, buildLaunchSpec(script.workingDir, env), "ignore", pipes);
}

export interface ExecOptions {
  readonly user: ProcessUser;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly workingDir: string;
  /** Folder of this machine for the names of the output pipes. */
  readonly pipesDir: string;
}

/** Starts a program inside a running container. @throws ProcessStartError */
export async function startExecProcess(containerPid: number, exec: ExecOptions): Promise<RunningProcess> {
  const target = `--target=${containerPid}`;
  const inner = [
    ...["nsenter", target, "--mount", "--uts", "--ipc", "--net", "--root", "--wd"],
    ...["--", ...buildLaunchArgv(exec.user, exec.argv)],
  ];
  // Two steps: the shell still sees the machine's /proc, from which it learns the number to signal.
  const pipes = await createOutputPipes(exec.pipesDir);
  const script = [pipes.redirection, REPORT_PID, `exec ${inner.map(shellWord).join(" ")}`].join("\n");
  const argv = [target, "--pid", "--", "sh", "-c", script];
  return await launch(argv, buildLaunchSpec(exec.workingDir, exec.env), "pipe", pipes);
}

async function launch(
  nsenterArgs: readonly string[],
  spec: string,
  stdin: "ignore" | "pipe",
  pipes: OutputPipes,
): Promise<RunningProcess> {
  const child: ChildProcess = spawn("nsenter", nsenterArgs, {
    env: SETUP_ENV,
    stdio: [stdin, "ignore", "ignore", "pipe", "pipe"],
  });
  const [, , , reportPipe, specPipe] = child.stdio;
  if (!reportPipe) throw new ProcessStartError("the program has no pipes");
  const report = readReport(asReadable(reportPipe));
  const ended = readExit(child, report.lines);
  if (specPipe && "end" in specPipe) {
    specPipe.on("error", () => undefined); // A set-up that failed never reads it; the report says why.
    specPipe.end(spec);
  }
  const outcome = await report.outcome;
  const pid = Number(report.lines[0]) || 0;
  await pipes.removeNames();
  if (outcome !== "launched") {
    killIfAlive(pid, "SIGKILL");
    child.kill("SIGKILL");
    await ended;
    const said = `${pipes.stderr.read() ?? ""}`.trim();
    pipes.stdout.destroy();
    pipes.stderr.destroy();
    const reasons = report.lines.slice(1).filter((line) => !WAIT_STATUS.test(line));
    throw new ProcessStartError([...reasons, said, outcome].filter((reason) => reason !== "").join("; "));
  }
  const { stdout, stderr } = pipes;
  const exited = Promise.all([ended, onceRead(stdout), onceRead(stderr)]).then(([exit]) => exit);
  return { pid, stdin: child.stdin, stdout, stderr, exited, kill: (signal) => killIfAlive(pid, signal) };
}

/** The waiter's report of a program's end. */
const WAIT_STATUS = /^ended (\d+)$/;

async function onceRead(output: Readable): Promise<void> {
  await finished(output, { writable: false }).catch(() => undefined);
}

interface StartReport {
  /** Pid, warnings of the set-up, `launched`, then why the program could not be executed. Grows. */
  readonly lines: readonly string[];
  readonly outcome: Promise<"launched" | "the set-up ended early" | "the set-up took too long">;
}

function readReport(report: Readable): StartReport {
  const lines: string[] = [];
  const reader = createInterface({ input: report });
  const launched = new Promise<"launched" | "the set-up ended early">((resolve) => {
    reader.on("line", (line) => {
      lines.push(line);
      if (line === LAUNCHED) resolve("launched");
    });
    reader.on("close", () => resolve("the set-up ended early"));
  });
  const late = new AbortController();
  const timeout = delay(START_TIMEOUT_MS, "the set-up took too long" as const, { signal: late.signal });
  const outcome = Promise.race([launched, timeout]).finally(() => late.abort());
  timeout.catch(() => undefined); // Rejects when the wait is over, as asked.
  return { lines, outcome };
}

function readExit(child: ChildProcess, reported: readonly string[]): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ exitCode: 128, startFailure: error.message }));
    child.once("close", (code, signal) => {
      const launchedAt = reported.indexOf(LAUNCHED);
      const after = launchedAt < 0 ? [] : reported.slice(launchedAt + 1);
      const failure = after.filter((line) => !WAIT_STATUS.test(line)).join("; ");
      const status = after.map((line) => WAIT_STATUS.exec(line)?.[1]).find((number) => number !== undefined);
      if (failure !== "") resolve({ exitCode: 128, startFailure: failure });
      else if (status !== undefined) resolve(decodeWaitStatus(Number(status)));
      else resolve(signal === null ? { exitCode: code ?? 128 } : endedBy(constants.signals[signal]));
    });
  });
}

/** The number that wait(2) gives: the signal in the low seven bits, or the exit code in the second byte. */
function decodeWaitStatus(status: number): ProcessExit {
  const signal = status & 0x7f;
  return signal === 0 ? { exitCode: (status >> 8) & 0xff } : endedBy(signal);
}

function endedBy(signal: number): ProcessExit {
  return { exitCode: 128 + signal, signal };
}
