import { expect, test } from "vitest";
import { createTried } from "../../../../agent/restore/tried.ts";

const line = (action: string, item: string, size = 0) =>
  JSON.stringify({ message_type: "verbose_status", action, item, size });

test("files are counted by what becomes of them; folders, which come after what is in them, are not", () => {
  const tried = createTried();
  const lines = [
    line("updated", "/data/deep/f", 11),
    line("restored", "/data/deep", 0),
    line("restored", "/data/g", 4),
    line("unchanged", "/data/same", 5),
    line("restored", "/data", 0),
    JSON.stringify({ message_type: "summary", total_files: 5 }),
    "no json",
  ];
  for (const one of lines) tried.add(one);
  expect(tried.sum()).toEqual({
    newFiles: 1,
    changedFiles: 1,
    sameFiles: 1,
    totalBytes: 20,
    writtenBytes: 15,
    overwritten: ["/data/deep/f"],
  });
});

test("of many names a hundred are told", () => {
  const tried = createTried();
  for (let at = 0; at < 250; at++) tried.add(line("updated", `/data/${at}`, 1));
  expect(tried.sum()).toMatchObject({ changedFiles: 250, overwritten: { length: 100 } });
});
