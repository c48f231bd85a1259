/** MariaDB, with the client programs of the image. */
import type { Addon } from "./addon.ts";
import { MYSQL_ACCOUNT, planMysql, readMysqlProbe } from "./mysql-client.ts";

export const mariadb: Addon = {
  ...MYSQL_ACCOUNT,
  plan: (request) => planMysql("mariadb", request),
  readProbe: readMysqlProbe,
};
