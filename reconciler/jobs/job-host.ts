/** The one host of a job. Pure. */
import { hostName } from "../../shared/hosts.ts";
import type { JobView } from "./job-view.ts";

/** Alias or `host-0`; with claim templates and replicas the ordinal goes after it. */
export function jobHostName(view: JobView): string {
  const { alias } = view.member;
  if (view.verb === "restore" && view.ordinal !== undefined && view.member.target.replicas !== undefined) {
    return `${alias ?? "host"}-${view.ordinal}`;
  }
  return hostName({ kind: "", alias }) ?? "host-0";
}
