import { describe, expect, test } from "vitest";
import { readHoldup } from "../../../../reconciler/world/pod-holdup.ts";

const ready = (name: string) => ({ name, ready: true, state: { running: {} } });
const waiting = (name: string, reason: string, message?: string) => ({
  name,
  ready: false,
  state: { waiting: { reason, ...(message !== undefined && { message }) } },
});
const pod = (containerStatuses: readonly object[], initContainerStatuses: readonly object[] = []) => ({
  status: { containerStatuses, initContainerStatuses },
});
const killed = (restartCount: number, state: object = { running: {} }) => ({
  name: "stash",
  ready: true,
  restartCount,
  state,
  lastState: { terminated: { reason: "OOMKilled", finishedAt: "2024-04-30T00:00:00Z" } },
});

describe("D9: what keeps a pod from being ready where it is the sidecar alone", () => {
  test.each([
    ["nothing, when all is well", pod([ready("app"), ready("stash")]), undefined],
    ["nothing, without a sidecar", pod([waiting("app", "CrashLoopBackOff")]), undefined],
    [
      "its image",
      pod([ready("app"), waiting("stash", "ImagePullBackOff", "Back-off pulling image")]),
      "container stash: ImagePullBackOff: Back-off pulling image",
    ],
    [
      "its configuration",
      pod([waiting("stash", "CreateContainerConfigError", 'secret "x" not found'), ready("app")]),
      'container stash: CreateContainerConfigError: secret "x" not found',
    ],
    ["nothing, while it is on its way", pod([ready("app"), waiting("stash", "ContainerCreating")]), undefined],
    ["not it alone", pod([waiting("app", "ImagePullBackOff"), waiting("stash", "ImagePullBackOff")]), undefined],
    ["nothing that is known yet", pod([waiting("stash", "ImagePullBackOff")]), undefined],
    [
      "its probe",
      pod([ready("app"), { name: "stash", ready: false, state: { running: {} } }]),
      "container stash: it runs and is not ready",
    ],
    [
      "it, among the init-containers",
      pod([waiting("app", "PodInitializing")], [ready("first"), waiting("stash", "ErrImagePull")]),
      "container stash: ErrImagePull",
    ],
    [
      "its many ends",
      pod([
        ready("app"),
        { ...killed(4), ready: false, state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } } },
      ]),
      "container stash: CrashLoopBackOff: back-off: last ended by OOMKilled",
    ],
  ])("%s", (_what, raw, words) => {
    expect(readHoldup(raw)?.words).toBe(words);
  });

  test("a sidecar that runs again after many kills is told with the time of the last", () => {
    expect(readHoldup(pod([ready("app"), killed(3)]))).toEqual({
      words: "container stash: OOMKilled, 3 restarts so far",
      killedAtMs: Date.parse("2024-04-30T00:00:00Z"),
    });
    expect(readHoldup(pod([ready("app"), killed(2)]))).toBeUndefined();
  });
});
