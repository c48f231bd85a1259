/** Whether a restored database has the rows that its dump has. Pure. */
import type { Finding } from "../findings.ts";
import type { CountedTable } from "./ask.ts";
import type { DumpedTable } from "./dump-rows.ts";

/**
 * Tables of the server that the dump does not know are nobody's loss, and neither are rows beyond its own: extensions bring some.
 *
 * @param counted tables with the name of their database before a dot
 */
export function compareRows(dumped: readonly DumpedTable[], counted: readonly CountedTable[]): readonly Finding[] {
  const byName = new Map(counted.map((table) => [table.name, table.rows]));
  return dumped.flatMap(({ database, name, rows }): readonly Finding[] => {
    const found = database === undefined ? mostRows(counted, name) : byName.get(`${database}.${name}`);
    const path = database === undefined ? name : `${database}.${name}`;
    if (found === undefined) {
      const message = `the table is not in the server, in the dump it has ${rows} rows`;
      return [{ code: "RESTORED_ROWS_DIFFER", path, message }];
    }
    if (found >= rows) return [];
    return [{ code: "RESTORED_ROWS_DIFFER", path, message: `the table has ${found} rows, in the dump ${rows}` }];
  });
}

function mostRows(counted: readonly CountedTable[], name: string): number | undefined {
  const rows = counted.filter((table) => table.name.endsWith(`.${name}`)).map((table) => table.rows);
  return rows.length === 0 ? undefined : Math.max(...rows);
}
