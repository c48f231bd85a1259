/** What templates of hooks see. */
import type { Value } from "../go-template/render.ts";

export interface HookSummary {
  readonly Name: string;
  readonly Namespace: string;
  readonly Invoker: { readonly APIGroup: string; readonly Kind: string; readonly Name: string };
  readonly Target: {
    readonly APIVersion: string;
    readonly Kind: string;
    readonly Name: string;
    readonly Namespace: string;
  };
  readonly Status: { readonly Phase: string; readonly Duration: string; readonly Error: string };
  readonly RetryLeft: number;
}

/**
 * The summary as data for a template. The manual of upstream writes `.Invoker.ApiVersion` and `.Target.ApiVersion`; its code
 * has only `.Invoker.APIGroup` and `.Target.APIVersion`. Both work here.
 */
export function hookTemplateData(summary: HookSummary): Value {
  return {
    ...summary,
    Invoker: { ...summary.Invoker, ApiVersion: `${summary.Invoker.APIGroup}/v1beta1` },
    Target: { ...summary.Target, ApiVersion: summary.Target.APIVersion },
    Status: { ...summary.Status },
  };
}
