/** Running the machine's own small programs (ip, mount, nsenter) with an error that says what failed. */
import { execFile } from "node:child_process";

/** The set-up programs' whole environment: nothing of a container's env may reach a program that runs as root here. */
export const SETUP_ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } as const;

/** @throws Error with the program's standard error when it does not exit with 0 */
export function runProgram(argv: readonly string[], timeoutMs = 10_000): Promise<string> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    execFile(program, args, { env: SETUP_ENV, timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${argv.join(" ")}: ${stderr.trim() || error.message}`));
    });
  });
}

/** Runs lines of shell, stopping at the first that fails. */
export function runShell(script: string, prefix: readonly string[] = []): Promise<string> {
  return runProgram([...prefix, "sh", "-c", `set -e\n${script}`]);
}

/** One word of shell that means exactly the text. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
