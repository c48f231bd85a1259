/** All commands that people type. A new one is a folder and a row. */
import { COMPLETE, COMPLETION } from "../completion/command.ts";
import { DOCTOR } from "../doctor/command.ts";
import { EXPLAIN } from "../explain/command.ts";
import { UNINSTALL } from "../uninstall/command.ts";
import { VERSION } from "../version/command.ts";
import type { CommandSpec } from "./command.ts";

export const COMMANDS: readonly CommandSpec[] = [EXPLAIN, DOCTOR, UNINSTALL, COMPLETION, VERSION, COMPLETE];
