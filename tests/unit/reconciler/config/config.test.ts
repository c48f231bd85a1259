import { describe, expect, test } from "vitest";
import { parseReconcilerArgs, RECONCILER_USAGE, type ReconcilerConfig } from "../../../../reconciler/config.ts";
import { DEFAULT_LIMITS } from "../../../../reconciler/run/world.ts";
import { UserError } from "../../../../shared/errors.ts";
import { DEFAULT_RESOURCES } from "../../../../shared/injection/container-resources.ts";

function parse(args: readonly string[], env: Readonly<Record<string, string>> = {}): ReconcilerConfig {
  const config = parseReconcilerArgs(args, env, "random");
  if (config === "help") throw new Error("asked for help");
  return config;
}

function faultOf(args: readonly string[], env: Readonly<Record<string, string>> = {}): UserError {
  try {
    parseReconcilerArgs(args, env, "random");
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("the flags are fine");
}

describe("flags of the reconciler", () => {
  test("an image is all that must be given", () => {
    expect(parse(["--image=stash:1"])).toEqual({
      kubeconfigPath: undefined,
      deletesSnapshots: false,
      completesInstallation: false,
      watchNamespace: undefined,
      electsLeader: true,
      leaseNamespace: "stash-batch",
      identity: "reconciler-random",
      host: "0.0.0.0",
      port: 8080,
      logLevel: "info",
      trigger: "in-process",
      settings: { image: "stash:1", nativeSidecar: false, followsImage: false, resources: DEFAULT_RESOURCES },
      limits: DEFAULT_LIMITS,
      troubleLimits: { notMadeMs: 120_000, notReadyMs: 600_000 },
    });
  });

  test("the pod's environment names the identity and the Lease's namespace", () => {
    const config = parse(["--image=i"], { POD_NAME: "reconciler-0", POD_NAMESPACE: "backup" });
    expect(config.identity).toBe("reconciler-0-random");
    expect(config.leaseNamespace).toBe("backup");
  });

  test("default resources are those of the webhook, and of jobs", () => {
    const { settings } = parse(["--image=i", "--sidecar-resources=limits.cpu=2", "--job-resources=requests.cpu=1"]);
    expect(settings.resources).toEqual({
      ...DEFAULT_RESOURCES,
      sidecar: { limits: { cpu: "2" } },
      job: { requests: { cpu: "1" } },
    });
    expect(() => parse(["--image=i", "--job-resources=all"])).toThrow('--job-resources: "all"');
  });

  test("pull secrets are those of its own namespace", () => {
    const { settings } = parse(["--image=i", "--pull-secrets=a,b"], { POD_NAMESPACE: "backup" });
    expect(settings.pullSecrets?.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      "backup/a",
      "backup/b",
    ]);
    expect(() => parse(["--image=i", "--pull-secrets=A"])).toThrow("--pull-secrets: A");
  });

  test("limits are durations", () => {
    const { limits } = parse(["--image=i", "--pod-wait=90s", "--restore-wait=2h", "--hook-timeout=1m"]);
    expect(limits).toEqual({ ...DEFAULT_LIMITS, podWaitMs: 90_000, restoreWaitMs: 7_200_000, hookMs: 60_000 });
    const given = parse(["--image=i", "--pods-not-made-limit=30s", "--pods-not-ready-limit=1m"]);
    expect(given.troubleLimits).toEqual({ notMadeMs: 30_000, notReadyMs: 60_000 });
    expect(parse(["--image=i", "--max-unavailable-workloads=3"]).maxUnavailableWorkloads).toBe(3);
    expect(() => parse(["--image=i", "--max-unavailable-workloads=0"])).toThrow("--max-unavailable-workloads: 0");
  });

  test("D8: the default deadlines can be switched off, and only they", () => {
    const off = parse(["--image=i", "--session-limit=0", "--restore-limit=0", "--after-hook-wait=1m"]);
    expect(off.limits).toEqual({ ...DEFAULT_LIMITS, sessionMs: 0, restoreMs: 0, hookBeginMs: 60_000 });
    expect(faultOf(["--image=i", "--session-limit=-1h"]).message).toContain("--session-limit");
    expect(faultOf(["--image=i", "--after-hook-wait=0"]).message).toContain("--after-hook-wait");
  });

  test("D24: how many workloads roll out at once is a number", () => {
    expect(parse(["--image=i", "--max-unavailable-workloads=3"]).maxUnavailableWorkloads).toBe(3);
    expect(faultOf(["--image=i", "--max-unavailable-workloads=0"]).message).toContain("--max-unavailable-workloads");
  });

  test("an IPv6 address is given in brackets", () => {
    expect(parse(["--image=i", "--listen=[::1]:9"])).toMatchObject({ host: "::1", port: 9 });
  });

  test("every fault is reported in one go", () => {
    const { code, message } = faultOf([
      "--listen=nowhere",
      "--trigger=sundial",
      "--log-level=loud",
      "--pod-wait=soon",
      "--hook-timeout=0",
      "--leader-elect=maybe",
      "--max-concurrent-hosts=none",
    ]);
    expect(code).toBe("CONFIGURATION_INVALID");
    for (const flag of [
      "--image is missing",
      "--listen",
      "--trigger",
      "--log-level",
      "--pod-wait",
      "--hook-timeout",
      "--leader-elect",
      "--max-concurrent-hosts",
    ]) {
      expect(message).toContain(flag);
    }
  });

  test("an unknown flag is a fault", () => {
    expect(faultOf(["--image=i", "--surprise"]).message).toContain("--surprise");
  });

  test("every flag is explained", () => {
    for (const flag of ["image", "leader-elect", "trigger", "pod-wait", "restore-wait", "agent-silent", "listen"]) {
      expect(RECONCILER_USAGE).toContain(`--${flag}`);
    }
    expect(parseReconcilerArgs(["-h"], {}, "random")).toBe("help");
  });
});
