/** What a restore that is a dry run tells, as text. Pure. */
import type { RunObject } from "../objects/read-run.ts";
import { formatFiles } from "../restore/file-plan.ts";
import type { DescribedMember } from "./tables.ts";

/** Nothing of a session, or of a restore that is real. */
export function describePlan(run: RunObject): readonly string[] {
  if (run.kind === "BackupSession") return [];
  return (run.status?.plan ?? []).flatMap(({ alias, name = "?", step, by, restarts, waitsFor = [] }) => [
    `${step === 0 ? "never" : `step ${step}`}: ${alias ?? name}, by ${by}; restarts ${restarts}`,
    ...waitsFor.map((what) => `  held by: ${what}`),
  ]);
}

/** What restic's dry run said of each host's files. */
export function describeTried(members: readonly DescribedMember[]): readonly string[] {
  return members.flatMap(({ name, stats }) =>
    stats.flatMap((host) => {
      if (!("tried" in host) || host.tried === undefined) return [];
      const files = { overwritten: [], ...host.tried };
      const { hostname = name } = host;
      return formatFiles({ name: hostname === name ? name : `${name} ${hostname}`, files: { kind: "tried", files } });
    }),
  );
}
