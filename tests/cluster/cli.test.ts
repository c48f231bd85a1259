/** Every command of `kubectl stash`, through the built program, against an installation with real data. */
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { JOBS } from "../../cli/cluster/resources.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { listAt, parseJson, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { type CliStage, DB, openCliStage, WEB } from "../support/cli/stage.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { describeTree } from "../support/files/tree.ts";
import { AUDITED_USER, readAskedFor } from "../support/install/audit.ts";
import { listPods, waitForReadyPods } from "../support/objects/pods.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { batchManifest } from "../support/restore/application.ts";
import { emptyFolder } from "../support/restore/restore-stand.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { testChanges } from "./cli/changes.ts";
import { testRepositoryWork } from "./cli/repository.ts";
import { testUpstreamCommands } from "./cli/upstream.ts";

const NAMESPACE = "cli-test";
const TIMEOUT_MS = 90_000;
const DEPLOYMENTS: Resource = { group: "apps", version: "v1", plural: "deployments", namespaced: true };

const cluster = useProduct();
let stage: CliStage;
const stash: CliStage["stash"] = (...given) => stage.stash(...given);
const output: CliStage["output"] = (...given) => stage.output(...given);
const data: CliStage["data"] = (...given) => stage.data(...given);

async function trees() {
  return Object.fromEntries(
    await Promise.all([...stage.folders].map(async ([name, folder]) => [name, await describeTree(folder)] as const)),
  );
}

async function podUids(): Promise<readonly string[]> {
  return (await listPods(stage.stand.client, NAMESPACE, "app")).map(({ uid }) => uid).sort();
}

beforeAll(async () => {
  stage = await openCliStage(cluster(), NAMESPACE);
});

afterAll(async () => {
  if (stage !== undefined) removeFolder(stage.dir);
});

let session = "";

test("before the first backup status says so, and what to do", async () => {
  expect(await data("status")).toMatchObject({
    applications: [{ name: "nightly", state: "NoPoint", nextStep: "back it up now: trigger nightly" }],
  });
  const { exitCode, stderr } = await stash(["points"]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: `there are no recovery points in namespace ${NAMESPACE}\n`,
  });
});

test("trigger --wait backs up, shows the members, and ends with a table", async () => {
  const { exitCode, stdout, stderr } = await stash(["trigger", "nightly", "--wait"]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stdout).toMatch(/^backupsession\.stash\.appscode\.com\/nightly-\d{10} created\n/);
  expect(stdout).toMatch(/^db +Succeeded +[0-9a-f]{8} +\d+/m);
  expect(stdout).toMatch(/^web +Succeeded +[0-9a-f]{8} +\d+/m);
  expect(stdout).toMatch(/^BackupSession cli-test\/nightly-\d{10}: Succeeded in \d+s$/m);
  expect(stderr).toMatch(/^db: Succeeded/m);
  session = /nightly-\d{10}/.exec(stdout)?.[0] ?? "";
});

test("trigger -o name prints the name alone, and two in one second are two sessions", async () => {
  const runs = await Promise.all([
    output("trigger", "nightly", "-o", "name"),
    output("trigger", "nightly", "-o", "name"),
  ]);
  expect(new Set(runs).size).toBe(2);
  for (const run of runs) {
    const [, name = ""] = run.trim().split("/");
    const read = () => stage.stand.client.get(KINDS.BackupSession, NAMESPACE, name, asIs);
    const isOver = (one: unknown) => ["Succeeded", "Skipped"].includes(textAt(one, "status", "phase") ?? "");
    await eventually(read, isOver, TIMEOUT_MS);
  }
});

