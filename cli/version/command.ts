/** `version`, as people type it. */
import { readProductVersion } from "../../shared/product-version.ts";
import { CommandGroup, type CommandSpec, Scope, TEXT_OR_DATA } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { isData, printData } from "../terminal/print.ts";

export const VERSION: CommandSpec = {
  name: "version",
  group: CommandGroup.Program,
  summary: "Print the version",
  scope: Scope.None,
  formats: TEXT_OR_DATA,
  examples: [{ line: "version", does: "which version this is" }],
  load: async () => async (input) => {
    const version = await readProductVersion();
    if (isData(input.format)) printData(input, { version });
    else input.terminal.print(version);
    return ExitCode.Good;
  },
};
