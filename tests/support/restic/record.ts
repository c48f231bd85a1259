/**
 * Records what a real restic says about every fault, into the folder of the unit tests that read it:
 * `node tests/support/restic/record.ts oldest|image [words of a name]`
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { CallOptions } from "../../../agent/restic/client.ts";
import type { ResticExit } from "../../../agent/restic/run.ts";
import { startAnsweringStore } from "./answering-store.ts";
import type { Recording } from "./recording.ts";
import { ensureRestic, type ResticName } from "./restic-programs.ts";
import { createResticWorld, type ResticWorld } from "./restic-world.ts";
import { SITUATIONS, type Situation } from "./situations.ts";
import { nameOfCase, REACH, STORE_CASES, type StoreCase } from "./store-answers.ts";

export const RECORDED = join(import.meta.dirname, "..", "..", "unit", "agent", "restic", "recorded");

const RETRY_PATIENCE_MS = 2_500;
const LIMIT_MS = 40_000;
const SILENT_LIMIT_MS = 4_000;

/** Runs restic against a store that has the fault. */
export async function runStoreCase(one: StoreCase, world: ResticWorld, options: CallOptions): Promise<ResticExit> {
  const { hosts, backend, secret } = REACH[one.store];
  const store = await startAnsweringStore(hosts, one.answerTo);
  const proxy = hosts.length > 0 ? { HTTPS_PROXY: store.url, CA_CERT_DATA: store.caPem } : {};
  const restic = await world.open(backend(store.url), { ...secret, ...proxy });
  const command = one.isOnWrite ? ["init"] : ["cat", "config", "--no-lock"];
  const timeLimitMs = one.isSilent ? SILENT_LIMIT_MS : LIMIT_MS;
  try {
    return await restic.run(command, { timeLimitMs, retryPatienceMs: RETRY_PATIENCE_MS, ...options });
  } finally {
    await store.stop();
  }
}

/** Runs one case in a world of its own, and hears it. */
export async function record(one: StoreCase | Situation, name: string, code: string): Promise<Recording> {
  const world = await createResticWorld();
  const lines: string[] = [];
  const hear = (options: CallOptions = {}): CallOptions => ({
    retryPatienceMs: RETRY_PATIENCE_MS,
    timeLimitMs: LIMIT_MS,
    ...options,
    onLine: (line) => lines.push(line.replaceAll(world.dir, "/w").replaceAll(hostname(), "node-1")),
  });
  try {
    const {
      code: exitCode,
      signal,
      stopped,
    } = "store" in one ? await runStoreCase(one, world, hear()) : await one.run(world, hear);
    const exit = { code: exitCode, signal, stopped };
    return { name, code, command: "store" in one ? "other" : one.command, exit, lines };
  } finally {
    await world.stop();
  }
}

/** What each restic is expected to tell. */
export function codeOfCase(one: StoreCase | Situation, restic: ResticName): string {
  // Debian builds restic without Azure since release 13.
  if ("store" in one && one.store === "Azure" && restic === "image") return "BACKEND_INVALID";
  return (restic === "oldest" ? one.oldestCode : undefined) ?? one.code;
}

async function recordAll(name: ResticName, only: string | undefined): Promise<void> {
  const program = await ensureRestic(name, console.error);
  process.env["PATH"] = `${program.folder}:${process.env["PATH"] ?? ""}`;
  const file = join(RECORDED, `restic-${program.version}.json`);
  await mkdir(RECORDED, { recursive: true });
  const cases = [
    ...SITUATIONS.map((one) => ({ one, name: one.name, code: codeOfCase(one, name) })),
    ...STORE_CASES.map((one) => ({ one, name: nameOfCase(one), code: codeOfCase(one, name) })),
  ];
  const wanted = cases.filter((each) => only === undefined || each.name.includes(only));
  const kept: readonly Recording[] = only === undefined ? [] : JSON.parse(await readFile(file, "utf8"));
  const names = new Set(wanted.map((each) => each.name));
  const recorded: Recording[] = kept.filter((each) => !names.has(each.name));
  for (const each of wanted) {
    recorded.push(await record(each.one, each.name, each.code));
    console.error(each.name);
  }
  const order = cases.map((each) => each.name);
  recorded.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  await writeFile(file, `${JSON.stringify(recorded, undefined, 1)}\n`);
}

if (import.meta.main) {
  const [, , name, only] = process.argv;
  if (name !== "oldest" && name !== "image") throw new Error("record.ts oldest|image [words of a name]");
  await recordAll(name, only);
}
