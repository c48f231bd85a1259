/** Set-up of each unit file: whatever it changes in the process is put back, and what can't be is told, since the next file has the same process. */
import { afterAll, expect, vi } from "vitest";

const before = { cwd: process.cwd(), environment: { ...process.env } };

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  expect({ cwd: process.cwd(), environment: { ...process.env } }).toEqual(before);
  expect(process.exitCode).toBeUndefined();
});