describe("lists", () => {
  test.each([
    ["batches", "nightly", "backupbatch.stash.appscode.com/nightly"],
    ["repositories", "store", "repository.stash.appscode.com/store"],
  ])("%s in every format", async (command, name, full) => {
    expect(await output(command)).toMatch(new RegExp(`^NAME .*\\n${name} `));
    expect(await output(command, "-A", "-o", "wide")).toMatch(
      new RegExp(`^NAMESPACE .*\\n(.*\\n)*${NAMESPACE} +${name} `),
    );
    expect(await output(command, name, "-o", "name")).toBe(`${full}\n`);
    expect(await data(command)).toMatchObject({ kind: "List", items: [{ metadata: { name } }] });
    expect(parse(await output(command, "-o", "yaml"))).toMatchObject({ kind: "List", items: [{ metadata: { name } }] });
  });

  test("sessions, those of one batch, with members and size", async () => {
    expect(await output("sessions", "--batch", "nightly")).toMatch(
      new RegExp(`^${session} +nightly +Succeeded +2/2 +\\d+`, "m"),
    );
    const { exitCode, stderr } = await stash(["sessions", "--batch", "nightyl"]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("did you mean nightly?"),
    });
  });

  test("points of a batch, with their members", async () => {
    const points = listAt(await data("points", "nightly"), "points");
    expect(points.length).toBeGreaterThan(1);
    expect(points.find((point) => textAt(point, "session") === session)).toMatchObject({
      isComplete: true,
      members: [
        { name: "db", isSaved: true },
        { name: "web", isSaved: true },
      ],
    });
    expect(await output("points")).toMatch(new RegExp(`^${session} +nightly .* yes .* db, web$`, "m"));
  });

  test("status of an application that is well", async () => {
    const read = async () => listAt(await data("status"), "applications")[0];
    const isGood = (one: unknown) => textAt(one, "state") === "Good";
    expect(await eventually(read, isGood)).toMatchObject({
      name: "nightly",
      point: expect.stringMatching(/^nightly-/),
    });
    expect(await output("status", "-A")).toMatch(new RegExp(`^${NAMESPACE} +nightly +Good +\\d+s `, "m"));
  });

  test("no line is longer than a narrow terminal, and nothing is coloured in a pipe", async () => {
    for (const command of [["status"], ["sessions", "-o", "wide"], ["describe", "session", session]]) {
      const { stdout } = await stash(command, { env: { COLUMNS: "40" } });
      for (const line of stdout.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(40);
      expect(stdout).not.toContain("\u001b");
    }
  });
});

test("describe tells members, lanes, hosts, snapshots and conditions", async () => {
  const text = await output("describe", "session", session);
  for (const part of ["Members", "Hosts", "Snapshots", "Work on the repository", "Conditions", "█", "/data"]) {
    expect(text).toContain(part);
  }
  expect(await data("describe", `session/${session}`)).toMatchObject({
    kind: "BackupSession",
    metadata: { name: session },
  });
  expect(await stash(["describe", "session", "nightly-1"])).toMatchObject({ exitCode: 1 });
});

test("logs prints what each member's sidecar logged, with its name before it", async () => {
  const text = await output("logs", `session/${session}`);
  expect(text).toMatch(/^\[db\] \d\d:\d\d:\d\d info {2}path saved .*path=\/data/m);
  expect(text).toMatch(/^\[web\] \d\d:\d\d:\d\d info {2}path saved/m);
  expect(await output("logs", "session", session, "-m", "db", "--no-follow")).not.toContain("[web]");
});

test("events prints those of our objects alone", async () => {
  const events = listAt(await data("events"), "items");
  expect(events.length).toBeGreaterThan(0);
  for (const event of events) expect(textAt(event, "involvedObject", "apiVersion")).toContain("appscode.com");
  expect(await output("events", `backupsession/${session}`)).toContain(`BackupSession/${session}`);
});

test("coverage tells what nobody saves, with the line to add, and may fail for it", async () => {
  expect(await data("coverage")).toMatchObject({ uncovered: 0, items: [] });
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "forgotten", namespace: NAMESPACE },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
  };
  await stage.stand.apply(claim);
  expect(await output("coverage")).toMatch(/^Uncovered +PersistentVolumeClaim +forgotten +- +no batch names it/m);
  const { exitCode, stdout } = await stash(["coverage", "-A", "--fail-on-uncovered", "-o", "name"]);
  expect(exitCode).toBe(1);
  expect(stdout).toContain("persistentvolumeclaim/forgotten\n");
});

test("lint finds in files what the webhook would refuse", async () => {
  const path = join(stage.dir, "batch.yaml");
  await writeFile(path, stringify({ ...batchManifest(NAMESPACE, [DB, WEB], { schedlue: "@daily" }) }));
  const { exitCode, stdout } = await stash(["lint", "-f", path]);
  expect(exitCode).toBe(1);
  expect(stdout).toContain("spec.schedlue: there is no such field (next: did you mean schedule?)");
  await writeFile(path, stringify(batchManifest(NAMESPACE, [DB, WEB])));
  expect(await output("lint", "-f", path)).toBe("");
});

