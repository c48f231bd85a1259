/** Variables of a process, which are read where it starts and handed on from there. */
export type Environment = Readonly<Record<string, string | undefined>>;
