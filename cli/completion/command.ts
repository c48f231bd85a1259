/** `completion`, as people type it, and what the shells ask by it. */
import { CommandGroup, type CommandSpec, Scope } from "../program/command.ts";
import { Completion, SHELLS } from "./words.ts";

export const COMPLETION: CommandSpec = {
  name: "completion",
  group: CommandGroup.Program,
  summary: "Print a script that completes commands, flags and names",
  details: `For \`kubectl stash\` itself kubectl completes: put the program under the name kubectl_complete-stash on the PATH, too.
The scripts are for the program's own name, kubectl-stash.`,
  args: [{ name: "shell", summary: "which shell", choices: SHELLS }],
  scope: Scope.None,
  formats: [],
  examples: [
    { line: "completion bash > /etc/bash_completion.d/kubectl-stash", does: "for bash" },
    { line: "completion zsh > ~/.zsh/completions/_kubectl-stash", does: "for zsh" },
    { line: "completion fish > ~/.config/fish/completions/kubectl-stash.fish", does: "for fish" },
  ],
  load: async () => (await import("./run.ts")).runCompletion,
};

/** Asked by the scripts, and by kubectl under the name kubectl_complete-stash. */
export const COMPLETE: CommandSpec = {
  name: Completion.Command,
  group: CommandGroup.Program,
  summary: "Answer what may stand at the end of a command line",
  args: [{ name: "words", summary: "the line so far; the last one may be a part or empty", isMany: true }],
  scope: Scope.None,
  formats: [],
  examples: [{ line: '__complete trigger ""', does: "which batches there are to trigger" }],
  isHidden: true,
  takesAnything: true,
  load: async () => (await import("./run.ts")).runComplete,
};