test("explain, doctor and uninstall are the same program", async () => {
  expect(await output("explain", "deployment/web")).toContain("UpToDate");
  expect(await data("explain", "deployment/web")).toMatchObject({
    explanations: [{ workload: `Deployment ${NAMESPACE}/web`, kind: "skip" }],
  });
  // The programs run beside this cluster, not in it.
  const bundle = join(stage.dir, "bundle.tar.gz");
  const doctor = await stash(["doctor", "--json", "--bundle", bundle]);
  const held = gunzipSync(await readFile(bundle)).toString();
  expect(held).toContain('"name": "nightly"');
  const password = Buffer.from("test").toString("base64");
  // The name of a key may stand in a message; with a value behind it stands nowhere.
  expect(held).not.toContain(password);
  expect(held).not.toMatch(/RESTIC_PASSWORD"?\s*[:=]/);
  expect(doctor.exitCode).toBe(1);
  expect(parseJson(doctor.stdout)).toMatchObject({
    findings: expect.arrayContaining([{ check: "Kubernetes version", status: "Ok", message: expect.any(String) }]),
  });
  const told = await output("uninstall");
  expect(told).toMatch(/^would delete /m);
  expect(told).toContain("Nothing was changed");
  expect(await data("uninstall")).toMatchObject({ isDone: false });
});

test("completion knows the names in the cluster", async () => {
  expect(await output("__complete", "trigger", "")).toBe("nightly\tBackupBatch\n:4\n");
  expect(await output("__complete", "describe", "session/")).toContain(`session/${session}\t`);
  expect(await output("__complete", "status", "-n", "cli-te")).toBe(`${NAMESPACE}\tnamespace\n:4\n`);
});

describe("restore", () => {
  test("--dry-run asks the API server for nothing but reads: its audit log has no write", async () => {
    const env = { KUBECONFIG: await stage.writeKubeconfig(AUDITED_USER, ["system:masters"]) };
    const planned = await stash(["restore", "nightly", "--at", "1 second ago", "--dry-run"], { env });
    expect(planned, planned.stderr).toMatchObject({ exitCode: 0, stderr: "" });
    expect(planned.stdout).toMatch(/Point +nightly-\d{10} of /);
    expect(planned.stdout).toMatch(/^2 +web +/m);
    expect(planned.stdout).toContain("restic was not asked");
    const asked = await readAskedFor(sharedPlane().auditLogPath, AUDITED_USER);
    expect(asked.others).toEqual([]);
    expect(asked.reads.length).toBeGreaterThan(3);
    // The log sees what is no read: of this one that is checked, made and taken away.
    const tried = await stash(["restore", "nightly", "-m", "web", "--dry-run=server"], { env });
    expect(tried, tried.stderr).toMatchObject({ exitCode: 0 });
    const { others } = await readAskedFor(sharedPlane().auditLogPath, AUDITED_USER);
    expect(others.map((line) => line.replace(/nightly-plan-\w+/, "NAME"))).toEqual([
      expect.stringMatching(/^create \S+\/restorebatches\?.*dryRun=All/),
      expect.stringMatching(/^create \S+\/restorebatches(\?fieldManager=\S+)?$/),
      expect.stringMatching(/^delete \S+\/restorebatches\/NAME/),
    ]);
  });

  test("--dry-run=server tells files and bytes, touches no pod and no file, and its object is gone", async () => {
    const own = join(stage.folders.get("web") ?? "", "own");
    const extra = join(stage.folders.get("db") ?? "", "deep/er/file");
    const [ownTime, extraTime] = await Promise.all([own, extra].map(async (path) => (await stat(path)).mtime));
    await writeFile(own, "changed since");
    await rm(extra);
    const pods = await podUids();
    const before = await trees();
    const snapshots = () => stage.stand.restic("list", "snapshots", "--no-lock");
    const known = snapshots();
    const text = await output("restore", "nightly", "--at", "1 second ago", "--dry-run=server");
    expect(text).toContain("a dry run, nothing was changed");
    expect(text).toMatch(/Point +nightly-\d{10} of /);
    expect(text).toMatch(/^1 +db +Deployment cli-test\/db +init-container of its pods +[0-9a-f]{8} .* its pod$/m);
    expect(text).toMatch(/^2 +web +/m);
    expect(text).toMatch(/^ {2}db: 1 new, 0 written over, 2 the same; 4 B of /m);
    expect(text).toMatch(/^ {2}web: 0 new, 1 written over, 2 the same; 11 B of .*\n {4}writes over \/data\/own$/m);
    expect((await stage.stand.client.list(KINDS.RestoreBatch, NAMESPACE, asIs)).items).toEqual([]);
    expect((await stage.stand.client.list(JOBS, NAMESPACE, asIs)).items).toEqual([]);
    expect(await podUids()).toEqual(pods);
    expect(await trees()).toEqual(before);
    expect(snapshots()).toBe(known);
    await writeFile(own, "data of web");
    await writeFile(extra, "deep");
    // As they were saved.
    await utimes(own, ownTime ?? 0, ownTime ?? 0);
    await utimes(extra, extraTime ?? 0, extraTime ?? 0);
  });

  test("a RestoreBatch with dryRun tells the same in its status, and restarts and writes nothing", async () => {
    const { client } = stage.stand;
    const own = join(stage.folders.get("web") ?? "", "own");
    const { mtime } = await stat(own);
    await writeFile(own, "changed since");
    const [pods, before] = [await podUids(), await trees()];
    const manifest = parse(await output("restore", "nightly", "--session", session, "--dry-run", "-o", "yaml"));
    const restore = { ...manifest, metadata: { name: "tried", namespace: NAMESPACE } };
    await client.create(KINDS.RestoreBatch, NAMESPACE, { ...restore, spec: { ...restore.spec, dryRun: true } }, asIs);
    const read = () => client.get(KINDS.RestoreBatch, NAMESPACE, "tried", parseRestoreBatch);
    const isOver = (one: RestoreBatch) => isFinalRestorePhase(one.status?.phase);
    const { status, metadata } = await eventually(read, isOver, TIMEOUT_MS);
    expect(status, JSON.stringify(status, null, 1)).toMatchObject({
      phase: "Succeeded",
      recoveryPoint: { session },
      plan: [
        { alias: "db", step: 1, restarts: "its pod" },
        { alias: "web", step: 2, restarts: "its pod" },
      ],
      members: [
        { alias: "db", stats: [{ tried: { newFiles: 0, changedFiles: 0, sameFiles: 3 } }] },
        { alias: "web", stats: [{ tried: { changedFiles: 1, writtenBytes: 11, overwritten: ["/data/own"] } }] },
      ],
    });
    expect(findCondition(status?.conditions, "DryRun")).toMatchObject({ status: "True" });
    expect(metadata.finalizers ?? []).toEqual([]);
    expect(await output("restores", "tried")).toContain("Succeeded (dry run)");
    const workloads = await Promise.all([DB, WEB].map(({ name }) => client.get(DEPLOYMENTS, NAMESPACE, name, asIs)));
    expect(JSON.stringify(workloads)).not.toContain("stash-init");
    expect([await podUids(), await trees()]).toEqual([pods, before]);
    await client.delete(KINDS.RestoreBatch, NAMESPACE, "tried");
    await writeFile(own, "data of web");
    await utimes(own, mtime, mtime);
  });

  test("--dry-run -o yaml is the RestoreBatch, and -o json has the plan with it", async () => {
    const manifest = parse(await output("restore", "nightly", "--session", session, "--dry-run", "-o", "yaml"));
    expect(parseRestoreBatch(manifest).spec).toMatchObject({ session, executionOrder: "Sequential" });
    expect(Object.keys(manifest).sort()).toEqual(["apiVersion", "kind", "metadata", "spec"]);
    expect(await data("restore", "nightly", "-m", "web", "--dry-run")).toMatchObject({
      plan: { members: [{ name: "web", step: 1 }], waitsFor: [] },
    });
  });

  test("what the webhook refuses is told under --dry-run, too", async () => {
    for (const flag of ["--dry-run", "--dry-run=server"]) {
      const { exitCode, stderr } = await stash(["restore", "nightly", "--name", "Not_A_Name", flag]);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Not_A_Name") });
    }
  });

  test.each([
    ["Ctrl-C", "SIGINT"],
    ["a program that ends programs", "SIGTERM"],
    ["a terminal that is closed", "SIGHUP"],
  ] as const)("%s while the plan is waited for takes its object away", async (_who, signal) => {
    const { exitCode, stderr } = await stash(["restore", "nightly", "--dry-run=server"], {
      onOutput: (_stdout, said) => (said.includes(" made in ") ? signal : undefined),
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: expect.stringContaining("tidying up") });
    const names = (await stage.stand.client.list(KINDS.RestoreBatch, NAMESPACE, asIs)).items;
    expect(names.map((one) => textAt(one, "metadata", "name")).filter((name) => name?.includes("-plan-"))).toEqual([]);
  });

  test.each([
    [["--at", "2030-01-02 11:00"], 2, "names no time zone"],
    [["--at", "1h ago", "--session", "x"], 2, "exclude each other"],
    [["-m", "wbe"], 2, "did you mean web?"],
    [["--dry-run", "--wait"], 2, "exclude each other"],
    [["--timeout", "soon", "--wait"], 2, "is no duration"],
  ])("%j is refused", async (flags, code, words) => {
    const { exitCode, stderr } = await stash(["restore", "nightly", ...flags]);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(words) });
  });

  test("--wait brings the data back", async () => {
    const before = await trees();
    for (const folder of stage.folders.values()) await emptyFolder(folder);
    const { exitCode, stdout, stderr } = await stash([
      "restore",
      "nightly",
      "--session",
      session,
      "--name",
      "back",
      "--wait",
    ]);
    expect({ exitCode, stderr }, `${stdout}${stderr}`).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^restorebatch\.stash\.appscode\.com\/back created\n/);
    expect(stdout).toMatch(/^db +Succeeded +[0-9a-f]{8}/m);
    expect(stderr).toContain(`restores ${session} of `);
    for (const { name } of [DB, WEB])
      await waitForReadyPods(stage.stand.client, NAMESPACE, `app=${name}`, 1, TIMEOUT_MS);
    expect(await trees()).toEqual(before);
  });

  test("restores, describe and logs tell of it", async () => {
    expect(await output("restores")).toMatch(new RegExp(`^back +Succeeded +${session} +2/2 `, "m"));
    expect(await output("describe", "restore", "back")).toContain(`Point      ${session} of `);
    expect(await output("logs", "restore/back")).toMatch(/^\[web\] /m);
  });
});

