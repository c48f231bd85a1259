/** Looks at a member whose data are files: each snapshot's names, attributes, links and contents against what came back. */
import { join } from "node:path";
import type { OrderedMember, VerifiedSnapshot } from "../../shared/api/verification.ts";
import { compareContents } from "./compare-contents.ts";
import { compareLinks } from "./compare-links.ts";
import { compareTree } from "./compare-tree.ts";
import { addSnapshot, type MemberFacts, type MemberPorts, NO_FACTS } from "./member-facts.ts";
import { type RestoredPath, restoredPathOf } from "./places.ts";
import { createSample } from "./sample.ts";

const SAMPLE_FILE = "verified-sample";

/** @throws UserError when restic can't read a snapshot, or compared less than it was asked to */
export async function verifyFiles(member: OrderedMember, ports: MemberPorts): Promise<MemberFacts> {
  let facts: MemberFacts = NO_FACTS;
  for (const ordered of member.snapshots) {
    const where = restoredPathOf(ordered);
    if (where === undefined) {
      ports.findings.add({ code: "RESTORED_FILE_MISSING", path: ordered.path, message: "it was restored nowhere" });
      continue;
    }
    facts = await verifySnapshot(facts, ordered, where, ports);
    ports.onFacts(facts);
  }
  return facts;
}

async function verifySnapshot(
  before: MemberFacts,
  ordered: OrderedMember["snapshots"][number],
  where: RestoredPath,
  ports: MemberPorts,
): Promise<MemberFacts> {
  const { restic, signal, findings, sample, seed, areOwnersSet } = ports;
  const choice = sample === undefined ? undefined : createSample(seed, sample);
  let present = 0;
  const tree = await compareTree(ordered, where, {
    restic,
    signal,
    findings,
    areOwnersSet,
    onFile(path) {
      present += 1;
      choice?.offer(path);
    },
  });
  if (tree.entries === 0) {
    findings.add({ code: "SNAPSHOT_FOREIGN", path: ordered.path, message: "the snapshot has nothing of this path" });
  }
  await compareLinks(ordered.id, tree.links, { restic, signal, findings });
  const compared = await compareContents(
    {
      snapshotId: ordered.id,
      where,
      isFile: tree.isFile,
      expected: present,
      chosen: tree.isFile ? undefined : choice?.chosen(),
      choiceFile: join(ports.settings.scratch, SAMPLE_FILE),
    },
    { restic, signal, findings },
  );
  const named: VerifiedSnapshot = {
    id: tree.snapshot?.id ?? ordered.id,
    host: ordered.host,
    path: ordered.path,
    ...(tree.snapshot?.tree !== undefined && { tree: tree.snapshot.tree }),
    ...(tree.snapshot !== undefined && { time: tree.snapshot.time }),
  };
  return {
    ...addSnapshot(before, named),
    files: before.files + tree.entries,
    bytes: before.bytes + tree.bytes,
    compared: before.compared + compared.files,
    comparedBytes: before.comparedBytes + compared.bytes,
    unproven: [
      ...new Set([
        ...before.unproven,
        ...(areOwnersSet ? [] : ["owners of files: the drill's containers may not set them"]),
        ...(tree.oddLinks === 0 ? [] : ["where links lead whose names or targets are no plain text"]),
        ...(choice === undefined ? [] : ["contents of the files outside of the sample"]),
      ]),
    ],
  };
}
