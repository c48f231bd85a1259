/** The addons by the name of their database; facts that other programs need of it are in `shared/databases.ts`. */
import type { DatabaseName } from "../../../shared/databases.ts";
import { mariadb } from "./mariadb.ts";
import { mysql } from "./mysql.ts";
import { postgres } from "./postgres.ts";
import type { Addon } from "./types.ts";

export const ADDONS: Readonly<Record<DatabaseName, Addon>> = { mysql, mariadb, postgres };
