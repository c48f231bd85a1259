import { describe, expect, test } from "vitest";
import { parseAppBinding } from "../../../../shared/api/app-binding.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseFunction } from "../../../../shared/api/function.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { UserError } from "../../../../shared/errors.ts";

const retentionPolicy = { name: "keep-7", keepDaily: 7, prune: true };

function aBatch(spec: object = {}): { [key: string]: unknown; spec: object } {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo" },
    spec: { retentionPolicy, ...spec },
  };
}

function errorOf(parse: () => unknown): UserError {
  try {
    parse();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parsing one object", () => {
  test("the error names object, field, what is expected and what was found, and that a retry is no use", () => {
    const members = [{}, { target: { ref: { apiVersion: "apps/v1", kind: 3, name: "web" } } }];
    const error = errorOf(() => parseBackupBatch(aBatch({ members })));
    expect(error.code).toBe("INVALID_OBJECT");
    expect(error.retryable).toBe(false);
    expect(error.message).toBe(
      "BackupBatch demo/nightly: spec.members[1].target.ref.kind: expected text, found a whole number",
    );
  });

  test("several wrong fields are told at once, five at most", () => {
    const spec = { schedule: 1, timeOut: 1, paused: 1, driver: 1, repository: 1, members: 1, executionOrder: 1 };
    const { message } = errorOf(() => parseBackupBatch(aBatch(spec)));
    expect(message.split("; ")).toHaveLength(6);
    expect(message).toMatch(/; and 2 more$/);
  });

  test("an unknown value of a closed list is refused with the choices", () => {
    const { message } = errorOf(() => parseBackupBatch(aBatch({ executionOrder: "Serial" })));
    expect(message).toBe(
      'BackupBatch demo/nightly: spec.executionOrder: expected one of "Parallel", "Sequential", found "Serial"',
    );
  });

  test("an object of another kind is refused", () => {
    const { message } = errorOf(() => parseBackupSession(aBatch()));
    expect(message).toContain('BackupSession demo/nightly: kind: expected "BackupSession", found "BackupBatch"');
  });

  test.each([[undefined], [null], ["text"], [[]], [7]])("%j is no object", (value) => {
    expect(errorOf(() => parseBackupBatch(value)).message).toMatch(/^BackupBatch: expected an object, found /);
  });

  test("a cluster-wide kind needs no namespace", () => {
    const parsed = parseFunction({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "Function",
      metadata: { name: "dump" },
      spec: { args: ["--host"], ports: [{ containerPort: 80 }] },
    });
    expect(parsed.metadata.name).toBe("dump");
  });

  test("unknown fields stay and defaults are not filled in", () => {
    const batch = aBatch({
      members: [{ runtimeSettings: { pod: { affinity: { nodeAffinity: { a: 1 } } } } }],
      ours: 1,
    });
    const parsed = parseBackupBatch(batch);
    expect(parsed).toBe(batch);
    expect(parsed.spec.executionOrder).toBeUndefined();
    expect(parsed.spec.members?.[0]?.runtimeSettings?.pod?.affinity).toEqual({ nodeAffinity: { a: 1 } });
  });

  test("addon parameters of another vendor's kind are read without knowing the kind", () => {
    const parsed = parseAppBinding({
      apiVersion: "appcatalog.appscode.com/v1alpha1",
      kind: "AppBinding",
      metadata: { name: "db", namespace: "demo" },
      spec: {
        clientConfig: { service: { scheme: "mysql", name: "db", port: 3306 } },
        parameters: {
          apiVersion: "x/v1",
          kind: "Any",
          replicas: 3,
          stash: { addon: { backupTask: { name: "dump" } } },
        },
      },
    });
    expect(parsed.spec.parameters?.stash?.addon?.backupTask?.name).toBe("dump");
    expect(parsed.spec.parameters).toHaveProperty("replicas", 3);
  });

  test("a restore batch's member may be Unknown, which upstream writes and its own schema refuses", () => {
    const parsed = parseRestoreBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: { name: "back", namespace: "demo" },
      spec: {},
      status: { members: [{ ref: { name: "web" }, phase: "Unknown" }] },
    });
    expect(parsed.status?.members?.[0]?.phase).toBe("Unknown");
  });
});
