/** The hosts that jobs serve. Pure. */
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { hostName } from "../../shared/target/hosts.ts";
import type { JobView } from "./view.ts";

export { isJobMember } from "../../shared/invoker/object.ts";

/** Whether a restore makes the claims that it fills. */
export function makesClaims({ target }: BackupMemberView | RestoreMemberView): boolean {
  return "volumeClaimTemplates" in target && (target.volumeClaimTemplates ?? []).length > 0;
}

export interface JobHost {
  readonly hostname: string;
  /** Of the claims that are made; undefined where none are. */
  readonly ordinal: number | undefined;
}

/** One host; of a restore into claim templates one an ordinal (L44), whose number goes after the alias. */
export function jobHosts(member: BackupMemberView | RestoreMemberView): readonly [JobHost, ...JobHost[]] {
  const { alias, target } = member;
  const only = hostName({ kind: "", alias }) ?? "host-0";
  if (!("volumeClaimTemplates" in target) || (target.volumeClaimTemplates ?? []).length === 0) {
    return [{ hostname: only, ordinal: undefined }];
  }
  const { replicas } = target;
  if (replicas === undefined) return [{ hostname: only, ordinal: 0 }];
  const named = (ordinal: number): JobHost => ({ hostname: `${alias ?? "host"}-${ordinal}`, ordinal });
  return [named(0), ...Array.from({ length: Math.max(0, replicas - 1) }, (_, at) => named(at + 1))];
}

/** Host of one job. */
export function jobHostName(view: JobView): string {
  const hosts = jobHosts(view.member);
  const ordinal = view.verb === "restore" ? view.ordinal : undefined;
  return (hosts.find((host) => host.ordinal === ordinal) ?? hosts[0]).hostname;
}
