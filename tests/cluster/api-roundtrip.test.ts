import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCluster } from "../../cli/cluster/open.ts";
import { flagValues } from "../../cli/program/flag-values.ts";
import { STORED_KINDS, type StoredKind } from "../../scripts/crds/definitions.ts";
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { parseBackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { parseBackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { parseFunction } from "../../shared/api/function.ts";
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import type { Parser } from "../../shared/api/parse.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { parseTask } from "../../shared/api/task.ts";
import { findDefinitionFaults } from "../../shared/definitions/fault.ts";
import { gatherDefinitions } from "../../shared/definitions/gather.ts";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject, listAt, textAt } from "../../shared/json/value.ts";
import { type ApiResponse, type ApiServer, connectApiServer } from "../support/api/api-server.ts";
import { buildFullObject } from "../support/api/full-object.ts";
import { missingFields } from "../support/api/missing-fields.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { kstatusOf } from "../support/status/kstatus.ts";

const NAMESPACE = "api-roundtrip";
const APPLY = "application/apply-patch+yaml";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

const PARSERS: Readonly<Record<string, Parser<unknown>>> = {
  Repository: parseRepository,
  BackupConfiguration: parseBackupConfiguration,
  BackupBatch: parseBackupBatch,
  BackupBlueprint: parseBackupBlueprint,
  BackupSession: parseBackupSession,
  BackupVerificationSession: parseBackupVerificationSession,
  BackupVerifier: parseBackupVerifier,
  RestoreSession: parseRestoreSession,
  RestoreBatch: parseRestoreBatch,
  Function: parseFunction,
  Task: parseTask,
  AppBinding: parseAppBinding,
  HostRun: parseHostRun,
};

let api: ApiServer;

beforeAll(async () => {
  api = connectApiServer(sharedPlane().kubeconfigPath);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  await mustSucceed({
    method: "PATCH",
    path: `/api/v1/namespaces/${NAMESPACE}?fieldManager=test`,
    body: namespace,
    contentType: APPLY,
  });
});

// The control plane is shared: whatever reconciles there later must not meet objects full of made-up values.
afterAll(async () => {
  for (const kind of STORED_KINDS) await mustSucceed({ method: "DELETE", path: pathOf(kind) });
  await mustSucceed({ method: "DELETE", path: `/api/v1/namespaces/${NAMESPACE}` });
});

async function mustSucceed(request: Parameters<ApiServer>[0]): Promise<unknown> {
  const { status, body } = await api(request);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

function collectionPath(entry: KindEntry): string {
  const scope = entry.namespaced ? `namespaces/${NAMESPACE}/` : "";
  return `/apis/${entry.apiVersion}/${scope}${entry.plural}`;
}

/** Where the object with every field is; others of its kind, which other files left, are none of ours. */
function pathOf({ entry }: StoredKind): string {
  return `${collectionPath(entry)}/full`;
}

function parserOfKind({ entry }: StoredKind): Parser<unknown> {
  const parser = PARSERS[entry.kind];
  if (parser === undefined) throw new Error(`no parser of ${entry.kind}`);
  return parser;
}

describe.each(STORED_KINDS.map((kind) => [kind.entry.kind, kind] as const))(
  "a %s with every field set",
  (_name, kind) => {
    const { entry } = kind;
    const path = pathOf(kind);
    const written = buildFullObject(kind, "full", NAMESPACE);

    test("comes back whole from the API server, status through its subresource, and can be parsed", async () => {
      const { status, ...rest } = written;
      await mustSucceed({ method: "PATCH", path: `${path}?fieldManager=test`, body: rest, contentType: APPLY });
      if (entry.statusSubresource) {
        // Whoever reads a new object before the reconciler has looked at it must not take it for one that is well.
        const fresh = await mustSucceed({ path });
        const wanted = kind.schema.properties?.["status"]?.default;
        expect(isJsonObject(fresh) ? fresh["status"] : undefined).toEqual(wanted);
        expect(kstatusOf(fresh)).toBe(wanted === undefined ? "Current" : "InProgress");
        const contentType = "application/merge-patch+json";
        await mustSucceed({ method: "PATCH", path: `${path}/status`, body: { status }, contentType });
      } else {
        expect(status).toBeUndefined();
      }
      const readBack = await mustSucceed({ path });
      expect(missingFields(written, readBack)).toEqual([]);
      expect(parserOfKind(kind)(readBack)).toBe(readBack);
    });

    test("comes back whole from a list, with its apiVersion and kind", async () => {
      const list = await mustSucceed({ path: collectionPath(entry) });
      const items = listAt(list, "items").map(parserOfKind(kind));
      expect(textAt(list, "metadata", "resourceVersion")).toMatch(/^\d+$/);
      expect(
        missingFields(
          written,
          items.find((item) => missingFields({ metadata: { name: "full" } }, item).length === 0),
        ),
      ).toEqual([]);
    });

    test("shows a value in every column", async () => {
      const table = await mustSucceed({ path, accept: TABLE });
      if (!isJsonObject(table) || !Array.isArray(table["columnDefinitions"]) || !Array.isArray(table["rows"])) {
        throw new Error("the API server sent no table");
      }
      const names = table["columnDefinitions"].map((column: unknown) =>
        isJsonObject(column) ? column["name"] : undefined,
      );
      expect(names).toEqual(["Name", ...kind.columns.map(({ name }) => name)]);
      const [row]: readonly unknown[] = table["rows"];
      const cells = isJsonObject(row) && Array.isArray(row["cells"]) ? row["cells"] : [];
      expect(cells).toHaveLength(names.length);
      expect(cells.filter((cell: unknown) => cell === null || cell === "" || cell === "<unknown>")).toEqual([]);
    });
  },
);

describe("a bad manifest is refused, and the API server's answer names the field as our parser does", () => {
  const retentionPolicy = { name: "keep", prune: true };
  const member = (fields: object) => ({ retentionPolicy, members: [{}, fields] });
  const { BackupBatch, BackupSession, RestoreBatch, Repository, AppBinding, Task } = KINDS;

  test.each<[string, KindEntry, object, string]>([
    ["an order that is none", BackupBatch, { retentionPolicy, executionOrder: "Serial" }, "spec.executionOrder"],
    ["a policy that is none", BackupBatch, { retentionPolicy, failurePolicy: "Stop" }, "spec.failurePolicy"],
    ["a driver that is none", BackupBatch, { retentionPolicy, driver: "restic" }, "spec.driver"],
    ["a number for text", BackupBatch, member({ target: { ref: { kind: 3 } } }), "spec.members[1].target.ref.kind"],
    ["text for a list", BackupBatch, member({ target: { paths: "/data" } }), "spec.members[1].target.paths"],
    ["text for a switch", BackupBatch, { retentionPolicy, paused: "yes" }, "spec.paused"],
    ["a fraction", BackupBatch, { retentionPolicy, backupHistoryLimit: 1.5 }, "spec.backupHistoryLimit"],
    ["a negative limit", BackupBatch, { retentionPolicy, startingDeadlineSeconds: -1 }, "spec.startingDeadlineSeconds"],
    ["a duration in words", BackupBatch, { retentionPolicy, timeOut: "5 minutes" }, "spec.timeOut"],
    [
      "a quantity that is none",
      BackupBatch,
      member({ tempDir: { sizeLimit: "2 GB" } }),
      "spec.members[1].tempDir.sizeLimit",
    ],
    [
      "a hook without port",
      BackupBatch,
      member({ hooks: { preBackup: { httpGet: {} } } }),
      "spec.members[1].hooks.preBackup.httpGet.port",
    ],
    ["no retention policy", BackupBatch, { schedule: "0 2 * * *" }, "spec.retentionPolicy"],
    ["half a retention policy", BackupBatch, { retentionPolicy: { name: "keep" } }, "spec.retentionPolicy.prune"],
    ["an invoker of another kind", BackupSession, { invoker: { kind: "CronJob", name: "x" } }, "spec.invoker.kind"],
    ["an invoker without name", BackupSession, { invoker: { kind: "BackupBatch" } }, "spec.invoker.name"],
    ["a time that is none", RestoreBatch, { asOf: "yesterday" }, "spec.asOf"],
    ["a failure rule that is none", RestoreBatch, { onFailure: "Ignore" }, "spec.onFailure"],
    ["a bucket without endpoint", Repository, { backend: { s3: { bucket: "b" } } }, "spec.backend.s3.endpoint"],
    [
      "a service without port",
      AppBinding,
      { clientConfig: { service: { scheme: "tcp", name: "db" } } },
      "spec.clientConfig.service.port",
    ],
    ["a parameter without value", Task, { steps: [{ params: [{ name: "a" }] }] }, "spec.steps[0].params[0].value"],
  ])("%s", async (_name, entry, spec, field) => {
    const metadata = { name: "bad", ...(entry.namespaced ? { namespace: NAMESPACE } : {}) };
    const manifest = { apiVersion: entry.apiVersion, kind: entry.kind, metadata, spec };
    const answer = await api({ method: "POST", path: collectionPath(entry), body: manifest });
    expect(answer.status).toBe(422);
    // API servers before 1.23 leave out which item of a list it is.
    expect([[field], [field.replace(/\[\d+\]/g, "")]]).toContainEqual(fieldsOf(answer));
    expect(() => PARSERS[entry.kind]?.(manifest)).toThrow(UserError);
    expect(() => PARSERS[entry.kind]?.(manifest)).toThrow(`${field}: expected `);
  });

  test("no spec at all", async () => {
    const manifest = { apiVersion: BackupBatch.apiVersion, kind: "BackupBatch", metadata: { name: "bad" } };
    const answer = await api({ method: "POST", path: collectionPath(BackupBatch), body: manifest });
    expect(answer.status).toBe(422);
    expect(fieldsOf(answer)).toContain("spec");
  });

  function fieldsOf({ body }: ApiResponse): readonly unknown[] {
    const details = isJsonObject(body) ? body["details"] : undefined;
    const causes = isJsonObject(details) && Array.isArray(details["causes"]) ? details["causes"] : [];
    const fields = causes.map((cause: unknown) => (isJsonObject(cause) ? cause["field"] : undefined));
    // API servers since 1.25 add, without a field, that rules were not looked at because of the faults.
    return fields.filter((field) => field !== "<nil>");
  }
});

describe("what the API server does to a sparse BackupBatch", () => {
  test("it fills in defaults and drops unknown fields, which the parser does not, and drops nulls as the parser does", async () => {
    const manifest = {
      apiVersion: KINDS.BackupBatch.apiVersion,
      kind: "BackupBatch",
      metadata: { name: "sparse", namespace: NAMESPACE },
      spec: {
        retentionPolicy: { name: "keep", prune: true },
        driver: null,
        timeOut: null,
        retryConfig: {},
        notOurs: 1,
        runtimeSettings: { pod: { nodeSelector: { disk: null, zone: "a" } } },
        members: [{ task: null, hooks: { postBackup: { exec: { command: ["true"] } } } }],
      },
    };
    await mustSucceed({ method: "POST", path: collectionPath(KINDS.BackupBatch), body: manifest });
    const nullsDropped = parseBackupBatch(manifest).spec;
    expect(nullsDropped).not.toHaveProperty("driver");
    const readBack = parseBackupBatch(await mustSucceed({ path: `${collectionPath(KINDS.BackupBatch)}/sparse` }));
    expect(nullsDropped.runtimeSettings).toEqual(readBack.spec.runtimeSettings);
    expect(readBack.spec).toEqual({
      retentionPolicy: { name: "keep", prune: true },
      driver: "Restic",
      executionOrder: "Parallel",
      failurePolicy: "Continue",
      retryConfig: { maxRetry: 1 },
      runtimeSettings: { pod: { nodeSelector: { zone: "a" } } },
      members: [{ hooks: { postBackup: { exec: { command: ["true"] }, executionPolicy: "Always" } } }],
    });
  });
});

test("what this server publishes of the definitions drops no field of ours", async () => {
  const { client } = await openTestClient(sharedPlane().kubeconfigPath);
  try {
    const published = await gatherDefinitions(client, undefined, {});
    expect([...(published?.schemas.keys() ?? [])].toSorted()).toEqual(
      STORED_KINDS.map(({ entry }) => entry.kind).toSorted(),
    );
    expect(findDefinitionFaults(published?.schemas ?? new Map())).toEqual([]);
    expect(await gatherDefinitions(client, published, {})).toBe(published);
  } finally {
    client.close();
  }
});

describe("a field that the definition does not know", () => {
  const unknown = { metadata: { name: "strict" }, spec: { repository: { name: "none" }, members: [], notOurs: true } };

  test("is refused when the plugin writes it: nothing is made that was asked otherwise", async () => {
    const flags = flagValues({ kubeconfig: sharedPlane().kubeconfigPath });
    const cluster = await openCluster({ flags, env: {} });
    const { apiVersion, kind } = KINDS.RestoreBatch;
    const made = cluster.create(KINDS.RestoreBatch, NAMESPACE, { apiVersion, kind, ...unknown });
    await expect(made).rejects.toMatchObject({
      code: "INVALID_OBJECT",
      message: expect.stringContaining('unknown field "spec.notOurs"'),
      next: expect.stringContaining("kubectl apply --server-side -k manifests/crds"),
    });
    await cluster.create(KINDS.RestoreBatch, NAMESPACE, {
      apiVersion,
      kind,
      ...unknown,
      spec: { repository: { name: "none" }, members: [] },
    });
    const patched = cluster.mergePatch(KINDS.RestoreBatch, NAMESPACE, "strict", { spec: { notOurs: true } });
    await expect(patched).rejects.toMatchObject({ code: "INVALID_OBJECT" });
  });
});
