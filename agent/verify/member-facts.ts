/** What is known about a member while it is looked at, and what looking needs. */
import {
  type AnsweredQuery,
  MAX_TOLD_TABLES,
  MAX_UNPROVEN,
  type VerificationQuery,
  type VerifiedMember,
  type VerifiedSnapshot,
  type VerifiedTable,
} from "../../shared/api/verification.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import type { AgentSettings } from "../settings.ts";
import type { Findings } from "./findings.ts";

/** Where files with secrets and files of the moment are, and whose environment the programs get. */
export type VerifySettings = Pick<AgentSettings, "env" | "secretsRoot" | "scratch">;

export interface MemberFacts {
  readonly snapshots: readonly VerifiedSnapshot[];
  readonly files: number;
  readonly bytes: number;
  readonly compared: number;
  readonly comparedBytes: number;
  /** Undefined where there is no database. */
  readonly tables: readonly VerifiedTable[] | undefined;
  readonly queries: readonly AnsweredQuery[];
  readonly unproven: readonly string[];
}

export const NO_FACTS: MemberFacts = {
  snapshots: [],
  files: 0,
  bytes: 0,
  compared: 0,
  comparedBytes: 0,
  tables: undefined,
  queries: [],
  unproven: [],
};

export interface MemberPorts {
  readonly restic: Restic;
  readonly settings: VerifySettings;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly findings: Findings;
  readonly queries: readonly VerificationQuery[];
  /** Share of the files whose contents are compared; all when undefined. */
  readonly sample: number | undefined;
  readonly seed: string;
  /** Whether whoever restored could give files to others. */
  readonly areOwnersSet: boolean;
  /** How long is left of all the time that there is. */
  leftMs(): number;
  /** Is told what is known so far: it counts too where the rest fails. */
  onFacts(facts: MemberFacts): void;
}

export function addSnapshot(facts: MemberFacts, snapshot: VerifiedSnapshot): MemberFacts {
  return { ...facts, snapshots: [...facts.snapshots, snapshot] };
}

/** As the status has it, within its bounds. */
export function buildVerifiedMember(
  alias: string,
  facts: MemberFacts,
  findings: Findings,
  seed: string | undefined,
): VerifiedMember {
  const { tables, queries, unproven, ...counts } = facts;
  const rows = tables?.reduce((sum, table) => sum + table.rows, 0);
  return {
    alias,
    ...counts,
    ...(seed !== undefined && { sampleSeed: seed }),
    ...(tables !== undefined && { tableCount: tables.length, tables: tables.slice(0, MAX_TOLD_TABLES) }),
    ...(rows !== undefined && { rows }),
    ...(queries.length > 0 && { queries }),
    ...(unproven.length > 0 && { unproven: unproven.slice(0, MAX_UNPROVEN) }),
    findingCount: findings.count(),
    findings: findings.told(),
  };
}
