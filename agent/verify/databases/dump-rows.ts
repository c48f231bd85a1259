/** Counts the rows of each table in a dump as it streams by. */

/** A table as the dump names it. */
export interface DumpedTable {
  /** Undefined where the dump says it nowhere: it was made of one database alone. */
  readonly database: string | undefined;
  /** Schema and table with PostgreSQL, else the table. */
  readonly name: string;
  readonly rows: number;
}

export interface DumpRows {
  feed(chunk: Buffer): void;
  /** Undefined where the dump is written in a way whose rows can't be told. */
  end(): readonly DumpedTable[] | undefined;
}
