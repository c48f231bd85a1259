/** Looks at the machine's processes, so that tests can prove which of them are left. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";

export interface RunningProcess {
  readonly pid: number;
  /** The file name of its program, such as "etcd". */
  readonly program: string;
}

/**
 * Finds the running processes that name `text` on their command line: those of a control plane all name its folder.
 *
 * @returns sorted by program; this process is left out
 */
export async function processesThatName(text: string): Promise<RunningProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const processes = await Promise.all(
    pids.map(async (pid) => {
      // A process may end while it is looked at; one that is dead but not yet reaped has no command line.
      const commandLine = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
      return { pid: Number(pid), program: basename(commandLine.split("\0")[0] ?? ""), commandLine };
    }),
  );
  return processes
    .filter(({ commandLine }) => commandLine.includes(text))
    .map(({ pid, program }) => ({ pid, program }))
    .sort((one, other) => one.program.localeCompare(other.program));
}