describe("pause and resume", () => {
  const isPaused = async () => {
    const batch = await stage.stand.client.get(KINDS.BackupBatch, NAMESPACE, "nightly", asIs);
    return JSON.stringify(batch).includes('"paused":true');
  };

  test("stop the schedule and start it again, each once", async () => {
    const name = "backupbatch.stash.appscode.com/nightly";
    expect(await output("pause", "nightly")).toBe(`${name} paused\n`);
    expect(await isPaused()).toBe(true);
    expect(await output("pause", "backup", "--backupbatch=nightly")).toBe(`${name} was paused already\n`);
    expect(await output("status", "-o", "wide")).toMatch(/nightly +Paused/);
    expect(await output("resume", "nightly")).toBe(`${name} resumed\n`);
    expect(await isPaused()).toBe(false);
  });

  test("of several batches, the good ones are done and the exit code says that others are not", async () => {
    const { exitCode, stderr, stdout } = await stash(["resume", "nightly", "nobody"]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 3,
      stdout: "backupbatch.stash.appscode.com/nightly was not paused\n",
    });
    expect(stderr).toContain("nobody not resumed");
  });
});

describe("repositories", () =>
  testRepositoryWork(
    () => stage,
    () => session,
  ));

describe("changes", () => testChanges(() => stage));

