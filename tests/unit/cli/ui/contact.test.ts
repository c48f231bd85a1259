/** What the pages say of an API server that refuses, or is away. */
import { afterEach, expect, test, vi } from "vitest";
import { createContact } from "../../../../cli/ui/contact.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";

const action = "list backupsessions.stash.appscode.com in demo";
const forbidden = new KubeError({
  action,
  status: 403,
  reason: "Forbidden",
  detail:
    'backupsessions.stash.appscode.com is forbidden: User "eve" cannot list resource "backupsessions" in API group "stash.appscode.com"',
});
const silent = new KubeError({ action, status: 0, reason: "NotConnected", detail: "connect ECONNREFUSED 127.0.0.1:1" });
const unknownUser = new KubeError({ action, status: 401, reason: "Unauthorized", detail: "Unauthorized" });

afterEach(() => vi.useRealTimers());

function aLine() {
  let heardAtMs = Date.now();
  const synced = Promise.withResolvers<void>();
  const contact = createContact({ scope: "demo", narrower: undefined, now: Date.now }, () => undefined);
  const unreadable = new Map<string, string>();
  contact.follow(KINDS.BackupSession, {
    hasSynced: () => synced.promise,
    healthy: () => ({ ok: true, ageMs: Date.now() - heardAtMs }),
    unreadable: () => unreadable,
  });
  return {
    contact,
    unreadable,
    fault: (error: unknown) => contact.note(KINDS.BackupSession, { kind: "Fault", resource: "backupsessions", error }),
    hear: () => {
      heardAtMs = Date.now();
    },
    sync: async () => {
      synced.resolve();
      await synced.promise;
      await Promise.resolve();
    },
    look: () => contact.look(Date.now()),
  };
}

test("while the first list is read nothing is known, and nothing is wrong", async () => {
  vi.useFakeTimers();
  const line = aLine();
  expect(line.look()).toEqual({
    isLoading: true,
    notices: [],
    unreadable: new Set(["BackupSession"]),
    withheld: new Set(),
  });
  await line.sync();
  expect(line.look()).toEqual({ isLoading: false, notices: [], unreadable: new Set(), withheld: new Set() });
  line.contact.stop();
});

test("a kind that is refused names the right and how to ask for it, and stays unknown", () => {
  vi.useFakeTimers();
  const line = aLine();
  vi.advanceTimersByTime(10);
  line.fault(forbidden);
  const { isLoading, notices, unreadable } = line.look();
  expect({ isLoading, unreadable }).toEqual({ isLoading: false, unreadable: new Set(["BackupSession"]) });
  expect(notices).toMatchObject([
    {
      kind: "missing-right",
      message: expect.stringContaining(
        "you lack the right to list backupsessions.stash.appscode.com in namespace demo",
      ),
      next: "check it with: kubectl auth can-i list backupsessions.stash.appscode.com -n demo",
    },
  ]);
  line.contact.stop();
});

test("a right that is taken away makes unknown what was read before, and withholds it, until it is given again", async () => {
  vi.useFakeTimers();
  const line = aLine();
  await line.sync();
  vi.advanceTimersByTime(60_000);
  line.fault(forbidden);
  const kinds = new Set(["BackupSession"]);
  expect(line.look()).toMatchObject({ unreadable: kinds, withheld: kinds, notices: [{ kind: "missing-right" }] });
  vi.advanceTimersByTime(1_000);
  line.hear();
  expect(line.look()).toEqual({ isLoading: false, notices: [], unreadable: new Set(), withheld: new Set() });
  line.contact.stop();
});

test("a login that has ended is told as that", () => {
  vi.useFakeTimers();
  const line = aLine();
  vi.advanceTimersByTime(10);
  line.fault(unknownUser);
  expect(line.look()).toMatchObject({
    notices: [{ message: expect.stringContaining("does not know who you are") }],
    unreadable: new Set(["BackupSession"]),
    withheld: new Set(),
  });
  line.contact.stop();
});

test("an API server that goes away is told with since when, keeps what was read, and is forgotten when it is back", async () => {
  vi.useFakeTimers({ now: Date.parse("2030-01-02T12:00:00Z") });
  const line = aLine();
  await line.sync();
  vi.advanceTimersByTime(60_000);
  line.fault(silent);
  expect(line.look()).toMatchObject({
    isLoading: false,
    unreadable: new Set(),
    notices: [{ kind: "away", since: "2030-01-02T12:00:00Z", message: expect.stringContaining("ECONNREFUSED") }],
  });
  vi.advanceTimersByTime(1_000);
  line.hear();
  expect(line.look().notices).toEqual([]);
  line.contact.stop();
});

test("an object that can't be read is named", async () => {
  vi.useFakeTimers();
  const line = aLine();
  await line.sync();
  line.unreadable.set("demo/odd", "spec: expected an object");
  expect(line.look().notices).toMatchObject([
    { kind: "unreadable", message: expect.stringContaining("BackupSession demo/odd") },
  ]);
  line.contact.stop();
});

test("a kind that the installation does not have yet is told as that, and the rest goes on", () => {
  vi.useFakeTimers();
  const line = aLine();
  line.fault(new KubeError({ action, status: 404, reason: "NotFound", detail: "404 page not found" }));
  vi.advanceTimersByTime(60_000);
  expect(line.look()).toMatchObject({
    isLoading: false,
    notices: [{ kind: "absent", message: expect.stringContaining("has no BackupSession") }],
    unreadable: new Set(["BackupSession"]),
  });
  line.contact.stop();
});
