/**
 * Entry point of the image: `stash-batch COMMAND ...`. Each part is loaded only when its command is asked for, so that the
 * sidecar never pays for the webhook. Commands of upstream's image keep their names; all others are those of `kubectl stash`.
 */
import { Command } from "../shared/contract.ts";
import { DATABASE_NAMES, databaseCommand } from "../shared/databases.ts";

type Run = (args: readonly string[]) => Promise<number>;

/** It ends with its command, whatever timer or connection is left: a pod that is told to end waits for it. */
const agent =
  (command: string): Run =>
  async (args) =>
    process.exit(await (await import("../agent/main.ts")).runAgent([command, ...args]));

const webhook: Run = async (args) => (await import("../webhook/main.ts")).runWebhook(args, process.env);
const reconciler: Run = async (args) => (await import("../reconciler/main.ts")).runReconciler(args, process.env);

/** The programs of the image; every other command of the contract is the agent's. */
const PROGRAMS: ReadonlyMap<string, Run> = new Map([
  ...[
    ...Object.values(Command),
    ...DATABASE_NAMES.flatMap((name) => [databaseCommand(name, "backup"), databaseCommand(name, "restore")]),
  ].map((command) => [command, agent(command)] as const),
  [Command.Webhook, webhook],
  [Command.Reconciler, reconciler],
]);

const [command = "", ...args] = process.argv.slice(2);
const program = PROGRAMS.get(command);
if (program !== undefined) process.exitCode = await program(args);
else {
  const { main } = await import("./kubectl-stash.ts");
  await main(process.argv.slice(2), "stash-batch", `Programs of the image:\n  ${[...PROGRAMS.keys()].join(", ")}`);
}
