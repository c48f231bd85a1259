/** Flags of commands for which a Job runs restic. */
import { Completes, type FlagSpec } from "../program/command.ts";

export const WORK_FLAGS: readonly FlagSpec[] = [
  {
    flags: "--image <image>",
    summary: "image of the Job (default: that of a sidecar in the namespace, else of the installation)",
  },
  {
    flags: "--run-as <user>",
    summary: "user, or USER:GROUP, that the Job runs as: the owner of a repository in a folder",
  },
  {
    flags: "--service-account <name>",
    summary:
      "ServiceAccount of the Job, where the store knows it in place of a Secret (default: that of the namespace)",
  },
];

/** Of upstream's plugin, whose Docker needed them. */
export const UPSTREAM_IMAGE_FLAGS: readonly FlagSpec[] = [
  { flags: "--docker-registry <name>", summary: "of upstream's plugin; --image counts", isHidden: true },
  { flags: "--image-tag <tag>", summary: "of upstream's plugin; --image counts", isHidden: true },
];

export const REPOSITORY_ARGUMENT = {
  name: "repository",
  summary: "name of the Repository",
  completes: Completes.Repository,
} as const;
