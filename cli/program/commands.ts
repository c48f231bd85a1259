/** All commands that people type. A new one is a folder and a row. */
import { BATCHES } from "../batches/command.ts";
import { CAT, DIFF, LS } from "../browse/commands.ts";
import { CANCEL } from "../cancel/command.ts";
import { CLONE } from "../clone/command.ts";
import { COMPLETE, COMPLETION } from "../completion/command.ts";
import { COPY } from "../copy/command.ts";
import { COVERAGE } from "../coverage/command.ts";
import { CREATE } from "../create/command.ts";
import { DEBUG } from "../debug/command.ts";
import { DELETE } from "../delete/command.ts";
import { DESCRIBE } from "../describe/command.ts";
import { DOCTOR } from "../doctor/command.ts";
import { DOWNLOAD } from "../download/command.ts";
import { EVENTS } from "../events/command.ts";
import { EXPLAIN } from "../explain/command.ts";
import { GEN } from "../gen/command.ts";
import { KEY } from "../key/command.ts";
import { LINT } from "../lint/command.ts";
import { LOGS } from "../logs/command.ts";
import { CHECK, MIGRATE, PRUNE, REBUILD_INDEX, UNLOCK } from "../maintenance/command.ts";
import { PAUSE } from "../pause/command.ts";
import { POINTS } from "../points/command.ts";
import { PROOF, PROVE } from "../proof/command.ts";
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
  PROOF,
  REPOSITORIES,
  DESCRIBE,
  UI,
  LOGS,
  EVENTS,
  TRIGGER,
  RESTORE,
  PROVE,
  PAUSE,
  RESUME,
  CANCEL,
  COPY,
  CLONE,
  CREATE,
  LS,
  CAT,
  DOWNLOAD,
  DIFF,
  GEN,
  CHECK,
  PRUNE,
  UNLOCK,
  REBUILD_INDEX,
  MIGRATE,
  KEY,
  DELETE,
  COVERAGE,
  LINT,
  EXPLAIN,
  DOCTOR,
  DEBUG,
  UNINSTALL,
  COMPLETION,
  VERSION,
  COMPLETE,
];
