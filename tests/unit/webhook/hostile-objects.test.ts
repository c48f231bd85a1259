/** S8: whatever an object says, it is read and judged in a time that is linear in its size, and judged in words. */
import { describe, expect, test } from "vitest";
import { Annotation } from "../../../shared/contract.ts";
import { UserError } from "../../../shared/errors.ts";
import { uniteMounts } from "../../../shared/injection/mounts.ts";
import { labelledMember } from "../../../shared/invoker/labelled-member.ts";
import { substitute } from "../../../shared/invoker/substitution.ts";
import { parseSchedule } from "../../../shared/schedule/parse.ts";
import { isFault } from "../../../shared/validation/finding.ts";
import { formatAnswer } from "../../../webhook/review.ts";
import { inspectObject } from "../../../webhook/validate/find-findings.ts";
import { timed } from "../../support/cpu-time.ts";

const LIMIT_MS = 500;
const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const SPEC = { repository: { name: "repo" }, retentionPolicy: { name: "k", keepLast: 1, prune: true } };

function an(kind: string, spec: object, version = "v1beta1"): object {
  return { apiVersion: `stash.appscode.com/${version}`, kind, metadata: { name: "x", namespace: "demo" }, spec };
}
const aConfiguration = (spec: object) => an("BackupConfiguration", { ...SPEC, target: { ref: REF }, ...spec });
const aBatch = (count: number, more: (at: number) => object = () => ({})) =>
  an("BackupBatch", {
    ...SPEC,
    members: Array.from({ length: count }, (_, at) => ({
      target: { alias: `a${at}`, ref: { ...REF, name: `w${at}` } },
      ...more(at),
    })),
  });
