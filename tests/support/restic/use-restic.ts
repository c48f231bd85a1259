/** Puts the project's restic first on PATH, for everything that a test file starts. */
import { inject } from "vitest";

process.env["PATH"] = `${inject("resticFolder")}:${process.env["PATH"] ?? ""}`;
