/**
 * Drills on a real API server without nodes: the controller in this process, which can be killed at any of its writes, and what stands in
 * for the engine that restores, the kubelet and the agent. One stand is one namespace with an application of files and a database.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isFinalDrill } from "../../../reconciler/verification/status.ts";
import { createWorld, informersOf } from "../../../reconciler/world/informers.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { makeDrilledApplication } from "./drilled-application.ts";
import { type Death, startLife } from "./mortal-controller.ts";
import { type Holding, standIn } from "./stand-in-others.ts";

const POLL_MS = 25;
const END_MS = 90_000;
const GONE_MS = 60_000;

/** All that a drill may leave. */
const MADE = [
  KUBERNETES.PersistentVolumeClaim,
  KUBERNETES.Secret,
  KUBERNETES.Job,
  KUBERNETES.Pod,
  KUBERNETES.ServiceAccount,
  KUBERNETES.Role,
  KUBERNETES.RoleBinding,
  KUBERNETES.NetworkPolicy,
  KINDS.AppBinding,
  KINDS.RestoreBatch,
  KINDS.HostRun,
];
/** What the application itself has, and the cluster gives to each namespace. */
const NOT_MADE = ["shop-db", "default", "real"];

export interface DrillEnd {
  readonly drill: BackupVerificationSession;
  /** Writes of all controllers that worked for it. */
  readonly writes: number;
  /** How many of them were killed. */
  readonly kills: number;
}

export interface DrillStand {
  readonly namespace: string;
  /** Runs a drill to its end; where a controller dies, another one goes on, and dies likewise. @param onStep is told each step as it is seen */
  run(name: string, death?: Death, onStep?: (step: string) => Promise<void>): Promise<DrillEnd>;
  /** What the others do not do from now on. */
  hold(step: Holding | undefined): void;
  /** Waits until nothing of drills is there. @returns what is still there at the end */
  left(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startDrillStand(client: KubeClient, namespace: string): Promise<DrillStand> {
  await makeDrilledApplication(client, namespace);
  const world = createWorld({ client, namespace, onProblem: () => {}, onFail: () => {} });
  const informers = informersOf(world).map(([, informer]) => informer);
  for (const informer of informers) informer.start();
  await Promise.all(informers.map((informer) => informer.hasSynced()));

  let held: Holding | undefined;
  let isOver = false;
  const others = (async () => {
    // A busy server may refuse a request; those who work in earnest would ask again too.
    for (; !isOver; await sleep(POLL_MS)) await standIn(client, namespace, held).catch(() => undefined);
  })();
  const read = (name: string) =>
    client.get(KINDS.BackupVerificationSession, namespace, name, parseBackupVerificationSession);
  const leftNow = async (): Promise<readonly string[]> => {
    const lists = MADE.map(async (resource) => {
      const { items } = await client.list(resource, namespace, (raw) => textAt(raw, "metadata", "name") ?? "");
      return items.filter((name) => !NOT_MADE.includes(name)).map((name) => `${resource.plural} ${name}`);
    });
    return (await Promise.all(lists)).flat();
  };

  return {
    namespace,
    hold(step) {
      held = step;
    },
    async run(name, death, onStep) {
      const { apiVersion, kind } = KINDS.BackupVerificationSession;
      const body = { apiVersion, kind, metadata: { name, namespace }, spec: { verifier: "nightly" } };
      await client.create(KINDS.BackupVerificationSession, namespace, body, asIs);
      const count = { writes: 0 };
      let life = await startLife(client, world, death, count);
      let kills = 0;
      let seen = "";
      const look = async () => {
        if (life.isDead()) {
          kills += 1;
          await life.stop();
          life = await startLife(client, world, death, count);
        }
        const drill = await read(name);
        const { step = "" } = drill.status ?? {};
        if (step !== seen) await onStep?.(step);
        seen = step;
        return drill;
      };
      try {
        const drill = await eventually(look, (now) => isFinalDrill(now) && !life.isDead(), END_MS, POLL_MS);
        return { drill, writes: count.writes, kills };
      } finally {
        await life.stop();
      }
    },
    left: () => eventually(leftNow, [], GONE_MS).catch(leftNow),
    async stop() {
      isOver = true;
      await others;
      await Promise.all(informers.map((informer) => informer.stop()));
      await client.delete(KUBERNETES.Namespace, undefined, namespace);
    },
  };
}
