/** `ui`, as people type it. */
import { CommandGroup, type CommandSpec, Scope } from "../program/command.ts";

export const UI: CommandSpec = {
  name: "ui",
  group: CommandGroup.See,
  summary: "Look at everything in a browser",
  details: `Serves pages on 127.0.0.1 until Ctrl-C, with your own rights: the API server decides what you see, and nothing is installed. The address signs in one
browser, once. It only looks; with --allow-actions it backs up and restores, too, after the plan was shown and the name was typed.`,
  flags: [
    { flags: "--allow-actions", summary: "back up and restore, too (default: only look)" },
    { flags: "--port <number>", summary: "port on 127.0.0.1 (default: any that is free)" },
    { flags: "--no-open", summary: "print the address, and start no browser" },
  ],
  scope: Scope.Namespaces,
  formats: [],
  examples: [
    { line: "ui -A", does: "all applications of the cluster" },
    {
      line: "ui -n shop --allow-actions --no-open",
      does: "one namespace, with restores, for a browser that you start yourself",
    },
  ],
  load: async () => (await import("./run.ts")).runUi,
};
