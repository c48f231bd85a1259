/** Templates of hooks, as the agent renders them too. */
import { renderTemplate as renderGoTemplate } from "../../shared/go-template.ts";
import type { HookSummary } from "./hook-plan.ts";

/** @throws UserError INVALID_OBJECT saying what is wrong in the template */
export function renderTemplate(template: string, summary: HookSummary, now: Date): string {
  return renderGoTemplate(template, { ...summary }, now);
}
