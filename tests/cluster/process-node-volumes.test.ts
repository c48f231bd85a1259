/** What containers of the process node see of volumes, users and rights. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { containerOf, isReady, until, useNodes } from "../support/node/test-cluster.ts";

const TINY_ROOT = join(tmpdir(), `process-node-root-${process.pid}`);
const IMAGES = {
  tools: {},
  tiny: {
    root: TINY_ROOT,
    command: ["sh", "-c"],
    user: 77,
    binds: [{ host: import.meta.filename, path: "/opt/bound", readOnly: true }],
  },
};
const use = useNodes("process-node-volumes", [{ name: "pn-volumes", images: IMAGES }]);
let hostFolder = "";
beforeAll(async () => {
  hostFolder = await mkdtemp(join(tmpdir(), "process-node-host-"));
  await writeFile(join(hostFolder, "from-host"), "host\n");
});
afterAll(() => rm(hostFolder, { recursive: true }));

const KINDS = (): string => `
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: one, other: two}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: slow}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: volumes, labels: {app: volumes}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: tools
    command: [sleep, infinity]
    env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    volumeMounts:
    - {name: scratch, mountPath: /scratch}
    - {name: memory, mountPath: /memory}
    - {name: host, mountPath: /var/run/host}
    - {name: host, mountPath: /host-read-only, readOnly: true}
    - {name: claim, mountPath: /claim}
    - {name: claim, mountPath: /sub, subPath: inner/part}
    - {name: claim, mountPath: /expanded, subPathExpr: "$(POD)"}
    - {name: keys, mountPath: /keys}
    - {name: settings, mountPath: /etc/deep/settings}
    - {name: settings, mountPath: /etc/one-file, subPath: mode}
    - {name: about, mountPath: /about}
    - {name: together, mountPath: /together}
  - name: side
    image: tools
    command: [sleep, infinity]
    volumeMounts: [{name: scratch, mountPath: /elsewhere}, {name: memory, mountPath: /memory}]
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: "${hostFolder}", type: Directory}}
  - {name: claim, persistentVolumeClaim: {claimName: claim}}
  - {name: keys, secret: {secretName: keys, items: [{key: password, path: nested/pass, mode: 0o400}]}}
  - {name: settings, configMap: {name: settings}}
  - {name: about, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  - name: together
    projected:
      sources:
      - {configMap: {name: settings}}
      - {secret: {name: keys}}
      - {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
      - {serviceAccountToken: {path: token, audience: vault, expirationSeconds: 600}}
`;

test("every kind of volume is at its mount path", async () => {
  const { cluster } = use();
  await cluster.apply(KINDS());
  await cluster.untilPod("volumes", isReady);
  const sh = async (script: string, container = "main"): Promise<string> => {
    const { stdout, stderr, status } = await cluster.exec("volumes", container, ["sh", "-c", script]);
    return status.status === "Success" ? stdout : `failed: ${stderr}`;
  };
  await sh("echo shared > /scratch/file; echo ram > /memory/file");
  expect(await sh("cat /elsewhere/file /memory/file; stat -f -c %T /memory", "side")).toBe("shared\nram\ntmpfs\n");
  expect(await sh("head -c 2000000 /dev/zero > /memory/too-big")).toContain("No space left");
  expect(await sh("cat /run/host/from-host; echo back > /var/run/host/from-pod")).toBe("host\n");
  expect(await readFile(join(hostFolder, "from-pod"), "utf8")).toBe("back\n");
  expect(await sh("touch /host-read-only/x")).toContain("Read-only file system");
  expect(await sh("echo a > /sub/file; echo b > /expanded/file; find /claim -type f | sort")).toBe(
    "/claim/inner/part/file\n/claim/volumes/file\n",
  );
  expect(await sh("cat /keys/nested/pass; stat -L -c %a /keys/nested/pass; ls /keys")).toBe("one400\nnested\n");
  expect(await sh("touch /keys/new")).toContain("Read-only file system");
  expect(await sh("cat /etc/deep/settings/mode /etc/one-file")).toBe("slowslow");
  expect(await sh("cat /about/labels")).toBe('app="volumes"');
  expect(await sh("cat /together/mode /together/password /together/name")).toBe("slowonevolumes");
  // Nothing of the way to the machine's own root is left.
  expect(await sh("ls -d /.machine")).toContain("failed");
});

test("a changed Secret, ConfigMap or label shows in the mounted files, all at once", async () => {
  const { cluster } = use();
  const { namespace } = cluster;
  const read = async (): Promise<string> =>
    (
      await cluster.exec("volumes", "main", [
        "sh",
        "-c",
        "cat /keys/nested/pass /together/password /etc/deep/settings/mode /about/labels",
      ])
    ).stdout;
  expect(await read()).toBe('oneoneslowapp="volumes"');
  await cluster.core.patchNamespacedSecret({
    namespace,
    name: "keys",
    body: [{ op: "replace", path: "/data/password", value: Buffer.from("new").toString("base64") }],
  });
  await cluster.core.patchNamespacedConfigMap({
    namespace,
    name: "settings",
    body: [{ op: "replace", path: "/data/mode", value: "fast" }],
  });
  await cluster.core.patchNamespacedPod({
    namespace,
    name: "volumes",
    body: [{ op: "replace", path: "/metadata/labels/app", value: "changed" }],
  });
  expect(await until(async () => (await read()) === 'newnewfastapp="changed"', 5_000)).toBe(true);
  // A file mounted by subPath stays the file that it was, as with a kubelet.
  expect((await cluster.exec("volumes", "main", ["cat", "/etc/one-file"])).stdout).toBe("slow");
});

test("a projected token is the ServiceAccount's, for its audience, and the API server takes the default one", async () => {
  const { cluster } = use();
  const { stdout } = await cluster.exec("volumes", "main", ["cat", "/together/token"]);
  const claims = JSON.parse(Buffer.from(stdout.split(".")[1] ?? "", "base64url").toString("utf8"));
  expect(claims).toMatchObject({
    aud: ["vault"],
    sub: "system:serviceaccount:process-node-volumes:default",
    "kubernetes.io": { pod: { name: "volumes" } },
  });
  expect(claims.exp - claims.iat).toBe(600);
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: caller}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: tools
    env: [{name: NODE_EXTRA_CA_CERTS, value: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt}]
    command: ["${process.execPath}", -e]
    args:
    - |
      const token = require("node:fs").readFileSync("/token/token", "utf8");
      const server = "https://" + process.env.KUBERNETES_SERVICE_HOST + ":" + process.env.KUBERNETES_SERVICE_PORT;
      fetch(server + "/api/v1/namespaces/process-node-volumes/secrets", { headers: { authorization: "Bearer " + token } })
        .then((answer) => answer.json()).then((status) => console.log(status.message));
    volumeMounts: [{name: token, mountPath: /token}]
  volumes: [{name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}]
`);
  await cluster.untilPod("caller", ({ status }) => status?.phase === "Succeeded");
  expect(await cluster.logs("caller")).toContain(
    'User "system:serviceaccount:process-node-volumes:default" cannot list',
  );
});

test("users, groups, capabilities and a read-only root are as the security context says", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: restricted}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 1234, runAsGroup: 2345, fsGroup: 3456, supplementalGroups: [4567]}
  containers:
  - name: main
    image: tools
    command: [sleep, infinity]
    workingDir: /place
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: scratch, mountPath: /scratch}, {name: token, mountPath: /token}]
  - name: root
    image: tools
    command: [sleep, infinity]
    securityContext: {runAsUser: 0, capabilities: {drop: [ALL], add: [DAC_OVERRIDE]}}
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: must-not-be-root}
spec:
  securityContext: {runAsNonRoot: true}
  containers: [{name: main, image: tools, command: ["true"]}]
`);
  await cluster.untilPod("restricted", isReady);
  const sh = async (container: string, script: string): Promise<string> => {
    const { stdout, stderr } = await cluster.exec("restricted", container, ["sh", "-c", script]);
    return stdout + stderr;
  };
  expect(await sh("main", "id -u; id -g; id -G; pwd")).toBe("1234\n2345\n2345 3456 4567\n/place\n");
  expect(await sh("main", "grep -hE 'CapBnd|CapEff|NoNewPrivs' /proc/1/status | tr -s '\\t' ' '")).toBe(
    "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\n",
  );
  expect(await sh("main", "touch /tmp/x")).toContain("Read-only file system");
  expect(await sh("main", "touch /scratch/x; stat -c '%u %g' /scratch/x; stat -L -c '%g %a' /token/token")).toBe(
    "1234 3456\n3456 640\n",
  );
  expect(await sh("root", "grep -h CapEff /proc/1/status | tr -s '\\t' ' '; touch /tmp/x && echo written")).toBe(
    "CapEff: 0000000000000002\nwritten\n",
  );
  const refused = await cluster.untilPod("must-not-be-root", (pod) =>
    (pod.status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === "CreateContainerConfigError"),
  );
  expect(containerOf(refused, "main").state?.waiting?.message).toContain("runAsNonRoot");
});

test("a pod waits for a Secret that is missing, and runs when it is there", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: waits}
spec:
  restartPolicy: Never
  containers:
  - name: mounts
    image: tools
    command: [cat, /late/key]
    volumeMounts: [{name: late, mountPath: /late}, {name: never, mountPath: /never}]
  - {name: reads, image: tools, command: [printenv, KEY], env: [{name: KEY, valueFrom: {secretKeyRef: {name: later, key: key}}}]}
  volumes: [{name: late, secret: {secretName: late}}, {name: never, secret: {secretName: never, optional: true}}]
`);
  await cluster.untilPod("waits", (pod) =>
    (pod.status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === "ContainerCreating"),
  );
  const secret = (name: string): string =>
    `{apiVersion: v1, kind: Secret, metadata: {name: ${name}}, stringData: {key: value}}`;
  await cluster.apply(secret("late"));
  const waiting = await cluster.untilPod("waits", (pod) =>
    (pod.status?.containerStatuses ?? []).some(({ state }) => state?.waiting?.reason === "CreateContainerConfigError"),
  );
  expect(containerOf(waiting, "reads").state?.waiting?.message).toBe('secret "later" not found');
  await cluster.apply(secret("later"));
  await cluster.untilPod("waits", ({ status }) => status?.phase === "Succeeded");
  expect(await cluster.logs("waits", "mounts")).toBe("value");
  expect(await cluster.logs("waits", "reads")).toBe("value\n");
});

test("a deleted claim takes its folder with it", async () => {
  const { cluster } = use();
  await cluster.apply(
    "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: short}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
  );
  const { namespace } = cluster;
  const read = () => cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name: "short" });
  expect(await until(async () => (await read()).status?.phase === "Bound")).toBe(true);
  const name = (await read()).spec?.volumeName ?? "";
  const folder = (await cluster.core.readPersistentVolume({ name })).spec?.hostPath?.path ?? "";
  await writeFile(join(folder, "file"), "data");
  await cluster.core.deleteNamespacedPersistentVolumeClaim({ namespace, name: "short" });
  expect(
    await until(() =>
      readFile(join(folder, "file")).then(
        () => false,
        () => true,
      ),
    ),
  ).toBe(true);
  expect(
    await until(() =>
      cluster.core.readPersistentVolume({ name }).then(
        () => false,
        () => true,
      ),
    ),
  ).toBe(true);
});

/** A root file system of a few programs and the libraries that they need. */
async function makeTinyRoot(): Promise<void> {
  const programs = ["sh", "perl", "setpriv", "mount", "umount", "mkdir", "rmdir", "rm", "cat", "ls", "id"];
  const run = promisify(execFile);
  for (const program of programs) {
    const path = (
      await run("sh", ["-c", `command -v ${program}`], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } })
    ).stdout.trim();
    const libraries = [...(await run("ldd", [path])).stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
    await cp(path, join(TINY_ROOT, "bin", program), { dereference: true });
    for (const library of libraries) await cp(library, join(TINY_ROOT, library), { dereference: true });
  }
  await mkdir(join(TINY_ROOT, "etc"));
  await writeFile(join(TINY_ROOT, "etc", "passwd"), "tiny:x:77:88::/tiny:/bin/sh\n");
}

test("an image brings its own root, user, entry point and files", async () => {
  const { cluster } = use();
  await makeTinyRoot();
  try {
    const container = `{name: main, image: tiny, args: ["id -u; id -g; echo $HOME; ls /; cat /opt/bound; echo > /opt/bound"]}`;
    await cluster.apply(
      `{apiVersion: v1, kind: Pod, metadata: {name: tiny}, spec: {restartPolicy: Never, containers: [${container}]}}`,
    );
    await cluster.untilPod("tiny", ({ status }) => status?.phase === "Failed");
    const log = await cluster.logs("tiny");
    expect(log).toContain("77\n88\n/tiny\nbin\ndev\netc\n");
    expect(log).toContain(await readFile(import.meta.filename, "utf8"));
    expect(log).not.toContain("\nboot\n");
    expect(log).toMatch(/(Read-only file system|Permission denied)/);
  } finally {
    await rm(TINY_ROOT, { recursive: true });
  }
});
