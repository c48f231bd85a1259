import { describe, expect, test } from "vitest";
import { isHopelessRetry, resticFault, resticWords, withoutSecrets } from "../../../../agent/restic/fault.ts";
import type { ResticExit } from "../../../../agent/restic/run.ts";
import { ERRORS } from "../../../../shared/errors.ts";

function anExit(tail: string, exit: Partial<ResticExit> = {}): ResticExit {
  return { code: 1, signal: undefined, stopped: undefined, tail: tail.split("\n"), durationMs: 1, ...exit };
}

const QUESTION = "Is there a repository at the following location?";

describe("why restic failed, by its own words", () => {
  test.each<[string, string]>([
    [
      `Fatal: unable to open config file: stat /r/config: no such file or directory\n${QUESTION}`,
      "REPOSITORY_NOT_FOUND",
    ],
    [`Fatal: unable to open config file: Stat: The specified key does not exist.\n${QUESTION}`, "REPOSITORY_NOT_FOUND"],
    [
      `Fatal: unable to open config file: Stat: The specified bucket does not exist\n${QUESTION}`,
      "REPOSITORY_NOT_FOUND",
    ],
    [
      `Fatal: unable to open config file: storage: object doesn't exist, not found\n${QUESTION}`,
      "REPOSITORY_NOT_FOUND",
    ],
    ["Fatal: repository does not exist: unable to open config file", "REPOSITORY_NOT_FOUND"],
    ["Fatal: wrong password or no key found", "REPOSITORY_WRONG_PASSWORD"],
    [
      "Fatal: unable to create lock in backend: repository is already locked by PID 7 on web-1 by root",
      "REPOSITORY_LOCKED",
    ],
    [
      "unable to create lock in backend: repository is already locked exclusively by PID 7 on db-0",
      "REPOSITORY_LOCKED",
    ],
    [`Fatal: unable to open config file: Stat: Access Denied.\n${QUESTION}`, "BACKEND_REFUSED"],
    [
      `Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized\n${QUESTION}`,
      "BACKEND_REFUSED",
    ],
    [
      `Fatal: unable to open config file: Stat: The Access Key Id you provided does not exist in our records.\n${QUESTION}`,
      "BACKEND_REFUSED",
    ],
    [
      `Fatal: unable to open config file: Stat: Get "https://h/": x509: certificate signed by unknown authority\n${QUESTION}`,
      "BACKEND_CERTIFICATE",
    ],
    [
      `Fatal: unable to open config file: Head "http://h": dial tcp 127.0.0.1:9: connect: connection refused\n${QUESTION}`,
      "BACKEND_UNREACHABLE",
    ],
    [
      `Fatal: unable to open config file: Head "http://h": dial tcp: lookup h: no such host\n${QUESTION}`,
      "BACKEND_UNREACHABLE",
    ],
    ["Fatal: unable to save snapshot: write /r/data/x: no space left on device", "NO_SPACE"],
    ["Fatal: config or key 03278 is damaged: ciphertext verification failed", "REPOSITORY_DAMAGED"],
    ["Fatal: repository contains errors", "REPOSITORY_DAMAGED"],
    ["config file has zero size, invalid repository?", "REPOSITORY_DAMAGED"],
    ["Fatal: unable to save: open /r/locks/x: read-only file system", "REPOSITORY_READ_ONLY"],
    ["open /r/locks/x: permission denied\nunable to create lock in backend", "REPOSITORY_READ_ONLY"],
    ["Fatal: something that nobody has seen before", "RESTIC_FAILED"],
    ["", "RESTIC_FAILED"],
  ])("%s", (tail, code) => {
    expect(resticFault("backup", anExit(tail)).code).toBe(code);
  });
});

