import { expect, test } from "vitest";
import { askVersion } from "../../../../../shared/kube/client/ask-version.ts";

const log = { warn: () => undefined };

test("the API server is asked for its version until it answers", async () => {
  const answers = [new Error("refused"), '{"major":"1","minor":"29+","gitVersion":"v1.29.1"}'];
  const read = async () => {
    const answer = answers.shift();
    if (typeof answer === "string") return answer;
    throw answer ?? new Error("asked once more");
  };
  const { signal } = new AbortController();
  expect(await askVersion({ read }, { signal, log })).toMatchObject({ major: 1, minor: 29 });
});

test("who stops is not kept waiting by an API server that never answers", async () => {
  const ending = new AbortController();
  const read = async () => {
    ending.abort();
    throw new Error("refused");
  };
  expect(await askVersion({ read }, { signal: ending.signal, log })).toBeUndefined();
});
