/** How scripts/cluster.sh fetches release binaries, from sites on loopback. */
import { execFileSync } from "node:child_process";
import { readdir, readFile, rm, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  findProgram,
  LENT,
  type MadeUpMachine,
  makeUpMachine,
  putPrograms,
  RELEASED,
  SERVERS,
  type Site,
  serveReleases,
  serveSite,
} from "../../support/control-plane/made-up-machine.ts";

let machine: MadeUpMachine;
let releases: Site;

beforeEach(async () => {
  [machine, releases] = await Promise.all([makeUpMachine(), serveReleases()]);
});

afterEach(async () => {
  releases.close();
  await machine.remove();
});

function fetched(version = "1.37.2"): { readonly code: number; readonly folder: string } {
  return { code: 0, folder: join(machine.cache, version) };
}

/** Not every machine has curl; each has the node that runs this. */
const downloaders = ["curl", "node"].filter((program) => findProgram(program) !== undefined);

test.each(downloaders)("they are fetched by %s, checked and kept for the next run", async (downloader) => {
  await putPrograms(machine.tools, LENT);
  await rm(join(machine.tools, "node"));
  await symlink(String(findProgram(downloader)), join(machine.tools, downloader));
  const env = { STASH_BATCH_KUBERNETES_SITE: releases.url };
  expect(await machine.run(env)).toMatchObject(fetched());
  expect((await readdir(fetched().folder)).sort()).toEqual([...SERVERS, "kubectl"].sort());
  const requests = releases.asked.length;
  expect(await machine.run(env)).toMatchObject({ ...fetched(), stderr: expect.stringContaining("way 3") });
  expect(releases.asked.length).toBe(requests);
});

test("etcd comes from its own project when the machine has none", async () => {
  const name = `etcd-v3.5.21-linux-${process.arch === "x64" ? "amd64" : "arm64"}`;
  const archivePath = join(machine.dir, "etcd.tar.gz");
  await putPrograms(join(machine.dir, name), ["etcd", "etcdctl"]);
  execFileSync("tar", ["-czf", archivePath, "-C", machine.dir, name]);
  const archive = await readFile(archivePath);
  const sum = execFileSync("sha256sum", [archivePath], { encoding: "utf8" }).split(" ")[0];
  const sums = `${"0".repeat(64)}  other.zip\n${sum}  ${name}.tar.gz\n`;
  const etcdSite = await serveSite((request, response) => {
    response.end(request.url === "/v3.5.21/SHA256SUMS" ? sums : archive);
  });
  await putPrograms(machine.tools, LENT.slice(1));
  const env = { STASH_BATCH_KUBERNETES_SITE: releases.url, STASH_BATCH_ETCD_SITE: etcdSite.url };
  expect(await machine.run(env)).toMatchObject(fetched());
  expect(execFileSync(join(fetched().folder, "etcd"), { encoding: "utf8" })).toContain("1.36.0");
  etcdSite.close();
});

test("the runtime and the plugins come from their own projects when the machine has none", async () => {
  const platform = process.arch === "x64" ? "amd64" : "arm64";
  const pack = async (archive: string, folder: string, programs: readonly string[]) => {
    await putPrograms(join(machine.dir, archive, folder), programs);
    const path = join(machine.dir, `${archive}.packed`);
    execFileSync("tar", ["-czf", path, "-C", join(machine.dir, archive), folder]);
    const sum = execFileSync("sha256sum", [path], { encoding: "utf8" }).split(" ")[0];
    return { body: await readFile(path), sum: `${sum}  ${archive}\n` };
  };
  const containerd = await pack(`containerd-2.2.1-linux-${platform}.tar.gz`, "bin", LENT.slice(1, 4));
  const plugins = await pack(`cni-plugins-linux-${platform}-v1.9.0.tgz`, ".", LENT.slice(4));
  const site = await serveSite((request, response) => {
    const archive = request.url?.includes("containerd") === true ? containerd : plugins;
    response.end(/sha256(sum)?$/.test(request.url ?? "") ? archive.sum : archive.body);
  });
  await putPrograms(machine.tools, ["etcd"]);
  const sites = { STASH_BATCH_CONTAINERD_SITE: site.url, STASH_BATCH_CNI_SITE: site.url };
  expect(await machine.run({ STASH_BATCH_KUBERNETES_SITE: releases.url, ...sites })).toMatchObject(fetched());
  expect(execFileSync(join(fetched().folder, "portmap"), { encoding: "utf8" })).toContain("1.36.0");
  site.close();
});

test("a program without its published SHA-256 is refused, and nothing is kept", async () => {
  await putPrograms(machine.tools, LENT);
  const damaged = await serveReleases({ damaged: "kube-scheduler" });
  const { code, stdout, stderr } = await machine.run({ STASH_BATCH_KUBERNETES_SITE: damaged.url });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("kube-scheduler does not have the SHA-256");
  expect(await readdir(machine.cache)).toEqual([".lock"]);
  damaged.close();
});

test("assets of envtest, which lack the controllers, ask for the same version and lend their etcd", async () => {
  const assets = await putPrograms(join(machine.dir, "assets"), ["etcd", "kube-apiserver", "kubectl"], "1.36.0");
  await putPrograms(machine.tools, LENT.slice(1));
  const outcome = await machine.run({ STASH_BATCH_KUBERNETES_SITE: releases.url, KUBEBUILDER_ASSETS: assets });
  expect(outcome).toMatchObject(fetched("1.36.0"));
  expect(releases.asked.filter((url) => !url.startsWith("/v1.36.0/bin/linux/"))).toEqual([]);
});

test("of two runs at once, one fetches and the other waits for it", async () => {
  await putPrograms(machine.tools, LENT);
  const slow = await serveReleases({ delayMs: 100 });
  const env = { STASH_BATCH_KUBERNETES_SITE: slow.url };
  const outcomes = await Promise.all([machine.run(env), machine.run(env)]);
  for (const outcome of outcomes) expect(outcome).toMatchObject(fetched());
  expect(slow.asked.filter((url) => RELEASED.includes(basename(url))).length).toBe(RELEASED.length);
  expect(outcomes.filter(({ stderr }) => stderr.includes("waiting for it")).length).toBe(1);
  slow.close();
});

test("a run that is killed leaves nothing that the next one takes for complete", async () => {
  await putPrograms(machine.tools, LENT);
  const reached = Promise.withResolvers<void>();
  const stuck = await serveSite((request, response) => {
    if (request.url?.endsWith("kube-apiserver.sha256")) response.end("0".repeat(64));
    else reached.resolve();
  });
  const killed = machine.start({ STASH_BATCH_KUBERNETES_SITE: stuck.url });
  await reached.promise;
  killed.kill();
  await killed.outcome;
  stuck.close();
  expect((await readdir(machine.cache)).filter((name) => name.startsWith(".making."))).toHaveLength(1);
  expect(await machine.run({ STASH_BATCH_KUBERNETES_SITE: releases.url })).toMatchObject(fetched());
  expect((await readdir(machine.cache)).sort()).toEqual([".lock", "1.37.2"]);
});

test("where neither curl nor node is, the way is closed and says so", async () => {
  await rm(join(machine.tools, "node"));
  const { code, stderr } = await machine.run({ STASH_BATCH_KUBERNETES_SITE: releases.url });
  expect(code).toBe(3);
  expect(stderr).toContain("way 4 (release binaries): neither curl nor node is here");
});
