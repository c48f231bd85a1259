/** Schemas of MySQL and MariaDB that are the server's own. A dump of all databases may hold some; their tables are no application's. */
export const OWN_SCHEMAS: readonly string[] = ["mysql", "information_schema", "performance_schema", "sys"];
