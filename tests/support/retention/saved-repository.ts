/** Plays a history against the planner, and knows by itself what each session saved: no tag is read here. */
import { createIsOwn, planRetention, type RetentionPlan } from "../../../agent/maintain/decide-retention.ts";
import { untoldParts } from "../../../agent/maintain/write-known.ts";
import type { Snapshot } from "../../../agent/restic/snapshots.ts";
import {
  invokerTag,
  recordTags,
  type SnapshotOrigin,
  sessionTag,
  snapshotTags,
} from "../../../shared/snapshots/tags.ts";
import { judgeSnapshots, VERDICT_HOST, verdictFile, verdictTags } from "../../../shared/verdicts.ts";
import type { History, HostFate, Neighbour, Step } from "./history.ts";

const NAMESPACE = "demo";
export const CLUSTER = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OTHER_CLUSTER = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const INVOKER = { kind: "BackupBatch", namespace: NAMESPACE, name: "nightly" };
const PATHS = ["/a", "/b"];
const HOUR_MS = 3_600_000;
const VERDICT_TIME = "2026-01-01T00:00:00Z";
const MARK = "incomplete=FILES_UNREADABLE";

interface Member {
  readonly name: string;
  readonly hosts: number;
}

/** What a session really saved. */
export interface SavedPoint {
  readonly session: string;
  readonly timeMs: number;
  readonly ids: readonly string[];
  /** Every path of every host of every member was saved. */
  readonly isComplete: boolean;
}

/** A snapshot before it has an id. */
export type NewSnapshot = Omit<Snapshot, "id">;

/** Where snapshots are kept: a list, or a real repository. */
export interface Store {
  save(snapshot: NewSnapshot): Promise<string>;
  /** Writes a verdict on a snapshot. */
  judge(id: string, tag: string): Promise<void>;
  /** What a session does that saved a part only. */
  know(sessionTag: string): Promise<void>;
  /** Applies the policy, removing at most so many snapshots. */
  retain(history: History, sessionTag: string, limit: number | undefined): Promise<void>;
  ids(): Promise<ReadonlySet<string>>;
}

/** @param onRetained is told what is there after each retention */
export async function playHistory(
  history: History,
  store: Store,
  onRetained: (state: PlayedState) => void,
): Promise<void> {
  const play = new Play(store);
  for (const step of history.steps) {
    await play.take(step, history);
    if (step.kind === "retention") {
      onRetained({
        points: play.points,
        foreign: play.foreign,
        present: await store.ids(),
        isWhole: step.cutAfter === undefined,
        last: play.last,
      });
    }
  }
}

export interface PlayedState {
  readonly points: readonly SavedPoint[];
  /** Ids of what is nobody's or somebody else's. */
  readonly foreign: readonly string[];
  readonly present: ReadonlySet<string>;
  /** Whether all that was to be removed was. */
  readonly isWhole: boolean;
  /** Session that asked. */
  readonly last: string;
}

