/** Row that answers agents which found the repository locked. Pure. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import { removableLocks } from "../run/locks.ts";
import { withHost, withTarget } from "./change.ts";
import type { Row, Step } from "./step.ts";
import { hostsOf, targetsOf } from "./view.ts";

export const answerLocks: Row = {
  name: "locks without owner",
  next(view, status): Step | undefined {
    for (const [targetIndex, target] of targetsOf(status).entries()) {
      for (const [hostIndex, host] of hostsOf(target).entries()) {
        const known = host.actionParams?.removableLocks ?? [];
        const fresh = removableLocks(host.locks ?? [], view).filter((id) => !known.includes(id));
        if (fresh.length === 0) continue;
        const answer = (old: HostStats): HostStats => ({
          ...old,
          actionParams: { ...old.actionParams, removableLocks: [...known, ...fresh] },
        });
        return { status: withTarget(status, targetIndex, (old) => withHost(old, hostIndex, answer)) };
      }
    }
    return undefined;
  },
};
