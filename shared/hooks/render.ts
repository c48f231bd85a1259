/** Templates in hooks: in commands, and in paths, headers, bodies and form values. */
import { renderTemplate, renderTemplates } from "../go-template/render.ts";
import { type HookSummary, hookTemplateData } from "./summary.ts";

/** @throws UserError INVALID_OBJECT saying what is wrong in the template */
export function renderHook(template: string, summary: HookSummary, now: Date): string {
  return renderTemplate(template, hookTemplateData(summary), now);
}

/** All words of one command. @throws UserError as renderHook */
export function renderCommand(words: readonly string[], summary: HookSummary, now: Date): readonly string[] {
  return renderTemplates(words, hookTemplateData(summary), now);
}
