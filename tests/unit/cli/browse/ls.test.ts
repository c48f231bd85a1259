/** `ls` of members with several hosts and paths: everything is listed, and each line tells whose it is. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { browse } from "../../../support/cli/browsed-repository.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aRepository, runWorkPods } from "../../../support/cli/work-pods.ts";

let api: MemoryApi;

beforeEach(async () => {
  api = await startMemoryApi();
  runWorkPods(api);
  api.put(KINDS.Repository, aRepository("store", "backend"));
});

afterEach(() => api.stop());

const SEVERAL = [
  { id: "abcd0000", hostname: "web-0", paths: ["/data"] },
  { id: "abcd0001", hostname: "web-0", paths: ["/etc"] },
  { id: "abcd0002", hostname: "web-1", paths: ["/data"] },
];

async function ls(...more: readonly string[]): Promise<string> {
  const { exitCode, output, notes } = await runLine(api, ["ls", "shop-1:web", "--repository=store", ...more]);
  expect(exitCode, notes).toBe(0);
  return output;
}

test("without a path all saved paths of all hosts are told", async () => {
  api.executes = browse(SEVERAL);
  expect(await ls("-o", "name")).toBe("web-0:/data\nweb-0:/etc\nweb-1:/data\n");
  expect(await ls("--host=web-1", "-o", "name")).toBe("/data\n");
});

test("with -R all of what all of them hold", async () => {
  api.executes = browse(SEVERAL);
  expect(await ls("-R", "-o", "name")).toBe(
    "web-0:/data\nweb-0:/data/abcd0000\nweb-0:/etc\nweb-0:/etc/abcd0001\nweb-1:/data\nweb-1:/data/abcd0002\n",
  );
  expect(await ls("-R", "--host=web-0", "-o", "name")).toBe("/data\n/data/abcd0000\n/etc\n/etc/abcd0001\n");
  const { files } = JSON.parse(await ls("-R", "-o", "json"));
  expect(files).toHaveLength(6);
  expect(files.at(-1)).toMatchObject({ host: "web-1", path: "/data/abcd0002" });
});
