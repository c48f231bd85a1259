/** All commands that people type. A new one is a folder and a row. */
import { BATCHES } from "../batches/command.ts";
import { COMPLETE, COMPLETION } from "../completion/command.ts";
import { COVERAGE } from "../coverage/command.ts";
import { DESCRIBE } from "../describe/command.ts";
import { DOCTOR } from "../doctor/command.ts";
import { EVENTS } from "../events/command.ts";
import { EXPLAIN } from "../explain/command.ts";
import { LINT } from "../lint/command.ts";
import { LOGS } from "../logs/command.ts";
import { PAUSE } from "../pause/command.ts";
import { POINTS } from "../points/command.ts";
import { REPOSITORIES } from "../repositories/command.ts";
import { RESTORE } from "../restore/command.ts";
import { RESTORES } from "../restores/command.ts";
import { RESUME } from "../resume/command.ts";
import { SESSIONS } from "../sessions/command.ts";
import { STATUS } from "../status/command.ts";
import { TRIGGER } from "../trigger/command.ts";
import { UI } from "../ui/command.ts";
import { UNINSTALL } from "../uninstall/command.ts";
import { VERSION } from "../version/command.ts";
import type { CommandSpec } from "./command.ts";

export const COMMANDS: readonly CommandSpec[] = [
  STATUS,
  BATCHES,
  SESSIONS,
  RESTORES,
  POINTS,
  REPOSITORIES,
  DESCRIBE,
  UI,
  LOGS,
  EVENTS,
  TRIGGER,
  RESTORE,
  PAUSE,
  RESUME,
  COVERAGE,
  LINT,
  EXPLAIN,
  DOCTOR,
  UNINSTALL,
  COMPLETION,
  VERSION,
  COMPLETE,
];
