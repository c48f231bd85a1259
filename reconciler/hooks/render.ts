/** Templates of hooks. */
import { UserError } from "../../shared/errors.ts";
import type { Render } from "./hook-runner.ts";

const FIELD = /\{\{-?\s*\.([A-Za-z.]+)\s*-?\}\}/g;

/** Renders plain fields such as `{{ .Status.Phase }}`. @throws UserError HOOK_FAILED for anything else */
export const renderTemplate: Render = (template, summary) => {
  const text = template.replace(FIELD, (_whole, path: string) => {
    let value: unknown = summary;
    for (const part of path.split(".")) value = Object.entries(value ?? {}).find(([key]) => key === part)?.[1];
    return value === undefined ? "<no value>" : String(value);
  });
  if (text.includes("{{")) throw new UserError("HOOK_FAILED", "the template can't be rendered");
  return text;
};