const times = (count: number, text: string) => text.repeat(count);
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** What is said about it: `ok`, or the words of the refusal. */
function judge(object: object): string {
  const kind = "kind" in object && typeof object.kind === "string" ? object.kind : "";
  try {
    const faults = inspectObject(kind, object, undefined).findings.filter(isFault);
    return faults.length === 0 ? "ok" : faults.map(({ field, message }) => `${field} ${message}`).join("; ");
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function within<T>(limitMs: number, work: () => T): T {
  const { result, cpuMs } = timed(work);
  expect(cpuMs).toBeLessThan(limitMs);
  return result;
}

describe("S8: an object that is refused is refused at once, in few words", () => {
  test.each<readonly [string, () => object, string]>([
    [
      "a duration of many digits",
      () => aConfiguration({ timeOut: `${times(40_000, "1")}h!` }),
      "at most 32 characters",
    ],
    ["a duration of many parts", () => aConfiguration({ timeOut: times(100_000, "1h") }), "at most 32 characters"],
    ["a short duration of many digits", () => aConfiguration({ timeOut: `${times(31, "1")}!` }), "a duration such as"],
    [
      "a quantity of many digits",
      () =>
        aConfiguration({
          runtimeSettings: { container: { resources: { limits: { cpu: `${times(20_000, "1")}!` } } } },
        }),
      "at most 64 characters",
    ],
    [
      "a schedule of many items",
      () => aConfiguration({ schedule: `${times(40_000, "0-59,")}0 * * * *` }),
      "at most 256",
    ],
    ["a schedule of many blanks", () => aConfiguration({ schedule: `0${times(200_000, " ")}* * * *` }), "at most 256"],
    ["a zone that is long", () => aConfiguration({ timeZone: times(200_000, "a/") }), "at most 64"],
    ["a name that is long", () => aConfiguration({ repository: { name: times(300_000, "n") } }), "at most 253"],
    [
      "a command that is long",
      () => aConfiguration({ hooks: { preBackup: { exec: { command: [times(300_000, "c")] } } } }),
      "at most 65536",
    ],
    [
      "a body of many code points",
      () => aConfiguration({ hooks: { preBackup: { exec: { command: [times(70_000, "😀")] } } } }),
      "at most 65536",
    ],
    ["20,000 members", () => aBatch(20_000), "at most 1000 items"],
    ["a list of wrong items", () => aConfiguration({ target: { ref: REF, paths: many(1_000, 1) } }), "more"],
    ["members whose fields are all wrong", () => aBatch(1_000, () => ({ target: 1, hooks: 2, task: 3 })), "more"],
    [
      "members that are all alike",
      () => aBatch(1_000, () => ({ target: { alias: "same", ref: REF } })),
      "hosts are named like",
    ],
    [
      "names that are all unknown",
      () => aBatch(1_000, () => ({ dependsOn: many(500, "ghost") })),
      "no member has the alias",
    ],
    [
      "a circle of all members",
      () => aBatch(1_000, (at) => ({ dependsOn: [`a${(at + 1) % 1_000}`] })),
      "runs in a circle",
    ],
    [
      "mounts that are all relative",
      () =>
        aBatch(300, (at) => ({
          target: { alias: `a${at}`, ref: REF, volumeMounts: many(300, { name: "v", mountPath: "x" }) },
        })),
      "is not absolute",
    ],
    [
      "rules that all name the same hosts",
      () =>
        an("RestoreSession", {
          repository: { name: "repo" },
          target: {
            ref: REF,
            rules: many(500, { targetHosts: Array.from({ length: 500 }, (_, at) => `h${at}`), paths: ["/a"] }),
          },
        }),
      "is in several rules",
    ],
  ])("%s", (_name, build, words) => {
    const object = build();
    const said = within(LIMIT_MS, () => judge(object));
    expect(said).toContain(words);
  });
});

describe("S8: what is large and right is taken", () => {
  test.each<readonly [string, () => object]>([
    ["a batch of 1,000 members", () => aBatch(1_000)],
    [
      "a chain of 1,000 members, the last one first",
      () => aBatch(1_000, (at) => (at < 999 ? { dependsOn: [`a${at + 1}`] } : {})),
    ],
    [
      "members that all wait for all before them",
      () => aBatch(400, (at) => ({ dependsOn: Array.from({ length: at }, (_, one) => `a${one}`) })),
    ],
    [
      "a schedule that names all minutes",
      () => aConfiguration({ schedule: `${Array.from({ length: 60 }, (_, at) => at).join()} * * * *` }),
    ],
    ["the longest duration that Go writes", () => aConfiguration({ timeOut: "2562047h47m16.854775807s" })],
    [
      "names as long as Kubernetes has them",
      () => aConfiguration({ repository: { name: times(253, "n"), namespace: times(63, "n") } }),
    ],
  ])("%s", (_name, build) => {
    const object = build();
    expect(within(LIMIT_MS, () => judge(object))).toBe("ok");
  });
});

describe("S8: texts from annotations and blueprints", () => {
  const isRefused = (work: () => unknown): boolean => {
    try {
      work();
      return false;
    } catch (error) {
      return error instanceof UserError && error.message.length < 1_000;
    }
  };

  test("a schedule that is long is refused before it is read", () => {
    expect(
      within(LIMIT_MS, () => isRefused(() => parseSchedule({ schedule: `${times(20_000, "0-59,")}0 * * * *` }))),
    ).toBe(true);
    expect(within(LIMIT_MS, () => isRefused(() => parseSchedule({ schedule: `@every ${times(20_000, "1")}h!` })))).toBe(
      true,
    );
  });

  test.each([
    ["references without an end", times(20_000, "${A:=")],
    ["references in references", times(20_000, "${A:=") + times(20_000, "}")],
    ["letters without an end", `\${${times(200_000, "A")}`],
    ["a value that is put in again and again", times(20_000, "${LONG}")],
    ["a match that grows", `\${LONG//a/${times(60_000, "b")}}`],
  ])("%s are refused", (_name, text) => {
    expect(within(LIMIT_MS, () => isRefused(() => substitute(text, { LONG: times(1_000, "a") })))).toBe(true);
  });

  test("annotations list no more than a spec can", () => {
    const mounts = Array.from({ length: 20_000 }, (_, at) => `data:/a${at}`).join();
    const workload = { apiVersion: "apps/v1", kind: "Deployment", namespace: "demo", name: "web" };
    const member = (text: string) => labelledMember({ ...workload, annotations: { [Annotation.VolumeMounts]: text } });
    expect(within(LIMIT_MS, () => isRefused(() => member(mounts)))).toBe(true);
    expect(member("data:/a,data:/b").target?.volumeMounts).toHaveLength(2);
  });

  test("an answer is cut, however long the names are that it lists", () => {
    const request = {
      uid: "u",
      kind: "",
      group: "",
      resource: "",
      subresource: "",
      name: "",
      namespace: "",
      operation: "",
    };
    const review = { apiVersion: "admission.k8s.io/v1", request: { ...request, userInfo: undefined } } as const;
    const long = times(400_000, "v");
    const text = formatAnswer(review, { isAllowed: false, message: long, warnings: [long] });
    expect(text.length).toBeLessThan(20_000);
    expect(JSON.parse(text).response.status.message).toMatch(/^v+\.\.\.$/);
  });

  test("a mount path of many slashes is read once", () => {
    const path = `${times(200_000, "/")}x`;
    const mounts = [{ name: "v", mountPath: path }];
    expect(within(LIMIT_MS, () => uniteMounts([mounts], [path]))).toEqual([]);
    expect(uniteMounts([[{ name: "v", mountPath: "/a//" }]], ["/a"])).toEqual([]);
  });
});
