/** MariaDB, with the client programs of the image. */
import { createInsertRows } from "../../verify/databases/insert-rows.ts";
import { mysqlQuestions } from "../../verify/databases/mysql-questions.ts";
import { MYSQL_ACCOUNT, planMysql, readMysqlProbe } from "./mysql-client.ts";
import type { Addon } from "./types.ts";

export const mariadb: Addon = {
  ...MYSQL_ACCOUNT,
  plan: (request) => planMysql("mariadb", request),
  readProbe: readMysqlProbe,
  questions: mysqlQuestions,
  createRows: createInsertRows,
};
