import { expect, test } from "vitest";
import { isPassedOn } from "../../../../agent/restic/environment.ts";

test.each([
  ...["RESTIC_PACK_SIZE", "RESTIC_COMPRESSION", "RESTIC_READ_CONCURRENCY", "RESTIC_AWS_ASSUME_ROLE_ARN"],
  ...["HTTPS_PROXY", "no_proxy", "AWS_ACCESS_KEY_ID", "GOOGLE_APPLICATION_CREDENTIALS", "GOGC", "PATH", "HOME"],
])("restic is given %s", (name) => {
  expect(isPassedOn(name)).toBe(true);
});

test.each([
  ...["RESTIC_HOST", "RESTIC_REPOSITORY_FILE", "RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND", "RESTIC_FEATURES"],
  ...["RESTIC_FROM_REPOSITORY", "RESTIC_CACERT", "RESTIC_CACHE_DIR", "RESTIC_OF_NEXT_YEAR", "LD_PRELOAD"],
])("restic is not given %s", (name) => {
  expect(isPassedOn(name)).toBe(false);
});
