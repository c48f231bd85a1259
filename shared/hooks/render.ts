/** Templates in hooks: in commands, and in paths, headers, bodies and form values. */
import { renderTemplate } from "../go-template/render.ts";
import { type HookSummary, hookTemplateData } from "./summary.ts";

/** @throws UserError INVALID_OBJECT saying what is wrong in the template */
export function renderHook(template: string, summary: HookSummary, now: Date): string {
  return renderTemplate(template, hookTemplateData(summary), now);
}