describe("upstream's commands", () =>
  testUpstreamCommands(
    () => stage,
    () => session,
  ));

describe("bad days", () => {
  test("a session of which a part was saved ends with 3, and says why and what to do", async () => {
    await stage.stand.apply({
      ...batchManifest(NAMESPACE, [DB, WEB], { executionOrder: "Parallel" }),
      metadata: { name: "half", namespace: NAMESPACE },
    });
    await stage.stand.client.patch(
      KINDS.BackupBatch,
      NAMESPACE,
      "half",
      {
        kind: "json",
        operations: [{ op: "replace", path: "/spec/members/1/target/paths", value: ["/data/nowhere"] }],
      },
      asIs,
    );
    const isReady = (batch: unknown) => textAt(batch, "status", "phase") === "Ready";
    await eventually(() => stage.stand.client.get(KINDS.BackupBatch, NAMESPACE, "half", asIs), isReady);
    for (const { name } of [DB, WEB])
      await waitForReadyPods(stage.stand.client, NAMESPACE, `app=${name}`, 1, TIMEOUT_MS);
    const { exitCode, stdout } = await stash(["trigger", "half", "--wait"]);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 3 });
    expect(stdout).toMatch(/^why: PATH_NOT_FOUND: web: /m);
    expect(stdout).toMatch(/^next: Correct target\.paths/m);
    expect(await output("status", "half")).toMatch(/half +Failing .* Failed PATH_NOT_FOUND/);
    const failed = /half-\d{10}/.exec(stdout)?.[0] ?? "";
    const refused = await stash(["restore", "half", "--session", failed, "--dry-run"]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("did not save web") });
    expect(await output("restore", "half", "--session", failed, "-m", "db", "--dry-run")).toContain("a dry run");
  });

  test("without rights the right is named, and how to ask for it", async () => {
    const env = { KUBECONFIG: await stage.writeKubeconfig("nobody", []) };
    for (const args of [
      ["status"],
      ["trigger", "nightly"],
      ["restore", "nightly", "--dry-run"],
      ["points", "-o", "json"],
    ]) {
      const { exitCode, stderr } = await stash(args, { env });
      expect({ args, exitCode }).toEqual({ args, exitCode: 1 });
      expect(stderr).toMatch(
        /^error: you lack the right to list \S+ in namespace cli-test: .*kubectl auth can-i list \S+ -n cli-test\)\n$/,
      );
    }
    const all = await stash(["status", "-A"], { env });
    expect(all.stderr).toMatch(/kubectl auth can-i list \S+ -A; or look at one namespace with -n\)\n$/);
  });

  test("Ctrl-C while waiting says what goes on, and it goes on", async () => {
    const { exitCode, stderr, stdout } = await stash(["trigger", "nightly", "--wait"], {
      onOutput: (printed) => (printed.includes(" created\n") ? "SIGINT" : undefined),
    });
    const [name = ""] = /nightly-\d{10}/.exec(stdout) ?? [];
    expect(exitCode).toBe(130);
    expect(stderr).toContain(
      `BackupSession ${NAMESPACE}/${name} goes on in the cluster; see how: kubectl stash describe session/${name} -n ${NAMESPACE}\n`,
    );
    const read = () => stage.stand.client.get(KINDS.BackupSession, NAMESPACE, name, asIs);
    await eventually(read, (one) => textAt(one, "status", "phase") === "Succeeded", TIMEOUT_MS);
  });

  test("the time of --timeout ends the waiting alone", async () => {
    const { exitCode, stderr } = await stash(["trigger", "nightly", "--wait", "--timeout", "10ms"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /the time of --timeout is over: BackupSession cli-test\/nightly-\d{10} goes on in the cluster/,
    );
  });

  test("a reader that goes away is no fault", async () => {
    const { stderr } = await stash(["batches", "-A", "-o", "json"], { closesAfterBytes: 1 });
    expect(stderr).toBe("");
  });
});