describe("why restic failed, by its end", () => {
  test.each<[Partial<ResticExit>, string]>([
    [{ code: 10 }, "REPOSITORY_NOT_FOUND"],
    [{ code: 11 }, "REPOSITORY_LOCKED"],
    [{ code: 12 }, "REPOSITORY_WRONG_PASSWORD"],
    [{ code: 130 }, "RESTIC_KILLED"],
    [{ code: undefined, signal: "SIGKILL" }, "RESTIC_KILLED"],
    [{ code: 130, stopped: "time" }, "RESTIC_TIMEOUT"],
    [{ code: 130, stopped: "abort" }, "RESTIC_KILLED"],
    [{ code: 77 }, "RESTIC_FAILED"],
  ])("%j", (exit, code) => {
    expect(resticFault("backup", anExit("words", exit)).code).toBe(code);
  });

  test("after restic was ended for trying in vain its words count, not its end", () => {
    const tail = "Save(<lock/74c6>) returned error, retrying after 1s: open /r/locks/74: permission denied";
    expect(resticFault("backup", anExit(tail, { code: 130, stopped: "hopeless" })).code).toBe("REPOSITORY_READ_ONLY");
    const lost =
      "Load(<data/abc>, 0, 0) returned error, retrying after 1s: open /r/data/ab/abc: no such file or directory";
    expect(resticFault("check", anExit(lost, { code: 130, stopped: "hopeless" })).code).toBe("REPOSITORY_DAMAGED");
  });
});

describe("E2: restic from 0.17 on, which asks a backend again for a quarter of an hour", () => {
  const tries = [1, 2, 3].map((at) => {
    return `Stat(<config/>) returned error, retrying after ${at}s: Head "http://h:9/x/config": dial tcp: connect: connection refused`;
  });
  const end = [
    "signal interrupt received, cleaning up",
    "Fatal: unable to open config file: context canceled",
    QUESTION,
  ];

  test.each(["hopeless", "time"] as const)(
    "and was ended for that (%s): what it asked in vain is the cause",
    (stopped) => {
      const fault = resticFault("look", anExit([...tries, ...end].join("\n"), { stopped }));
      expect(fault.code).toBe("BACKEND_UNREACHABLE");
      expect(fault.message).toMatch(/retrying after 3s: .*connection refused$/);
    },
  );

  test("and was ended never counts as one that found no repository, whatever it tried", () => {
    const odd = "Stat(<config/>) returned error, retrying after 1s: words that nobody knows";
    for (const stopped of ["hopeless", "time"] as const) {
      expect(resticFault("look", anExit([odd, ...end].join("\n"), { stopped })).code).not.toBe("REPOSITORY_NOT_FOUND");
    }
  });
});

test("L56: the message holds restic's own words, whole, and the table's next step", () => {
  const fault = resticFault("backup of /data", anExit("repository opened\nFatal: wrong password or no key found"));
  expect(fault.message).toBe(
    `backup of /data: ${ERRORS.REPOSITORY_WRONG_PASSWORD.meaning} Fatal: wrong password or no key found`,
  );
  expect(fault.next).toBe(ERRORS.REPOSITORY_WRONG_PASSWORD.next);
});

test("noise and repetitions are left out of the words", () => {
  const tail = [
    "Save(<lock/1>) returned error, retrying after 1s: x",
    "Save(<lock/1>) returned error, retrying after 2s: x",
    "Fatal: unable to create lock in backend: x",
    "the `unlock` command can be used to remove stale locks",
  ].join("\n");
  expect(resticWords(anExit(tail))).toBe("Fatal: unable to create lock in backend: x");
});

test("only a fault that can't pass is hopeless", () => {
  expect(isHopelessRetry("Save(<lock/1>) returned error, retrying after 1s: open x: permission denied")).toBe(true);
  expect(isHopelessRetry("Save(<data/1>) returned error, retrying after 1s: write x: no space left on device")).toBe(
    true,
  );
  expect(isHopelessRetry("Save(<lock/1>) returned error, retrying after 1s: connection refused")).toBe(false);
  expect(isHopelessRetry("open x: permission denied")).toBe(false);
});

test("secrets are blotted out", () => {
  expect(withoutSecrets("user:hush@host and hush", ["hush"])).toBe("user:***@host and ***");
});
