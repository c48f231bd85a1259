/**
 * Entry point of the image: `stash-batch COMMAND ...`. Each part is loaded only when its command is asked for, so that the
 * sidecar never pays for the webhook. Commands of upstream's image keep their names.
 */
import { Command } from "../shared/contract.ts";

const HELP = `usage: stash-batch COMMAND [flags]

  webhook               answer admission reviews
  reconciler            schedule sessions, sequence members, run hooks
  run-backup            sidecar: back up this pod's data when its turn comes
  restore               init-container: restore this pod's data when its turn comes
  create-backupsession  start a session of an invoker now
  explain               say what the webhook decides about a workload, and why
  doctor                say what is wrong with an installation, and what to do
  uninstall             take an installation out of a cluster
  version               print the version

Each command explains its flags with --help.`;

const AGENT_COMMANDS: readonly string[] = [
  Command.RunBackup,
  Command.Work,
  Command.Restore,
  Command.BackupPvc,
  Command.RestorePvc,
  Command.BackupMysql,
  Command.RestoreMysql,
  Command.BackupMariadb,
  Command.RestoreMariadb,
  Command.BackupPostgres,
  Command.RestorePostgres,
  Command.UpdateStatus,
  Command.RunHook,
  Command.GlobalHook,
  Command.Maintain,
  Command.FindRecoveryPoints,
  Command.CreateBackupSession,
];

async function run(command: string | undefined, args: readonly string[]): Promise<number> {
  if (command !== undefined && AGENT_COMMANDS.includes(command)) {
    return (await import("../agent/main.ts")).runAgent([command, ...args]);
  }
  switch (command) {
    case Command.Webhook:
      return (await import("../webhook/main.ts")).runWebhook(args, process.env);
    case Command.Reconciler:
      return (await import("../reconciler/main.ts")).runReconciler(args, process.env);
    case "explain":
      return (await import("./explain/main.ts")).runExplain(args, process.env);
    case "doctor":
      return (await import("./doctor/main.ts")).runDoctor(args, process.env);
    case "uninstall":
      return (await import("./uninstall/main.ts")).runUninstall(args, process.env);
    case "version":
      console.log((await import("../package.json", { with: { type: "json" } })).default.version);
      return 0;
    case "help":
    case "--help":
    case "-h":
      console.log(HELP);
      return 0;
    default:
      console.error(command === undefined ? HELP : `unknown command ${JSON.stringify(command)}\n\n${HELP}`);
      return 2;
  }
}

process.exitCode = await run(process.argv[2], process.argv.slice(3));
