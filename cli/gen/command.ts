/** `gen`, as people type it. */
import { BROWSE_NOTE } from "../browse/commands.ts";
import { CommandGroup, type CommandSpec, Format, Scope } from "../program/command.ts";
import { REPOSITORY_ARGUMENT, WORK_FLAGS } from "../repository-work/work-flags.ts";

export const GEN: CommandSpec = {
  name: "gen",
  group: CommandGroup.Look,
  summary: "Print restore rules for a time",
  details: `For target.rules of a restore: the snapshots that were taken together, nearest before and nearest after the time. One snapshot gives a rule for all
hosts, several give one rule a host. \`restore --at\` does it for whole applications.\n\n${BROWSE_NOTE}`,
  args: [{ name: "what", summary: "the word `rules`", choices: ["rules"] }, REPOSITORY_ARGUMENT],
  flags: [
    { flags: "--timestamp <time>", summary: "in RFC 3339, with its zone" },
    { flags: "--group-interval <duration>", summary: "snapshots within this time belong together (default: 4m)" },
    { flags: "--request-timeout <duration>", summary: "of upstream's plugin, which asks another API", isHidden: true },
    ...WORK_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: [Format.Yaml, Format.Json],
  examples: [{ line: "gen rules store --timestamp=2026-11-29T10:00:00Z", does: "rules before and after that moment" }],
  load: async () => (await import("./run.ts")).runGen,
};
