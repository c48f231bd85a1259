import { describe, expect, test } from "vitest";
import { type EndableStatus, withRefusal, withShortTexts } from "../../../../reconciler/run/refused-status.ts";
import { tellRefusal, writeRunStatus } from "../../../../reconciler/run/write-status.ts";
import { valueAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../../../shared/kube/client/interface.ts";
import { createLogger } from "../../../../shared/log.ts";
import { backupSessionPhase } from "../../../../shared/status/backup-phase.ts";
import { restorePhase } from "../../../../shared/status/restore-phase.ts";

const RESOURCE = { group: "g", version: "v1", plural: "things", namespaced: true };
const SUBJECT = { apiVersion: "g/v1", kind: "Thing", namespace: "demo", name: "a", uid: "u" };
const NOW = new Date("2026-01-02T03:04:05Z");
const WORDS = 'Thing "a" is invalid: status.targets[0].hooks[0].phase: Unsupported value: "<odd>"';

/** An API server that takes a status only when the rule says so. */
function aServer(takes: (status: unknown) => boolean) {
  const sent: unknown[] = [];
  const client: Pick<KubeClient, "patchStatus"> = {
    patchStatus: async (_resource, _namespace, _name, patch, parse) => {
      const body = patch.kind === "merge" ? patch.body : undefined;
      sent.push(body);
      if (takes(valueAt(body, "status"))) return parse({ status: valueAt(body, "status") });
      throw new KubeError({ action: "patch", status: 422, reason: "Invalid", detail: WORDS });
    },
  };
  return { client, sent };
}

const BEFORE: EndableStatus & { readonly phase: string } = { phase: "Running", conditions: [] };

function write(server: ReturnType<typeof aServer>, after: unknown) {
  const metadata = { namespace: "demo", name: "a", resourceVersion: "7" };
  const endWith = (words: string) => withRefusal(BEFORE, words, NOW);
  const change = { resource: RESOURCE, metadata, before: BEFORE, after };
  return writeRunStatus(server.client, change, { parse: asIs, endWith }, new AbortController().signal);
}

describe("E1: the status of a run", () => {
  test.each(["a < b", "a > b", "a & b", 'quote " and \\ and \n', "\u2028"])(
    "is written without a test of its texts: %j",
    async (output) => {
      const server = aServer(() => true);
      const after = { ...BEFORE, hooks: [{ type: "preBackup", output }] };
      expect(await write(server, after)).toMatchObject({ kind: "written", refused: undefined });
      expect(server.sent).toEqual([{ metadata: { resourceVersion: "7" }, status: { hooks: after.hooks } }]);
    },
  );

  test("that is refused for its length goes through with short texts, and the run goes on", async () => {
    const server = aServer((status) => JSON.stringify(status).length < 2_000);
    const warnings = ["a", "b", "c", "d"].map((letter) => letter.repeat(900));
    const after = {
      ...BEFORE,
      targets: [{ stats: [{ hostname: "h".repeat(300), error: "e".repeat(900), warnings }] }],
    };
    const outcome = await write(server, after);
    expect(outcome).toMatchObject({ kind: "written", refused: { instead: "short" } });
    const short = `${"e".repeat(200)}...`;
    const stats = [
      {
        hostname: "h".repeat(300),
        error: short,
        warnings: warnings.slice(0, 3).map((one) => `${one.slice(0, 200)}...`),
      },
    ];
    expect(server.sent.at(-1)).toMatchObject({ status: { targets: [{ stats }] } });
  });

  test("that is refused in every form ends the run with the API server's words", async () => {
    const server = aServer((status) => valueAt(status, "targets") === undefined);
    const outcome = await write(server, { ...BEFORE, targets: [{ phase: "<odd>" }] });
    expect(server.sent).toHaveLength(3);
    expect(server.sent.at(-1)).toMatchObject({
      metadata: { resourceVersion: "7" },
      status: {
        phase: "Failed",
        completionTime: "2026-01-02T03:04:05Z",
        conditions: [{ type: "MetricsPushed", status: "False", message: expect.stringContaining(WORDS) }],
      },
    });
    const events: string[] = [];
    const lines: unknown[] = [];
    const log = createLogger("test", "error");
    log.error = (fields: unknown) => lines.push(fields);
    const events_ = {
      record: (_: unknown, _type: string, reason: string, message: string) => events.push(`${reason}: ${message}`),
    };
    const refused = outcome.kind === "written" ? outcome.refused : undefined;
    expect(tellRefusal({ log, events: events_ }, { session: "demo/a" }, SUBJECT, refused)).toBe(true);
    expect(events).toEqual([`Status Refused: the API server refused the status, the run ends: ${WORDS}`]);
    expect(lines).toEqual([{ session: "demo/a", error: expect.stringContaining(WORDS) }]);
  });

  test("that ended so is Failed by its recorded facts, whatever ran", () => {
    const { conditions = [] } = withRefusal(BEFORE, WORDS, NOW);
    expect(backupSessionPhase({ conditions, targets: ["Running", "Succeeded"] })).toBe("Failed");
    expect(restorePhase({ conditions, members: ["Running"] })).toBe("Failed");
  });

  test("whose every form is refused is an error, and nothing is repeated at once", async () => {
    const server = aServer(() => false);
    await expect(write(server, { ...BEFORE, targets: [] })).rejects.toThrow(WORDS);
    expect(server.sent.length).toBeLessThanOrEqual(3);
  });
});

test("short texts leave all facts as they are", () => {
  const facts = {
    targets: [{ ref: { name: "n".repeat(900) }, stats: [{ hooks: [{ phase: "Failed", output: "ok" }] }] }],
  };
  expect(withShortTexts(facts)).toEqual(facts);
});
