/** Flags for what our containers request and may use. Webhook, reconciler and `explain` have them alike. */
import { messageOf } from "../errors.ts";
import { DEFAULT_RESOURCES, type DefaultResources, parseResources } from "./container-resources.ts";

export const RESOURCE_OPTIONS = {
  "sidecar-resources": { type: "string" },
  "restore-resources": { type: "string" },
} as const;

export const JOB_RESOURCE_OPTIONS = { "job-resources": { type: "string" } } as const;

interface ResourceFlags {
  readonly "sidecar-resources"?: string | undefined;
  readonly "restore-resources"?: string | undefined;
  readonly "job-resources"?: string | undefined;
}

/** Reads the flags; the product's defaults stand for one that is missing. @param faults takes what is wrong */
export function readResourceFlags(flags: ResourceFlags, faults: string[]): DefaultResources {
  const read = (flag: keyof ResourceFlags, fallback: DefaultResources[keyof DefaultResources]) => {
    const text = flags[flag];
    if (text === undefined) return fallback;
    try {
      return parseResources(text, `--${flag}`);
    } catch (thrown) {
      faults.push(messageOf(thrown));
      return fallback;
    }
  };
  return {
    sidecar: read("sidecar-resources", DEFAULT_RESOURCES.sidecar),
    restore: read("restore-resources", DEFAULT_RESOURCES.restore),
    job: read("job-resources", DEFAULT_RESOURCES.job),
  };
}
