/** What becomes of sessions whose jobs fail. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { parseSnapshot, type Snapshot } from "../../../agent/restic/snapshots.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { judgeSnapshots } from "../../../shared/verdicts.ts";
import { eventually } from "../../support/eventually.ts";
import { BINDING, type JobStand } from "../../support/jobs/job-stand.ts";
import { killContainer } from "../../support/node/containers.ts";
import { waitForPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import { bareRestic } from "../../support/restic/bare-restic.ts";

export function testFailures(stand: () => JobStand): void {
  const restic = () => bareRestic(stand().repository, "not-a-secret");

  function listSnapshots(): readonly Snapshot[] {
    const list: unknown = JSON.parse(restic().run("snapshots", "--json", "--no-lock"));
    return judgeSnapshots(Array.isArray(list) ? list.flatMap((one) => parseSnapshot(one) ?? []) : []);
  }

  const countSnapshots = () => listSnapshots().length;

  /** As a program of somebody else saves. @returns the snapshot's id */
  function saveDump(): string {
    const before = new Set(listSnapshots().map(({ id }) => id));
    restic().runBytes(["backup", "--quiet", "--stdin", "--stdin-filename", "dump", "--host", "addon"], "a dump");
    return listSnapshots().find(({ id }) => !before.has(id))?.id ?? "";
  }

  /** Waits until a dump that sleeps at each row is in the middle of a table. */
  async function untilDumping(): Promise<void> {
    const query = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE state = 'User sleep'";
    await eventually(
      () => stand().maria(query),
      (count) => !count.includes("\n0\n"),
    );
  }

  /** Waits until a container of the session's first job runs. @returns the pod's name */
  async function untilRuns(batch: string, container: string): Promise<string> {
    const { client } = stand();
    const selector = `job-name=stash-backup-${batch}-1-0`;
    const pods = await waitForPods(
      client,
      { namespace: "jobs", selector, timeoutMs: 60_000 },
      ([pod]) => pod?.runs.includes(container) === true,
    );
    return pods[0]?.name ?? "";
  }

  test("L20: a dump that fails is the host's failure with the program's words, and leaves no snapshot", async () => {
    const { makeBatch, backUp } = stand();
    const before = countSnapshots();
    await makeBatch(
      "wrong",
      `
    - target: { alias: shop, ref: { ${BINDING}, name: mariadb } }
      task: { name: mariadb-backup, params: [{ name: args, value: "--databases 'no such'" }] }`,
    );
    const status = await backUp("wrong");
    expect(status.phase).toBe("Failed");
    expect(status.targets?.[0]?.stats?.[0]).toMatchObject({
      phase: "Failed",
      reason: "DUMP_FAILED",
      error: expect.stringContaining("no such"),
    });
    expect(countSnapshots()).toBe(before);
  });

  test("a database that refuses, has no Secret or does not answer fails its host with that reason", async () => {
    const { apply, makeBatch, backUp } = stand();
    await apply(`
apiVersion: v1
kind: Secret
metadata: { name: bad-auth, namespace: jobs }
stringData: { username: root, password: wrong }
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: refused, namespace: jobs }
spec:
  type: kubedb.com/mariadb
  clientConfig: { service: { scheme: mysql, name: mariadb, port: 3306 } }
  secret: { name: bad-auth }
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: no-secret, namespace: jobs }
spec:
  type: kubedb.com/mariadb
  clientConfig: { service: { scheme: mysql, name: mariadb, port: 3306 } }
  secret: { name: nobody-made-it }
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: silent, namespace: jobs }
spec:
  type: kubedb.com/mariadb
  clientConfig: { service: { scheme: mysql, name: mariadb, port: 3307 } }
  secret: { name: bad-auth }`);
    await makeBatch(
      "refused",
      `
    - target: { alias: refused, ref: { ${BINDING}, name: refused } }
    - target: { alias: no-secret, ref: { ${BINDING}, name: no-secret } }
    - target: { alias: silent, ref: { ${BINDING}, name: silent } }
      task: { params: [{ name: waitTimeout, value: "1" }] }`,
    );
    const { targets } = await backUp("refused");
    const reasons = (targets ?? []).map(({ stats }) => [stats?.[0]?.phase, stats?.[0]?.reason]);
    expect(reasons).toEqual([
      ["Failed", "APP_REFUSED"],
      ["Failed", "SECRET_MISSING"],
      ["Failed", "APP_UNREACHABLE"],
    ]);
    expect(JSON.stringify(targets)).not.toContain("wrong");
  });

  test("an agent that is killed in the middle of a dump leaves no snapshot, and its host says what became of it", async () => {
    const { client, makeBatch, begin, untilEnd, product } = stand();
    const before = countSnapshots();
    await makeBatch(
      "killed",
      `
    - target: { alias: shop, ref: { ${BINDING}, name: mariadb } }
      task: { name: mariadb-backup, params: [{ name: args, value: "--databases shop --where='SLEEP(20)=0'" }] }`,
    );
    await begin("killed");
    const pod = await untilRuns("killed", "mariadb-backup-0");
    await untilDumping();
    await killContainer(client, product.nodes, "jobs", pod, "mariadb-backup-0");
    const { targets } = await untilEnd("killed");
    expect(targets?.[0]?.stats?.[0]).toMatchObject({ phase: "Failed", reason: "JOB_FAILED" });
    expect(countSnapshots()).toBe(before);
  });

  test("a reconciler that is killed while a job runs goes on with that very job", async () => {
    const { makeBatch, begin, untilEnd, product } = stand();
    const before = countSnapshots();
    await makeBatch(
      "restarted",
      `
    - target: { alias: shop, ref: { ${BINDING}, name: mariadb } }
      task: { name: mariadb-backup, params: [{ name: args, value: "--databases shop --where='SLEEP(3)=0'" }] }`,
    );
    await begin("restarted");
    const pod = await untilRuns("restarted", "mariadb-backup-0");
    await untilDumping();
    await product.product.kill("reconciler");
    await sleep(2_000);
    await product.product.start("reconciler");
    const { phase, targets } = await untilEnd("restarted");
    expect(phase, JSON.stringify(targets)).toBe("Succeeded");
    expect(targets?.[0]?.stats).toMatchObject([{ phase: "Succeeded", pod, attempt: 1 }]);
    expect(countSnapshots()).toBe(before + 1);
  });

  test("L8: an image that can't be pulled, and a Task that does not exist, end the session with that reason", async () => {
    await stand().apply(`
apiVersion: stash.appscode.com/v1beta1
kind: Function
metadata: { name: missing-image }
spec: { image: "registry.example.org/nobody/has:1" }
---
apiVersion: stash.appscode.com/v1beta1
kind: Task
metadata: { name: missing-image }
spec: { steps: [{ name: missing-image }, { name: update-status }] }`);
    const members = `
    - target: { alias: a, ref: { ${BINDING}, name: mariadb } }
      task: { name: missing-image }
    - target: { alias: b, ref: { ${BINDING}, name: postgres } }
      task: { name: no-such-task }`;
    await stand().makeBatch("hopeless", members);
    const status = await stand().backUp("hopeless");
    expect(status?.phase).toBe("Failed");
    expect(JSON.stringify(status?.targets?.[0])).toContain("IMAGE_UNAVAILABLE");
    expect(status?.targets?.[1]).toMatchObject({ phase: "Failed", reason: "NOT_FOUND" });
  });

  /** A Task whose work a program of somebody else does, then our last step. */
  async function addonOf(name: string, script: string, image = "tests/keeper:1"): Promise<string> {
    await stand().apply(`
apiVersion: stash.appscode.com/v1beta1
kind: Function
metadata: { name: ${name} }
spec:
  image: "${image}"
  command: [bash, -c]
  args: [${JSON.stringify(script)}]
---
apiVersion: stash.appscode.com/v1beta1
kind: Task
metadata: { name: ${name} }
spec:
  steps:
    - { name: ${name}, params: [{ name: outputDir, value: /stash-tmp/output }] }
    - { name: update-status, params: [{ name: outputDir, value: /stash-tmp/output }] }`);
    return `
    - target: { alias: addon, ref: { ${BINDING}, name: mariadb } }
      task: { name: ${name} }`;
  }

  function outputScript(host: Readonly<Record<string, unknown>>): string {
    const output = JSON.stringify({ targetStatus: { stats: [{ hostname: "addon", ...host }] } });
    return `mkdir -p \${outputDir} && echo '${output}' >\${outputDir}/output.json`;
  }

  test("L20: what a program of somebody else leaves in output.json is the host's result, good or bad", async () => {
    const saved = (name: string) => outputScript({ phase: "Succeeded", snapshots: [{ name, path: "dump" }] });
    const id = saveDump();
    await stand().makeBatch("addon-good", await addonOf("addon-good", saved(id.slice(0, 8))));
    const good = await stand().backUp("addon-good");
    expect(good?.phase, JSON.stringify(good)).toBe("Succeeded");
    expect(good?.targets?.[0]?.stats?.[0]).toMatchObject({
      hostname: "addon",
      phase: "Succeeded",
      snapshots: [{ name: id.slice(0, 8), path: "dump" }],
    });
    // It stays what it is, and what is known of it stands beside it.
    expect(listSnapshots()).toContainEqual(
      expect.objectContaining({
        id,
        tags: expect.arrayContaining(["target=AppBinding/jobs/mariadb"]),
      }),
    );

    await stand().makeBatch("addon-lies", await addonOf("addon-lies", saved("0123456789abcdef")));
    const lies = await stand().backUp("addon-lies");
    expect(lies?.phase).toBe("Failed");
    expect(lies?.targets?.[0]?.stats?.[0]).toMatchObject({ phase: "Failed", reason: "SNAPSHOT_NOT_FOUND" });

    await stand().makeBatch(
      "addon-bad",
      await addonOf("addon-bad", outputScript({ phase: "Failed", error: "no disk" })),
    );
    const bad = await stand().backUp("addon-bad");
    expect(bad?.phase).toBe("Failed");
    expect(bad?.targets?.[0]?.stats?.[0]).toMatchObject({ phase: "Failed", error: expect.stringContaining("no disk") });
  });

  test("an image that can't be pulled is the host's failure, with the words of the kubelet", async () => {
    await stand().makeBatch("no-image", await addonOf("no-image", "true", "tests/nobody-made-it:1"));
    const status = await stand().backUp("no-image");
    expect(status.targets?.[0]?.stats?.[0]).toMatchObject({
      phase: "Failed",
      reason: "IMAGE_UNAVAILABLE",
      error: expect.stringContaining("tests/nobody-made-it:1"),
    });
  });

  test("a claim that waits for its first consumer gets its volume by the job that saves it", async () => {
    const { apply, client, makeBatch, backUp } = stand();
    await apply(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: unused, namespace: jobs }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }`);
    await makeBatch(
      "unused",
      `
    - target: { alias: unused, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: unused } }
      task: { name: pvc-backup }`,
    );
    const claim = () => client.get(KUBERNETES.PersistentVolumeClaim, "jobs", "unused", asIs);
    expect(textAt(await claim(), "status", "phase")).toBe("Pending");
    const status = await backUp("unused");
    expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
    expect(textAt(await claim(), "status", "phase")).toBe("Bound");
  });

  test("L8: a job whose pod is evicted, one out of memory, and one whose program dies, fail their host with that reason", async () => {
    const tooMuch = await addonOf(
      "evicted",
      "trap 'exit 143' TERM; head -c 40M /dev/zero >/stash-tmp/f; sleep 1000 & wait",
    );
    await stand().makeBatch("evicted", `${tooMuch}\n      tempDir: { sizeLimit: 8Mi }`);
    const evicted = await stand().backUp("evicted");
    expect(evicted?.targets?.[0]?.stats?.[0]).toMatchObject({
      phase: "Failed",
      reason: "EVICTED",
      error: expect.stringContaining("exceeds the limit"),
    });

    const greedy = await addonOf("greedy", "exec tail /dev/zero");
    await stand().makeBatch(
      "greedy",
      `${greedy}\n      runtimeSettings: { container: { resources: { limits: { memory: 32Mi } } } }`,
    );
    const outOfMemory = await stand().backUp("greedy");
    expect(outOfMemory?.targets?.[0]?.stats?.[0], JSON.stringify(outOfMemory)).toMatchObject({
      phase: "Failed",
      reason: "OUT_OF_MEMORY",
    });

    await stand().makeBatch("dying", await addonOf("dying", "echo these are my last words; exit 3"));
    const dying = await stand().backUp("dying");
    expect(dying?.targets?.[0]?.stats?.[0]).toMatchObject({
      phase: "Failed",
      reason: "JOB_FAILED",
      error: expect.stringContaining("ended with exit code 3: these are my last words"),
    });
  });
}
