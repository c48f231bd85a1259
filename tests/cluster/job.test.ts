/**
 * The job model in one installation: real control plane, real agents in real jobs, real databases in pods, real restic. The
 * cases stand in the folder `jobs`.
 */
import { describe } from "vitest";
import { useJobStand } from "../support/jobs/job-stand.ts";
import { testBackupAndRestore } from "./jobs/backup-and-restore.ts";
import { testBlueprints } from "./jobs/blueprints.ts";
import { testFailures } from "./jobs/failures.ts";
import { testWordpress } from "./jobs/wordpress.ts";

const stand = useJobStand("jobs");

describe("backup and restore", () => testBackupAndRestore(stand));
describe("auto-backup", () => testBlueprints(stand));
describe("the manual's example", () => testWordpress(stand));
describe("failures", () => testFailures(stand));