test("points are listed with members and size when all sessions are gone, as the repository itself tells", async () => {
  const { client } = stage.stand;
  const sessions = () => client.list(KINDS.BackupSession, NAMESPACE, asIs);
  const areOver = ({ items }: { readonly items: readonly unknown[] }) =>
    items.every((one) => !["", "Pending", "Running"].includes(textAt(one, "status", "phase") ?? ""));
  // One that goes on would have the next one skipped.
  await eventually(sessions, areOver, TIMEOUT_MS);
  expect(await stash(["trigger", "nightly", "--wait"])).toMatchObject({ exitCode: 0 });
  const { items } = await eventually(sessions, areOver, TIMEOUT_MS);
  const [newest] = listAt(await data("points", "nightly"), "points");
  for (const one of items) await client.delete(KINDS.BackupSession, NAMESPACE, textAt(one, "metadata", "name") ?? "");
  await eventually(sessions, (left) => left.items.length === 0, TIMEOUT_MS);
  const [point] = listAt(await data("points", "nightly"), "points");
  const saved = { isSaved: true, sizeBytes: expect.any(Number) };
  expect(point).toMatchObject({
    session: textAt(newest, "session"),
    time: expect.any(String),
    source: "Repository",
    isComplete: true,
    members: [
      { name: "db", ...saved },
      { name: "web", ...saved },
    ],
  });
  expect(await output("points", "nightly")).toContain(`${textAt(newest, "session")} `);
});
