/** Runs the built kubectl plugin as people do. */
import { spawn } from "node:child_process";

export interface PluginRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface PluginOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Is called with all of the output so far; what it returns is sent as a signal. */
  readonly onOutput?: (stdout: string, stderr: string) => NodeJS.Signals | undefined;
  /** How the output is read: as text by default. */
  readonly encoding?: "base64";
  /** What it may read from its input; nothing by default. */
  readonly input?: string;
  /** Closes the output after so many bytes, as `head` does. */
  readonly closesAfterBytes?: number;
}

/** @param file the plugin */
export function runPlugin(file: string, args: readonly string[], options: PluginOptions = {}): Promise<PluginRun> {
  const { env = {}, nodeArgs = [], onOutput, closesAfterBytes, encoding, input = "" } = options;
  const startedMs = performance.now();
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [...nodeArgs, file, ...args], { env: { PATH, HOME, ...env } });
  let stdout = "";
  let stderr = "";
  let isSent = false;
  const look = () => {
    const signal = isSent ? undefined : onOutput?.(stdout, stderr);
    if (signal === undefined) return;
    isSent = true;
    child.kill(signal);
  };
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  if (encoding !== undefined) child.stdout.setEncoding(encoding);
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
    if (closesAfterBytes !== undefined && stdout.length >= closesAfterBytes) child.stdout.destroy();
    look();
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
    look();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) =>
      resolve({ exitCode, signal, stdout, stderr, tookMs: performance.now() - startedMs }),
    );
  });
}
