/** Takes snapshots out of a repository, and the verdicts on them. */
import { groupVerdicts, type Verdict, verdictsOn } from "../../shared/verdicts.ts";
import type { ResticExit } from "../restic/run.ts";
import { isUnreadSnapshot, type Snapshot } from "../restic/snapshots.ts";
import type { ActionPorts } from "./ports.ts";

/** Keeps command lines far below the kernel's limit. */
const IDS_A_CALL = 500;
/** A connection that some SFTP-like servers drop; the next try usually gets through. */
const DROPPED = /Connection closed by foreign host/i;
const DROPPED_TRIES = 3;

type CallPorts = Pick<ActionPorts, "restic" | "signal">;
type RemovePorts = CallPorts & Pick<ActionPorts, "withLock">;

/** @param output is filled with what the last try wrote for programs */
export async function call(ports: CallPorts, command: readonly string[], output: string[] = []): Promise<ResticExit> {
  const run = () => {
    output.length = 0;
    return ports.restic.run(command, { signal: ports.signal, onOutput: (line) => output.push(line) });
  };
  let exit = await run();
  for (let tries = 1; tries < DROPPED_TRIES && exit.tail.some((line) => DROPPED.test(line)); tries++) {
    exit = await run();
  }
  return exit;
}

/** @throws UserError */
async function forget(ids: readonly string[], ports: RemovePorts): Promise<void> {
  for (let from = 0; from < ids.length; from += IDS_A_CALL) {
    const part = ids.slice(from, from + IDS_A_CALL);
    const exit = await ports.withLock(() => call(ports, ["forget", "--quiet", ...part]));
    if (exit.code !== 0) throw ports.restic.fault("removal of old snapshots", exit);
  }
}

/** The verdicts go last: without one its snapshot would look whole. @throws UserError */
export async function removeSnapshots(removed: readonly Snapshot[], ports: RemovePorts): Promise<void> {
  await forget(
    removed.map(({ id }) => id),
    ports,
  );
  await forget([...new Set(removed.flatMap(({ verdicts = [] }) => verdicts))], ports);
}

/**
 * Removes verdicts whose snapshot is gone: a removal was cut short, or somebody else took it. Only where there may be some restic lists again:
 * what a verdict speaks of is there before it, so it is in a list that begins after the verdict was seen.
 *
 * @param open those whose snapshot was not in a list that named them
 * @returns how many
 */
export async function removeOrphans(open: readonly Verdict[], ports: RemovePorts): Promise<number> {
  if (open.length === 0) return 0;
  const wanted = groupVerdicts(open);
  let isWhole = true;
  const known = await ports.restic.snapshots(
    {},
    {
      signal: ports.signal,
      onLine: (line) => {
        if (isUnreadSnapshot(line)) isWhole = false;
      },
      keep: (snapshot) => verdictsOn(snapshot, wanted).length > 0,
    },
  );
  // What can't be read may be what one speaks of.
  if (!isWhole) return 0;
  const of = new Set(known.flatMap((snapshot) => verdictsOn(snapshot, wanted).map(({ id }) => id)));
  const orphans = open.flatMap(({ id }) => (of.has(id) ? [] : [id]));
  await forget(orphans, ports);
  return orphans.length;
}
