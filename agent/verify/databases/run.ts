/** Looks at a member whose data is a database: its dump in the snapshot, and the server that has loaded it. */
import type { AnsweredQuery, OrderedMember, VerificationQuery } from "../../../shared/api/verification.ts";
import { messageOf } from "../../../shared/errors.ts";
import { awaitDatabase } from "../../dump/await-database.ts";
import { withPrivateFiles } from "../../dump/private-files.ts";
import { withoutSecrets } from "../../restic/fault.ts";
import { listSnapshot } from "../../restic/list-snapshot.ts";
import type { Snapshot } from "../../restic/snapshots.ts";
import { judgeSnapshot } from "../decide-snapshot.ts";
import { addSnapshot, type MemberFacts, type MemberPorts, NO_FACTS } from "../member-facts.ts";
import { ask, countTables } from "./ask.ts";
import { faultOfAnswer } from "./decide-answer.ts";
import { faultOfDump } from "./decide-dump.ts";
import { compareRows } from "./decide-rows.ts";
import type { DumpedTable, DumpRows } from "./dump-rows.ts";
import { type DrillDatabase, openDrillDatabase } from "./open.ts";
import type { Questions } from "./questions.ts";
import { readDump } from "./read-dump.ts";

/** A statement that takes longer is no check that anybody waits for. */
const QUERY_LIMIT_MS = 5 * 60_000;
const SHORTEST_LIMIT_MS = 1_000;
/** Of an answer that is told. */
const MAX_VALUE = 1_024;
/** Of every database: what there is beside the numbers of its rows is for statements to ask. */
const UNCOMPARED =
  "what stands in the rows, views, routines, triggers, events and rights: only statements ask for them";
const UNTOLD_ROWS = "numbers of rows against the dump: it is written in a way that does not tell them";

/** @throws UserError when the snapshot can't be read or the server does not answer */
export async function verifyDatabase(member: OrderedMember, ports: MemberPorts): Promise<MemberFacts> {
  let facts: MemberFacts = { ...NO_FACTS, unproven: [UNCOMPARED] };
  const database = openDrillDatabase(member, ports.settings);
  const dumped: DumpedTable[] = [];
  for (const ordered of member.snapshots) {
    const rows = database.createRows();
    facts = await verifyDump(facts, ordered, rows, ports);
    const tables = rows.end();
    if (tables === undefined) facts = { ...facts, unproven: [...facts.unproven, UNTOLD_ROWS] };
    else dumped.push(...tables);
    ports.onFacts(facts);
  }
  const { env } = ports.settings;
  const { signal, log } = ports;
  return withPrivateFiles(database.folder, database.plan.files, async () => {
    await awaitDatabase(database, {
      env,
      signal,
      onWait: (words) => log.info({ words }, "the drill's database is not ready yet"),
    });
    const { questions } = database;
    const tables = await countTables(questions, { env, signal });
    ports.findings.add(...compareRows(dumped, tables));
    facts = { ...facts, tables };
    ports.onFacts(facts);
    const own = ports.queries.filter((query) => query.member === member.alias);
    for (const query of own) {
      const answered = await askOne(query, { questions, database, ports, memberDatabase: member.database?.database });
      facts = { ...facts, queries: [...facts.queries, answered] };
      ports.onFacts(facts);
    }
    return facts;
  });
}

async function verifyDump(
  before: MemberFacts,
  ordered: OrderedMember["snapshots"][number],
  rows: DumpRows,
  { restic, signal, findings }: MemberPorts,
): Promise<MemberFacts> {
  let snapshot: Snapshot | undefined;
  await listSnapshot(restic, [ordered.id], {
    signal,
    onSnapshot(listed) {
      snapshot = listed;
    },
  });
  if (snapshot === undefined) return before;
  findings.add(...judgeSnapshot(ordered, snapshot));
  const { id, time, tree } = snapshot;
  const dump = await readDump(restic, { snapshotId: ordered.id, file: ordered.path, rows }, signal);
  const fault = faultOfDump(dump);
  if (fault !== undefined) findings.add({ code: "DUMP_TRUNCATED", path: ordered.path, message: fault });
  const { host, path } = ordered;
  return {
    ...addSnapshot(before, { id, host, path, time, ...(tree !== undefined && { tree }) }),
    files: before.files + 1,
    bytes: before.bytes + dump.bytes,
    compared: before.compared + 1,
    comparedBytes: before.comparedBytes + dump.bytes,
  };
}

interface Asking {
  readonly questions: Questions;
  readonly database: DrillDatabase;
  readonly memberDatabase: string | undefined;
  readonly ports: MemberPorts;
}

async function askOne(
  query: VerificationQuery,
  { questions, database, memberDatabase, ports }: Asking,
): Promise<AnsweredQuery> {
  const { statement, expect } = query;
  const limitMs = Math.max(SHORTEST_LIMIT_MS, Math.min(QUERY_LIMIT_MS, ports.leftMs()));
  const fail = (message: string, value?: string): AnsweredQuery => {
    const told = withoutSecrets(message, database.secrets);
    ports.findings.add({ code: "QUERY_FAILED", path: statement, message: told });
    return { statement, ok: false, message: told, ...(value !== undefined && { value: value.slice(0, MAX_VALUE) }) };
  };
  let value: string;
  try {
    const limitSeconds = Math.ceil(limitMs / 1_000);
    const question = questions.ask(statement, query.database ?? memberDatabase, limitSeconds);
    const { env } = ports.settings;
    // The server is to end it first, which it says in words.
    value = (await ask(question, { env, signal: ports.signal }, limitMs + 5_000)).replace(/\n$/, "");
  } catch (error) {
    return fail(`no answer: ${messageOf(error)}`);
  }
  const fault = faultOfAnswer(value, expect);
  if (fault === undefined) return { statement, ok: true, value: value.slice(0, MAX_VALUE) };
  return fail(`the answer is ${JSON.stringify(value.slice(0, 200))}: ${fault}`, value);
}