class Play {
  readonly points: SavedPoint[] = [];
  readonly foreign: string[] = [];
  last = "none";
  #members: readonly Member[] = [
    { name: "web", hosts: 1 },
    { name: "db", hosts: 2 },
  ];
  #nowMs = Date.parse("2026-01-01T00:00:00Z");
  #made = 0;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async take(step: Step, history: History): Promise<void> {
    const at = "member" in step ? step.member % this.#members.length : 0;
    const change = (with_: Partial<Member>) =>
      this.#members.map((member, index) => (index === at ? { ...member, ...with_ } : member));
    switch (step.kind) {
      case "session":
        this.#nowMs += step.hours * HOUR_MS;
        await this.#session(step.fates);
        if (step.isRetry && !this.points.at(-1)?.isComplete) {
          this.#nowMs += HOUR_MS / 60;
          await this.#session(["saved"]);
        }
        return;
      case "rename":
        this.#members = change({ name: `renamed-${this.#made}` });
        return;
      case "scale":
        this.#members = change({ hosts: step.hosts });
        return;
      case "add":
        this.#members = [...this.#members, { name: `more-${this.#made}`, hosts: 1 }];
        return;
      case "drop":
        if (this.#members.length > 1) this.#members = this.#members.filter((_, index) => index !== at);
        return;
      case "neighbour":
        await this.#neighbour(step.of);
        return;
      case "retention":
        await this.#store.retain(history, sessionTag({ namespace: NAMESPACE, name: this.last }), step.cutAfter);
    }
  }

  #origin(at: number, change: Partial<SnapshotOrigin["invoker"]> = {}): SnapshotOrigin {
    const { name, hosts } = this.#members[at] ?? { name: "", hosts: 0 };
    return {
      session: { namespace: NAMESPACE, name: this.last, time: new Date(this.#nowMs).toISOString() },
      invoker: { ...INVOKER, cluster: CLUSTER, ...change },
      target: { kind: "StatefulSet", namespace: NAMESPACE, name },
      part: { member: at + 1, members: this.#members.length, hosts },
    };
  }

  async #session(fates: readonly HostFate[]): Promise<void> {
    this.#made += 1;
    this.last = `nightly-${this.#made}`;
    const ids: string[] = [];
    let at = 0;
    let isComplete = true;
    for (const [member, { name, hosts }] of this.#members.entries()) {
      for (let ordinal = 0; ordinal < hosts; ordinal += 1) {
        const fate = fates[at % fates.length] ?? "saved";
        at += 1;
        if (fate !== "saved") isComplete = false;
        for (const path of pathsOf(fate)) {
          const origin = this.#origin(member);
          const isFirst = path === PATHS[0];
          const marks = fate === "marked by tags" && isFirst ? [MARK] : [];
          const tags = [...snapshotTags(origin), ...recordTags(origin, PATHS.length), ...marks];
          const id = await this.#save(`${name}-${ordinal}`, path, tags);
          ids.push(id);
          if (fate === "not whole" && isFirst) await this.#store.judge(id, MARK);
        }
      }
    }
    // Retention follows each session that knows itself to be a part, as far as locks let it write that down.
    if (!isComplete) await this.#store.know(sessionTag({ namespace: NAMESPACE, name: this.last }));
    this.points.push({ session: this.last, timeMs: this.#nowMs, ids, isComplete });
  }

  #save(hostname: string, path: string, tags: readonly string[]): Promise<string> {
    return this.#store.save({ hostname, paths: [path], tags, time: new Date(this.#nowMs).toISOString() });
  }

  async #neighbour(of: Neighbour): Promise<void> {
    const { cluster: _, ...older } = this.#origin(0).invoker;
    const origins = {
      "other cluster": this.#origin(0, { cluster: OTHER_CLUSTER }),
      "other invoker": this.#origin(0, { name: "hourly" }),
      "older tags": { ...this.#origin(0), invoker: older },
      "no tags": undefined,
    };
    const origin = origins[of];
    for (const path of PATHS) {
      const tags = origin === undefined ? [] : [...snapshotTags(origin), ...recordTags(origin, PATHS.length)];
      this.foreign.push(await this.#save(`${this.#members[0]?.name ?? ""}-0`, path, tags));
    }
  }
}

function pathsOf(fate: HostFate): readonly string[] {
  if (fate === "failed") return [];
  return fate === "lacks a path" ? PATHS.slice(1) : PATHS;
}

/** A repository in memory; removal is what the planner plans, and verdicts after it. */
export function createListStore(onPlan: (plan: RetentionPlan) => void = () => undefined): Store {
  let snapshots: readonly Snapshot[] = [];
  let made = 0;
  const add = (snapshot: NewSnapshot): string => {
    made += 1;
    const id = made.toString(16).padStart(8, "0").padEnd(64, "0");
    snapshots = [...snapshots, { ...snapshot, id }];
    return id;
  };
  const judge = (subject: string, tag: string) => {
    add({
      hostname: VERDICT_HOST,
      paths: [verdictFile(subject)],
      tags: verdictTags(subject, [tag]),
      time: VERDICT_TIME,
    });
  };
  return {
    save: async (snapshot) => add(snapshot),
    judge: async (id, tag) => judge(id, tag),
    async know(ofSession) {
      const session = ofSession.slice("session=".length);
      const scope = { invokerTag: ownTag(), sessionTag: ofSession, untagged: [], incomplete: [session] };
      for (const { id } of untoldParts(judgeSnapshots(snapshots).filter(createIsOwn(scope)), scope)) judge(id, MARK);
    },
    async retain({ rules }, ofSession, limit) {
      const scope = { invokerTag: ownTag(), sessionTag: ofSession, untagged: [] };
      const listed = judgeSnapshots(snapshots);
      const plan = planRetention(listed, rules, scope);
      onPlan(plan);
      const removed = new Set(plan.remove);
      const verdicts = listed.flatMap(({ id, verdicts: on = [] }) => (removed.has(id) ? on : []));
      const gone = new Set([...plan.remove, ...verdicts].slice(0, limit));
      snapshots = snapshots.filter(({ id }) => !gone.has(id));
    },
    ids: async () => new Set(snapshots.map(({ id }) => id)),
  };
}

export function ownTag(): string {
  return invokerTag({ ...INVOKER, cluster: CLUSTER });
}
