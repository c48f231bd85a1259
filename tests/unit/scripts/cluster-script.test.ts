/** Which way scripts/cluster.sh takes on which machine. */
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  LENT,
  type MadeUpMachine,
  makeUpMachine,
  NOWHERE,
  putPrograms,
  putScript,
  SERVERS,
  serveSite,
} from "../../support/control-plane/made-up-machine.ts";

let machine: MadeUpMachine;

beforeEach(async () => {
  machine = await makeUpMachine();
});

afterEach(() => machine.remove());

describe("programs that are there", () => {
  test("KUBEBUILDER_ASSETS comes first", async () => {
    const assets = await putPrograms(join(machine.dir, "assets"), SERVERS);
    await putPrograms(machine.tools, SERVERS);
    const { code, folder, stderr } = await machine.run({ KUBEBUILDER_ASSETS: assets });
    expect({ code, folder }).toEqual({ code: 0, folder: assets });
    expect(stderr).toContain("way 1");
  });

  test("PATH comes second, before the cache", async () => {
    const folder = await putPrograms(join(machine.dir, "bin"), SERVERS);
    await putPrograms(join(machine.cache, "1.37.2"), SERVERS);
    const outcome = await machine.run({ PATH: `${machine.tools}:${folder}` });
    expect(outcome).toMatchObject({ code: 0, folder, stderr: expect.stringContaining("way 2") });
  });

  test("programs in several folders of PATH are linked into one", async () => {
    const bin = await putPrograms(join(machine.dir, "bin"), SERVERS.slice(1));
    const etcd = await putPrograms(join(machine.dir, "sbin"), ["etcd"]);
    const { code, folder } = await machine.run({ PATH: `${machine.tools}:${bin}:${etcd}` });
    expect(code).toBe(0);
    const links = await Promise.all(SERVERS.map((program) => realpath(join(String(folder), program))));
    expect(links).toEqual([join(etcd, "etcd"), ...SERVERS.slice(1).map((program) => join(bin, program))]);
  });

  test("PATH is passed over when it has another version than the one that is asked for", async () => {
    const bin = await putPrograms(join(machine.dir, "bin"), SERVERS, "1.30.1");
    const cached = await putPrograms(join(machine.cache, "1.36.0"), SERVERS);
    const outcome = await machine.run({ PATH: `${machine.tools}:${bin}`, STASH_BATCH_KUBERNETES_VERSION: "v1.36.0" });
    expect(outcome).toMatchObject({ code: 0, folder: cached, stderr: expect.stringContaining("way 3") });
  });

  test("a minor version stands for the release that the module files name", async () => {
    const cached = await putPrograms(join(machine.cache, "1.34.4"), SERVERS);
    expect(await machine.run({ STASH_BATCH_KUBERNETES_VERSION: "1.34" })).toMatchObject({ code: 0, folder: cached });
    expect((await machine.run({ STASH_BATCH_KUBERNETES_VERSION: "1.33" })).code).toBe(3);
  });

  test("an old Kubernetes that was made of Debian's source is used where nothing newer can be had, unless it is asked for", async () => {
    const cached = await putPrograms(join(machine.cache, "1.20.2"), SERVERS);
    expect(await machine.run()).toMatchObject({ code: 0, folder: cached });
    expect((await machine.run({ STASH_BATCH_KUBERNETES_VERSION: "1.37.2" })).code).toBe(3);
  });

  test("a folder in the cache that lacks a program is not used", async () => {
    await putPrograms(join(machine.cache, "1.37.2"), SERVERS.slice(1));
    expect((await machine.run()).code).toBe(3);
  });
});

describe("a machine that can provide nothing", () => {
  test("one message says what is missing and what helps", async () => {
    const { code, stdout, stderr } = await machine.run();
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    for (const words of [
      "KUBEBUILDER_ASSETS is not set",
      `PATH lacks: ${SERVERS.join(" ")}`,
      `${NOWHERE} cannot be reached`,
      "this machine has no apt-get",
      "no Go on PATH",
      "run as root on Debian 12",
    ]) {
      expect(stderr).toContain(words);
    }
  });

  test("a release site that never answers costs five seconds", async () => {
    await putPrograms(machine.tools, LENT);
    const silent = await serveSite(() => undefined);
    const startedAt = performance.now();
    const { code } = await machine.run({ STASH_BATCH_KUBERNETES_SITE: silent.url });
    expect(code).toBe(3);
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    silent.close();
  }, 15_000);

  test("without root, the missing Debian packages are named", async () => {
    await putScript(join(machine.tools, "apt-get"), "exit 1");
    await putScript(join(machine.tools, "id"), "echo 1000");
    const { code, stderr } = await machine.run();
    expect(code).toBe(3);
    expect(stderr).toContain(
      "the packages golang-go etcd-server dpkg-dev containerd containernetworking-plugins are missing, and only root can install them",
    );
    expect(existsSync(join(machine.cache, "1.37.2"))).toBe(false);
  });
});
