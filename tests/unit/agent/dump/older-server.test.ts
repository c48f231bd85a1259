import { describe, expect, test } from "vitest";
import { editForOlderServer, HEADER_TIMEOUTS } from "../../../../agent/dump/older-server.ts";

const ALL = [...HEADER_TIMEOUTS, "search_path"];
const without = (name: string) => ALL.filter((one) => one !== name);

test("a server that knows all of them gets the dump as it is", () => {
  expect(editForOlderServer(["170002", ...ALL])).toBeUndefined();
});

test.each(HEADER_TIMEOUTS)("a server without %s does not hear of it", (name) => {
  const edit = editForOlderServer(["160009", ...without(name)]);
  expect(edit?.(`SET ${name} = 0;`)).toBeUndefined();
  for (const other of without(name)) expect(edit?.(`SET ${other} = 0;`)).toBe(`SET ${other} = 0;`);
  for (const line of [
    `SET ${name} = 5;`,
    `set ${name} = 0;`,
    `SET LOCAL ${name} = 0;`,
    `SET "${name}" = 0;`,
    `SET a.${name} = 0;`,
  ]) {
    expect(edit?.(line)).toBe(line);
  }
});

describe("the provider of a database's locale", () => {
  const line = (name: string, rest: string) => `CREATE DATABASE ${name} WITH TEMPLATE = template0${rest}`;
  const REST = ` LOCALE = 'C' TABLESPACE = "a ""b";`;

  test.each(["shop", '"it"" LOCALE_PROVIDER = libc"', '"a;b"'])("is left out before version 15 for %s", (name) => {
    const edit = editForOlderServer(["140012", ...ALL]);
    const dumped = line(name, ` ENCODING = 'UTF8' LOCALE_PROVIDER = libc${REST}`);
    expect(edit?.(dumped)).toBe(line(name, ` ENCODING = 'UTF8'${REST}`));
    const others = [line(name, ` LOCALE_PROVIDER = icu${REST}`), line(name, ` ENCODING = ' LOCALE_PROVIDER = libc';`)];
    for (const other of [...others, `${dumped} SELECT 1;`]) expect(edit?.(other)).toBe(other);
  });

  test("is left alone from version 15 on", () => {
    const dumped = line("shop", ` ENCODING = 'UTF8' LOCALE_PROVIDER = libc${REST}`);
    expect(editForOlderServer(["150004", ...without("transaction_timeout")])?.(dumped)).toBe(dumped);
  });
});
