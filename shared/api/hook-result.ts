/** What became of a hook. */
import { HookPhase, HookType } from "./closed-lists.ts";
import { count, nameText, object, oneOf, optional, required, text, time, type Value } from "./schema.ts";

export const hookResultSchema = object({
  position: optional(count, "Place among all hooks of the target, where not all of them are listed."),
  type: required(oneOf(HookType), "Which hook it was."),
  hostname: optional(nameText, "Host that it ran for."),
  podUID: optional(text, "Pod that it ran in."),
  runner: optional(text, "Process of the reconciler that runs it; unset for a hook that the host's agent runs."),
  phase: optional(oneOf(HookPhase), "How far it is."),
  startedAt: optional(time, "Recorded before it starts, so that a restarted program knows."),
  finishedAt: optional(time, "When it ended."),
  message: optional(text, "Why it failed or was skipped."),
  output: optional(text, "First and last part of what it printed."),
});
export type HookResult = Value<typeof hookResultSchema>;
