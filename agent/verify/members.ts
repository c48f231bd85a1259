/** Looks at all members of a drill, one after another. What can't be looked at is a finding: nothing unknown is called good. */
import type { OrderedMember, VerifiedMember, VerifyOrder } from "../../shared/api/verification.ts";
import { parseDuration } from "../../shared/duration.ts";
import { assertNever, UserError } from "../../shared/errors.ts";
import { asUserError } from "../file-faults.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { verifyDatabase } from "./databases/run.ts";
import { commonTags, judgeNewer } from "./decide-snapshot.ts";
import { verifyFiles } from "./files.ts";
import { createFindings } from "./findings.ts";
import {
  buildVerifiedMember,
  type MemberFacts,
  type MemberPorts,
  NO_FACTS,
  type VerifySettings,
} from "./member-facts.ts";
import { parseSample } from "./sample.ts";

/** Where the order says nothing: what a drill takes in all by default. */
const DEFAULT_LIMIT_MS = 60 * 60_000;

export interface VerifyPorts {
  readonly restic: Restic;
  readonly settings: VerifySettings;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** From which the choice of a sample follows. */
  readonly seed: string;
  /** Whether whoever restored could give files to others. */
  readonly areOwnersSet: boolean;
  /** Is told the members that are done. */
  onMembers(members: readonly VerifiedMember[]): void;
}

/** @throws UserError INVALID_OBJECT when sample or time limit can't be read; as restic says when it can't list snapshots */
export async function verifyMembers(order: VerifyOrder, ports: VerifyPorts): Promise<readonly VerifiedMember[]> {
  const sample = parseSample(order.sample);
  const limitMs = order.timeOut === undefined ? DEFAULT_LIMIT_MS : parseDuration(order.timeOut, "timeOut");
  const endsAt = performance.now() + limitMs;
  const leftMs = () => Math.max(0, endsAt - performance.now());
  const saved = await gatherSaved(order, ports);
  const members: VerifiedMember[] = [];
  for (const member of order.members) {
    const verified = await verifyMember(member, order, { ...ports, sample, saved, leftMs });
    // Of one that was cut short nothing is known.
    ports.signal.throwIfAborted();
    members.push(verified);
    ports.onMembers(members);
  }
  return members;
}

/** What the repository has that says it is the session's. */
async function gatherSaved({ members }: VerifyOrder, { restic, signal }: VerifyPorts): Promise<readonly Snapshot[]> {
  const tags = commonTags(members.flatMap(({ snapshots }) => snapshots));
  return tags.length === 0 ? [] : restic.snapshots({ tags }, { signal });
}

type OwnPorts = VerifyPorts & Pick<MemberPorts, "sample" | "leftMs"> & { readonly saved: readonly Snapshot[] };

async function verifyMember(member: OrderedMember, order: VerifyOrder, ports: OwnPorts): Promise<VerifiedMember> {
  const findings = createFindings(ports.restic.clean);
  let facts: MemberFacts = NO_FACTS;
  const limit = AbortSignal.timeout(Math.ceil(ports.leftMs()));
  const memberPorts: MemberPorts = {
    ...ports,
    findings,
    queries: order.queries ?? [],
    signal: AbortSignal.any([ports.signal, limit]),
    onFacts(known) {
      facts = known;
    },
  };
  try {
    if (member.snapshots.length === 0) throw new UserError("SNAPSHOT_NOT_FOUND", "no snapshot was restored");
    findings.add(...member.snapshots.flatMap((ordered) => judgeNewer(ordered, ports.saved)));
    facts = await look(member, memberPorts);
  } catch (thrown) {
    const error = limit.aborted
      ? new UserError("DEADLINE_EXCEEDED", "the time of the drill was over before all was looked at")
      : asUserError(thrown);
    findings.add({ code: error.code, message: error.message });
  }
  const isSampled = ports.sample !== undefined && member.model === "Files";
  return buildVerifiedMember(member.alias, facts, findings, isSampled ? ports.seed : undefined);
}

function look(member: OrderedMember, ports: MemberPorts): Promise<MemberFacts> {
  switch (member.model) {
    case "Files":
      return verifyFiles(member, ports);
    case "Database":
      return verifyDatabase(member, ports);
    default:
      return assertNever(member.model);
  }
}
