/** Names of what is made for one maintenance. The same one always has the same, so "already exists" means "already made". */
import type { Repository } from "../../shared/api/repository.ts";
import { shortHash } from "../../shared/hash.ts";
import { NAME_MAX_LENGTH, nameWithSuffix } from "../../shared/names.ts";
import { hostRunName } from "../run/host-runs.ts";
import type { RepositoryOwner } from "./decision.ts";

/** @param owner whom the job was told to run as by one before it */
export function maintenanceJobName(
  { metadata }: Pick<Repository, "metadata">,
  startedAt: string,
  owner?: RepositoryOwner,
): string {
  const { name, uid = "" } = metadata;
  const whose = owner === undefined ? "" : `/${owner.user}:${owner.group}`;
  return nameWithSuffix(
    `stash-maintain-${name.replaceAll(".", "-")}`,
    shortHash(`${uid}/${startedAt}${whose}`),
    NAME_MAX_LENGTH,
  );
}

export function maintenanceRunName(
  { metadata }: Pick<Repository, "metadata">,
  startedAt: string,
  podUid: string,
): string {
  const { name, uid = "" } = metadata;
  return hostRunName({ name, uid }, { targetIndex: -1, host: startedAt, attempt: 1, podUid });
}
