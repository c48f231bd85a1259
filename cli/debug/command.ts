/** `debug`, as people type it: upstream's names and flags. */
import { CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const DEBUG: CommandSpec = {
  name: "debug",
  group: CommandGroup.Check,
  summary: "Print everything that tells why a backup or restore fails",
  details: `Versions, the batch or restore, its Repository, what each session that did not succeed says of itself, and what its pods logged. \`debug operator\`
prints what the programs of the installation logged last; it needs the rights for that.`,
  args: [{ name: "what", summary: "backup, restore or operator", choices: ["backup", "restore", "operator"] }],
  flags: [
    { flags: "--backupbatch <name>", summary: "backup: a BackupBatch", completes: Completes.Invoker },
    { flags: "--backupconfig <name>", summary: "backup: a BackupConfiguration", completes: Completes.Invoker },
    { flags: "--restorebatch <name>", summary: "restore: a RestoreBatch", completes: Completes.Restore },
    { flags: "--restoresession <name>", summary: "restore: a RestoreSession", completes: Completes.Restore },
    { flags: "--installation <namespace>", summary: "operator: namespace of the installation (default: stash-batch)" },
  ],
  scope: Scope.Namespace,
  formats: [],
  examples: [
    { line: "debug backup --backupbatch=shop", does: "why it fails" },
    { line: "debug restore --restorebatch=shop-restore", does: "the same of a restore" },
    { line: "debug operator", does: "what the programs said" },
  ],
  load: async () => (await import("./run.ts")).runDebug,
};
