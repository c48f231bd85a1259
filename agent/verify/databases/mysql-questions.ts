/** Questions to MySQL and MariaDB. Pure. */
import type { DumpPlan } from "../../dump/plan.ts";
import { OWN_SCHEMAS } from "./mysql-schemas.ts";
import type { Question, Questions } from "./questions.ts";

const TABLES = `SELECT HEX(TABLE_SCHEMA), HEX(TABLE_NAME) FROM information_schema.TABLES
WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN (${OWN_SCHEMAS.map((name) => `'${name}'`).join(", ")}) ORDER BY TABLE_SCHEMA, TABLE_NAME`;

export function mysqlQuestions({ client }: DumpPlan): Questions {
  const ask = (statement: string, database = "", limitSeconds?: number): Question => ({
    call: {
      argv: [
        ...client.argv,
        "--batch",
        "--skip-column-names",
        "--raw",
        "--local-infile=0",
        ...(database === "" ? [] : [`--database=${database}`]),
      ],
      env: client.env,
    },
    input: asPrepared(statement, limitSeconds),
  });
  return {
    listDatabases: undefined,
    listTables: () => ask(TABLES),
    countRows: (tables) =>
      ask(
        tables
          .map(({ schema, name }, at) => `SELECT ${at}, COUNT(*) FROM ${quote(schema)}.${quote(name)}`)
          .join("\nUNION ALL "),
      ),
    ask,
  };
}

function quote(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/**
 * The client has commands of its own, one of which runs a shell: so it never sees the statement, only digits that the server makes it of.
 * Each server takes the limit that it knows.
 */
function asPrepared(statement: string, limitSeconds: number | undefined): string {
  const text = Buffer.from(statement.replace(/[;\s]+$/, "")).toString("hex");
  const limit =
    limitSeconds === undefined
      ? ""
      : ` /*M!100101 , SESSION max_statement_time = ${limitSeconds} */ /*!50708 , SESSION max_execution_time = ${limitSeconds * 1_000} */`;
  return `SET @asked = CONVERT(X'${text}' USING utf8mb4)${limit};\nPREPARE asked FROM @asked;\nEXECUTE asked;\n`;
}
