/**
 * Restores in one installation: real control plane, the whole product, real files, a real database, real restic. The cases stand
 * in the folder `restores`.
 */
import { describe } from "vitest";
import { useProduct } from "../support/product/product-cluster.ts";
import { testApplication } from "./restores/application.ts";
import { testDatabase } from "./restores/database.ts";
import { testFailures } from "./restores/failures.ts";
import { holdSchedule } from "./restores/held-schedule.ts";
import { testInterruptions } from "./restores/interrupted.ts";
import { testRecoveryPoints } from "./restores/points.ts";

const cluster = useProduct({ reconcilerFlags: ["--heartbeat-stale=3s"] });
const testSchedule = holdSchedule(cluster);

describe("applications", () => testApplication(cluster));
describe("recovery points", () => testRecoveryPoints(cluster));
describe("the schedule of a target that is being restored", () => testSchedule());
describe("failures", () => testFailures(cluster));
describe("a database", () => testDatabase(cluster));
describe("interruptions", () => testInterruptions(cluster));
