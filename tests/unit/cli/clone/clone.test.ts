/** Whole clones: what is made for them goes again, wherever they fail, and what can't go is told. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLAIMS, SECRETS } from "../../../../cli/cluster/resources.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { isJsonObject, textAt } from "../../../../shared/json/value.ts";
import type { Resource } from "../../../../shared/kube/resource.ts";
import { type ApiCall, type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aRepository } from "../../../support/cli/work-pods.ts";

const TARGETS = [
  { ref: { kind: "PersistentVolumeClaim", name: "files" }, stats: [{ snapshots: [{ name: "abcd0000" }] }] },
];
let api: MemoryApi;
let restorePhase: string;

beforeEach(async () => {
  api = await startMemoryApi();
  restorePhase = "Succeeded";
  api.put(KINDS.Repository, aRepository("store", "backend"));
  api.put(SECRETS, { metadata: { name: "backend", namespace: "shop" }, data: {}, type: "Opaque" });
  api.put(CLAIMS, {
    metadata: { name: "files", namespace: "shop" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
  });
  api.reacts = ({ line, body }) => {
    settle(line, body, KINDS.BackupConfiguration, { phase: "Ready" });
    settle(line, body, KINDS.BackupSession, { phase: "Succeeded", targets: TARGETS });
    settle(line, body, KINDS.RestoreSession, { phase: restorePhase });
  };
});

afterEach(() => api.stop());

/** Gives what was just made the status that the reconciler would. */
function settle(line: string, body: unknown, kind: Resource, status: object): void {
  if (line.startsWith("POST") && line.endsWith(`/${kind.plural}`) && isJsonObject(body))
    api.put(kind, { ...body, status });
}

const clone = (...flags: readonly string[]) =>
  runLine(api, ["clone", "pvc", "files", "--to-namespace=other", "--repository=store", ...flags]);

function namesIn(namespace: string): readonly string[] {
  const kinds = [CLAIMS, SECRETS, KINDS.Repository, KINDS.BackupConfiguration, KINDS.RestoreSession];
  return kinds.flatMap((kind) =>
    api.list(kind, namespace).map((one) => `${kind.plural}/${textAt(one, "metadata", "name")}`),
  );
}

const BEFORE = ["persistentvolumeclaims/files", "secrets/backend", "repositories/store"];

test("the claim alone stays of one that went well", async () => {
  const { exitCode, notes } = await clone();
  expect(exitCode, notes).toBe(0);
  expect(namesIn("other")).toEqual(["persistentvolumeclaims/files"]);
  expect(namesIn("shop")).toEqual(BEFORE);
});

test.each<readonly [string, number]>([
  ["secrets", 403],
  ["repositories", 422],
  ["persistentvolumeclaims", 403],
  ["restoresessions", 403],
])("nothing stays of one that fails at its %s in the other namespace", async (plural, status) => {
  api.refuses = ({ line }) =>
    line.startsWith("POST") && line.endsWith(`/namespaces/other/${plural}`) ? status : undefined;
  const { exitCode, notes } = await clone();
  expect(exitCode).toBe(1);
  expect(namesIn("other")).toEqual([]);
  expect(namesIn("shop")).toEqual(BEFORE);
  expect(notes).not.toContain("left behind");
});

test("nothing stays of one whose restore fails", async () => {
  restorePhase = "Failed";
  const { exitCode, notes } = await clone();
  expect(exitCode, notes).toBe(1);
  expect(namesIn("other")).toEqual([]);
  expect(namesIn("shop")).toEqual(BEFORE);
});

test("what was there before stays, whatever fails", async () => {
  const secret = { metadata: { name: "backend", namespace: "other" }, data: { own: "x" } };
  api.put(SECRETS, secret);
  api.put(CLAIMS, { metadata: { name: "files", namespace: "other" } });
  const { exitCode } = await clone();
  expect(exitCode).toBe(1);
  expect(namesIn("other")).toEqual(["persistentvolumeclaims/files", "secrets/backend"]);
  expect(api.find(SECRETS, "other", "backend")).toEqual(secret);
});

test("what can't be taken away is told with the command that does it, and hinders nothing else", async () => {
  restorePhase = "Failed";
  api.refuses = ({ line }) => (/^DELETE .*\/namespaces\/other\/secrets\//.test(line) ? 403 : undefined);
  const { exitCode, notes } = await clone();
  expect(exitCode).toBe(1);
  expect(namesIn("other")).toEqual(["secrets/backend"]);
  expect(notes).toMatch(
    /^left behind: secrets other\/backend \(.+\); remove it: kubectl delete secrets backend -n other$/m,
  );
});

test("a delete that fails for a moment is made again", async () => {
  let failures = 0;
  api.refuses = ({ line }) => (line.startsWith("DELETE") && failures++ < 2 ? 503 : undefined);
  const { exitCode, notes } = await clone();
  expect(exitCode, notes).toBe(0);
  expect(namesIn("other")).toEqual(["persistentvolumeclaims/files"]);
});

test("what nobody said was made is not taken away, but told", async () => {
  api.refuses = ({ line }: ApiCall) => (line === "POST /api/v1/namespaces/other/secrets" ? 503 : undefined);
  const { notes } = await clone();
  expect(notes).toContain(
    "left behind: secrets other/backend (it is not known whether it was made); remove it: kubectl delete secrets backend -n other",
  );
  expect(api.calls.filter(({ line }) => line.startsWith("DELETE") && line.includes("/secrets/"))).toEqual([]);
});

test("Ctrl-C takes away what there is, and nothing is made after it", async () => {
  let tidy: (() => Promise<void>) | undefined;
  let told: string | undefined;
  const react = api.reacts;
  restorePhase = "Running";
  api.reacts = (call) => {
    react(call);
    if (call.line === "POST /api/v1/namespaces/other/persistentvolumeclaims") setImmediate(() => void tidy?.());
  };
  const leavesBehind = (text: string | undefined, takesAway?: () => Promise<void>) => {
    told = text ?? told;
    tidy = takesAway;
  };
  const { exitCode } = await runLine(
    api,
    ["clone", "pvc", "files", "--to-namespace=other", "--repository=store", "--timeout=2s"],
    { leavesBehind },
  );
  expect(exitCode).toBe(1);
  expect(told).toContain("kubectl delete secrets backend -n other");
  expect(namesIn("other")).toEqual([]);
  expect(namesIn("shop")).toEqual(BEFORE);
});
