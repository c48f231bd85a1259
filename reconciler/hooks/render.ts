/** Templates of hooks, as the agent renders them too. */
import { renderTemplate as renderGoTemplate } from "../../shared/go-template.ts";
import { type HookSummary, hookTemplateData } from "../../shared/hooks/summary.ts";

/** @throws UserError INVALID_OBJECT saying what is wrong in the template */
export function renderTemplate(template: string, summary: HookSummary, now: Date): string {
  return renderGoTemplate(template, hookTemplateData(summary), now);
}
