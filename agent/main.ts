/** The agent: sidecar, init-container and job steps. Each command is loaded only when it is asked for. */
import { Command } from "../shared/contract.ts";
import { DATABASE_NAMES, databaseCommand } from "../shared/databases.ts";
import { formatUserError, messageOf, UserError } from "../shared/errors.ts";

type Run = (argv: readonly string[]) => Promise<number>;
type Load = () => Promise<{ readonly run: Run }>;

/** Those of one database: a step of a job that dumps or loads it. */
const DATABASE_COMMANDS = DATABASE_NAMES.flatMap((name): readonly (readonly [string, Load])[] => [
  [
    databaseCommand(name, "backup"),
    async () => {
      const { runDumpStep } = await import("./job/database-step.ts");
      return { run: (argv) => runDumpStep(argv, name) };
    },
  ],
  [
    databaseCommand(name, "restore"),
    async () => {
      const { runLoadStep } = await import("./job/database-step.ts");
      return { run: (argv) => runLoadStep(argv, name) };
    },
  ],
]);

const COMMANDS: Readonly<Record<string, Load>> = {
  [Command.RunBackup]: () => import("./commands/run-backup.ts"),
  [Command.Work]: () => import("./commands/work.ts"),
  [Command.Restore]: () => import("./commands/restore.ts"),
  [Command.BackupPvc]: () => import("./commands/backup-pvc.ts"),
  [Command.RestorePvc]: () => import("./commands/restore-pvc.ts"),
  ...Object.fromEntries(DATABASE_COMMANDS),
  [Command.Maintain]: () => import("./commands/maintain.ts"),
  [Command.FindRecoveryPoints]: () => import("./commands/find-recovery-points.ts"),
  [Command.Verify]: () => import("./commands/verify.ts"),
  [Command.UpdateStatus]: () => import("./commands/update-status.ts"),
  [Command.RunHook]: () => import("./commands/run-hook.ts"),
  [Command.GlobalHook]: () => import("./commands/global-hook.ts"),
  [Command.CreateBackupSession]: () => import("./commands/create-backupsession.ts"),
  [Command.Restic]: () => import("./commands/restic.ts"),
  [Command.RepositoryShell]: () => import("./commands/repository-shell.ts"),
  [Command.TryRestore]: () => import("./commands/try-restore.ts"),
  [Command.AddKey]: () => import("./commands/add-key.ts"),
};

/** Tells why the command failed, on stderr and in the pod's termination message. */
async function tellFailure(error: unknown): Promise<void> {
  const text = error instanceof UserError ? `${error.code}: ${formatUserError(error)}` : messageOf(error);
  process.stderr.write(
    `${JSON.stringify({ level: 60, time: Date.now(), program: "agent", msg: "failed", error: text })}\n`,
  );
  const { writeTermination } = await import("./termination.ts");
  writeTermination(text);
}

/** Runs the command that the first argument names. @returns the exit code; a failure is told and gives 1 */
export async function runAgent(argv: readonly string[]): Promise<number> {
  // restic asks with SIGHUP whether the owner of a lock lives; a process that has taken over that number must not die of it.
  process.on("SIGHUP", () => undefined);
  const [name = "", ...rest] = argv;
  try {
    const load = COMMANDS[name];
    if (load === undefined) {
      const known = Object.keys(COMMANDS).join(", ");
      throw new UserError("CONFIGURATION_INVALID", `no command ${JSON.stringify(name)}; known: ${known}`);
    }
    const { run } = await load();
    return await run(rest);
  } catch (error) {
    await tellFailure(error);
    return 1;
  }
}

if (import.meta.main) process.exit(await runAgent(process.argv.slice(2)));
