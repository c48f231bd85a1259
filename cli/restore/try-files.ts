/**
 * What a restore would do to files: restic's own dry run, in the pods whose files it would write over. Nothing is made in the cluster for
 * it, and nothing is written into the repository.
 */
import { Writable } from "node:stream";
import type { TriedRestore } from "../../agent/restore/tried.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { Command, Container } from "../../shared/contract.ts";
import { isJobMember, type RestoreInvokerView, type RestoreMemberView } from "../../shared/invoker/object.ts";
import { listAt, numberAt, parseJson } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { PODS } from "../cluster/resources.ts";
import { WORKLOAD_KINDS } from "../objects/workloads.ts";
import { IMAGE_PROGRAM } from "../program/names.ts";
import { podSelector, type SidecarPod, sidecarPods } from "./choose-pods.ts";
import type { MemberFiles, PlannedMember } from "./decide-plan.ts";
import { addTried } from "./file-plan.ts";

/** One answer a member, in their order. What can't be tried is told, and hides no other. */
export async function tryFiles(
  cluster: Cluster,
  invoker: RestoreInvokerView,
  planned: readonly PlannedMember[],
): Promise<readonly MemberFiles[]> {
  const { repository } = invoker;
  const unknown = (why: string) => planned.map((): MemberFiles => ({ kind: "unknown", why }));
  if (repository === undefined) return unknown("no Repository is named");
  const found = await cluster.find(KINDS.Repository, repository.namespace, repository.name);
  if (found === undefined) return unknown("the Repository does not exist");
  const { metadata, spec } = parseRepository(found);
  const asked = JSON.stringify({ name: metadata.name, namespace: metadata.namespace, backend: spec.backend });
  return Promise.all(
    planned.map(async (plan, at): Promise<MemberFiles> => {
      const member = invoker.members[at];
      if (member === undefined) return { kind: "unknown", why: "there is no such member" };
      try {
        return await tryMember(cluster, member, plan, asked);
      } catch (thrown) {
        return { kind: "unknown", why: toUserError(thrown).message };
      }
    }),
  );
}

async function tryMember(
  cluster: Cluster,
  member: RestoreMemberView,
  { snapshots }: PlannedMember,
  repository: string,
): Promise<MemberFiles> {
  if (isJobMember(member)) return { kind: "unknown", why: "a Job loads it, and tells when it does" };
  if (snapshots.length === 0) return { kind: "unknown", why: "no object here tells its snapshots" };
  const kind = WORKLOAD_KINDS.find((one) => one.kind === member.ref.kind);
  const workload = kind && (await cluster.find(kind, member.ref.namespace, member.ref.name));
  const selector = podSelector(workload);
  if (selector === undefined) return { kind: "unknown", why: "its pods are not known" };
  const pods = sidecarPods(await cluster.list(PODS, member.ref.namespace, { labelSelector: selector }), member);
  let sum: TriedRestore | undefined;
  for (const { host, id } of snapshots) {
    const pod = pods.find((one) => one.host === host);
    if (pod === undefined) return { kind: "unknown", why: `no pod with a running sidecar has host ${host}` };
    const tried = await tryIn(cluster, member.ref.namespace, pod, [`--repository=${repository}`, `--snapshot=${id}`]);
    sum = sum === undefined ? tried : addTried(sum, tried);
  }
  return sum === undefined ? { kind: "unknown", why: "it has no snapshots" } : { kind: "tried", files: sum };
}

/** Counts and some paths. */
const MAX_OUTPUT = 1024 * 1024;
/** It reads every file that is there. */
const TRY_LIMIT_MS = 60 * 60_000;

async function tryIn(
  cluster: Cluster,
  namespace: string,
  { name, command = IMAGE_PROGRAM }: SidecarPod,
  flags: readonly string[],
): Promise<TriedRestore> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(TRY_LIMIT_MS)]);
  const output = gather(MAX_OUTPUT, () => stop.abort(new Error(`pod ${name} answers with more than a plan`)));
  const errors = gather(MAX_OUTPUT, () => stop.abort(new Error(`pod ${name} complains without end`)));
  const exitCode = await cluster.exec(namespace, {
    pod: name,
    container: Container.Sidecar,
    command: [...command, Command.TryRestore, ...flags],
    stdout: output.stream,
    stderr: errors.stream,
    signal,
  });
  if (exitCode !== 0) {
    const words = errors.text().trim().split("\n").at(-1)?.slice(0, 500);
    throw new Error(words || `exit code ${exitCode}`);
  }
  return readTried(parseJson(output.text()));
}

/** What runs in the pod may be somebody else's program: it must not fill the memory of whoever asks. */
function gather(limit: number, onMore: () => void): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  let length = 0;
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > limit) onMore();
      else chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}

function readTried(value: unknown): TriedRestore {
  const at = (name: string) => numberAt(value, name) ?? 0;
  return {
    newFiles: at("newFiles"),
    changedFiles: at("changedFiles"),
    sameFiles: at("sameFiles"),
    totalBytes: at("totalBytes"),
    writtenBytes: at("writtenBytes"),
    overwritten: listAt(value, "overwritten").map(String),
  };
}
