import { describe, expect, test } from "vitest";
import { leftOutOf } from "../../../../../agent/dump/addons/mysql-left-out.ts";

const SERVER = ["database information_schema", "database mysql", "database shop", "database shop_2", "database sys"];

/** What each sentence begins with. */
function leftOut(args: string, grants: readonly string[], databases: readonly string[] = SERVER): readonly string[] {
  const said = leftOutOf([args.split(" ")], [...databases, ...grants]);
  return said.map(
    (line) =>
      `${/^(former rows|\w+)/.exec(line)?.[0]} ${/(?:of|dump:) ([^:]*?)(?: for which| \(next)/.exec(line)?.[1]}`,
  );
}

const NONE = "GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*81F5'";
const DUMPER = "GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT ON *.* TO `dumper`@`%`";

describe("E5: of a dump by an account", () => {
  test.each([
    ["with all rights", "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"],
    ["with the rights that a dump takes", "GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER ON *.* TO `d`@`%`"],
    ["with MySQL's lists", "GRANT SELECT, TRIGGER,SHOW_ROUTINE ON *.* TO `d`@`%`"],
  ])("%s nothing is left out", (_what, grant) => {
    expect(leftOut("--all-databases", [grant])).toEqual([]);
  });

  test("without TRIGGER the triggers of each database of the dump may be", () => {
    expect(leftOut("--all-databases", [DUMPER])).toEqual(["triggers shop, shop_2"]);
    expect(leftOut("--databases shop", [DUMPER])).toEqual(["triggers shop"]);
    expect(leftOut("--databases shop", [DUMPER, "GRANT TRIGGER ON `shop`.* TO `dumper`@`%`"])).toEqual([]);
    expect(leftOut("--all-databases --skip-triggers", [DUMPER])).toEqual([]);
    expect(leftOut("--all-databases --ignore-database=shop", [DUMPER])).toEqual(["triggers shop_2"]);
  });

  test("with rights for one database the others are", () => {
    const own = "GRANT ALL PRIVILEGES ON `shop`.* TO `app`@`%`";
    const seen = ["database information_schema", "database shop"];
    expect(leftOut("--all-databases", [NONE, own], seen)).toEqual(["databases undefined"]);
    expect(leftOut("--databases shop", [NONE, own], seen)).toEqual([]);
    expect(leftOut("shop", [NONE, own], seen)).toEqual([]);
  });

  test("with rights for some tables the others are", () => {
    const own = [
      "GRANT SELECT, TRIGGER, LOCK TABLES ON `shop`.`item` TO `app`@`%`",
      "GRANT EXECUTE, TRIGGER ON `shop`.* TO `app`@`%`",
    ];
    expect(leftOut("shop", [NONE, ...own], ["database shop"])).toEqual(["tables shop"]);
  });

  test("that sees no bodies of routines the routines of others may be", () => {
    const own = "GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER ON `shop`.* TO `app`@`%`";
    expect(leftOut("--databases shop", [NONE, own], ["database shop"])).toEqual(["routines shop"]);
    expect(leftOut("shop item sale", [NONE, own], ["database shop"])).toEqual([]);
    expect(leftOut("--databases shop --skip-routines", [NONE, own], ["database shop"])).toEqual([]);
    const sees = "GRANT SELECT ON `mysql`.* TO `app`@`%`";
    expect(leftOut("--databases shop", [NONE, own, sees], ["database shop"])).toEqual([]);
    // It sees them, and the dump fails by itself where it may not read them.
    expect(leftOut("--databases shop", [NONE, own.replace("TRIGGER", "TRIGGER, EXECUTE")], ["database shop"])).toEqual(
      [],
    );
  });

  test("the names in grants are patterns", () => {
    const grant = (pattern: string) => `GRANT ALL PRIVILEGES ON \`${pattern}\`.* TO \`app\`@\`%\``;
    const wild = ["database a.b", "database shop_2", "database o`dd"];
    expect(leftOut("-B shop_2", [NONE, grant("shop%")], wild)).toEqual([]);
    expect(leftOut("-B shop_2", [NONE, grant("shop\\_2")], wild)).toEqual([]);
    expect(leftOut("-B shop_2", [NONE, grant("shop__")], wild)).toEqual([]);
    expect(leftOut("-B shopX2", [NONE, grant("shop_2")], ["database shopX2"])).toEqual([]);
    expect(leftOut("-B shopX2", [NONE, grant("shop\\_2")], ["database shopX2"])).not.toEqual([]);
    expect(leftOut("-B a.b", [NONE, grant("a.b")], wild)).toEqual([]);
    expect(leftOut("-B o`dd", [NONE, grant("o``dd")], wild)).toEqual([]);
  });

  test("whose roles the server does not tell, nothing is said of rights", () => {
    expect(leftOut("--all-databases", [NONE, "GRANT `reader`@`%` TO `app`@`%`"])).toEqual([]);
    expect(leftOut("--all-databases", [NONE, "GRANT `reader` TO `app`@`%`"])).not.toEqual([]);
  });
});

describe("E5: former rows of system-versioned tables", () => {
  const all = "GRANT ALL PRIVILEGES ON *.* TO `root`@`%`";
  const server = [...SERVER, "versioned shop.price"];

  test("are named where the dump has such tables and args do not ask for them", () => {
    expect(leftOut("--all-databases", [all], server)).toEqual(["former rows shop.price"]);
    expect(leftOut("--databases shop", [all], server)).toEqual(["former rows shop.price"]);
    expect(leftOut("--databases shop_2", [all], server)).toEqual([]);
    expect(leftOut("--all-databases --dump-history", [all], server)).toEqual([]);
  });

  test("are named up to a number", () => {
    const many = Array.from({ length: 12 }, (_, at) => `versioned shop.t${at}`);
    expect(leftOutOf([["-A"]], [all, ...many])[0]).toMatch(/shop\.t9 and 2 more \(next/);
  });
});
