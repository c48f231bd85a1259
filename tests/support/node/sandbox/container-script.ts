/** The shell text that turns fresh namespaces into a container, and the launcher that becomes its program. Pure. */
import { REPORT_PID } from "./namespace-holder.ts";
import { shellWord } from "./shell.ts";

export interface MountSpec {
  /** Absolute path on the machine, without symbolic links. */
  readonly source: string;
  /** Absolute path in the container; links in it are followed inside the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Whether the source is a folder; otherwise it is a file, socket or device. */
  readonly isFolder: boolean;
}

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Names such as `chown`, or `all`. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
}

export interface ContainerFolders {
  /** Lowest layer of the root file system: `/`, or a folder with at least sh, perl and util-linux. */
  readonly lower: string;
  readonly upper: string;
  readonly work: string;
  /** Where the layers are put together. */
  readonly root: string;
  /** The pod's own /dev. */
  readonly dev: string;
}

export interface ContainerScript {
  readonly folders: ContainerFolders;
  readonly mounts: readonly MountSpec[];
  readonly readOnlyRoot: boolean;
  readonly workingDir: string;
  readonly user: ProcessUser;
  readonly argv: readonly string[];
}

/** Where the machine's root is visible while the container's is being furnished. */
const HOST = "/.machine";

/**
 * Mounts happen after pivot_root, so that a link in a mount path (`/var/run`) leads where it leads in the container
 * and never out of it. Everything is done with the container's own programs.
 */
export function buildContainerScript(container: ContainerScript): string {
  const { folders } = container;
  const layers = `lowerdir=${folders.lower},upperdir=${folders.upper},workdir=${folders.work}`;
  const byDepth = [...container.mounts].sort((a, b) => depth(a.target) - depth(b.target));
  return [
    "set -e",
    REPORT_PID,
    "exec 5>&2 2>&3",
    "umask 022",
    `cd ${shellWord(folders.root)}`,
    `mount -t overlay overlay -o ${shellWord(layers)} .`,
    `cd ${shellWord(folders.root)}`,
    `mkdir -p .${HOST} proc sys dev tmp`,
    `pivot_root . .${HOST}`,
    "cd /",
    "mount -t proc proc /proc",
    "mount -t sysfs -o ro sysfs /sys",
    `mount --rbind ${shellWord(HOST + folders.dev)} /dev`,
    ...byDepth.flatMap(mountLines),
    `umount -l ${HOST}`,
    `rmdir ${HOST}`,
    `mkdir -p ${shellWord(container.workingDir)}`,
    ...(container.readOnlyRoot ? ["mount -o remount,bind,ro /"] : []),
    "exec 2>&5 5>&-",
    `exec ${buildLaunchArgv(container.user, container.argv).map(shellWord).join(" ")}`,
  ].join("\n");
}

function mountLines(mount: MountSpec): readonly string[] {
  const target = shellWord(mount.target);
  const source = shellWord(HOST + mount.source);
  const parent = shellWord(mount.target.replace(/\/[^/]*$/, "") || "/");
  return [
    mount.isFolder
      ? `mkdir -p ${target}`
      : // A dangling link (resolv.conf on many machines) cannot be a mount point: it gives way to a file.
        `mkdir -p ${parent}; [ -e ${target} ] || { rm -f ${target}; : > ${target}; }`,
    mount.readOnly ? `mount --bind -o ro ${source} ${target}` : `mount --rbind ${source} ${target}`,
  ];
}

function depth(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}

/** Written to descriptor 3 by the launcher just before it becomes the program. */
export const LAUNCHED = "launched";

/**
 * In a session of its own, as in any container: a program that signals its whole process group reaches nobody else. An
 * image whose perl lacks the module for it gets a process group of its own.
 * Becomes the program: working folder and environment come over descriptor 4 (NUL-separated; arguments would show
 * secrets to the whole machine). What it writes to descriptor 3 after `launched` is why it could not.
 */
const LAUNCHER = [
  "eval { require POSIX; POSIX::setsid() } or setpgrp(0, 0);",
  'open(my $spec, "<&=", 4) or die; my ($cwd, @env) = split(/\\0/, do { local $/; <$spec> }, -1); close $spec;',
  'open(my $report, ">&=", 3) or die; fcntl($report, 2, 1); syswrite $report, "launched\\n";',
  "%ENV = map { split(/=/, $_, 2) } grep { /=/ } @env;",
  'unless (chdir $cwd) { syswrite $report, "working folder $cwd: $!\\n"; exit 128 }',
  'exec { $ARGV[0] } @ARGV; syswrite $report, "exec $ARGV[0]: $!\\n"; exit 128;',
].join(" ");

/** The command line that drops rights and becomes the program; descriptors 3 and 4 as the launcher says. */
export function buildLaunchArgv(user: ProcessUser, argv: readonly string[]): readonly string[] {
  const bounding = user.capabilities.includes("all")
    ? []
    : [`--bounding-set=${["-all", ...user.capabilities.map((name) => `+${name}`)].join(",")}`];
  return [
    ...["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--inh-caps=-all", ...bounding],
    user.groups.length === 0 ? "--clear-groups" : `--groups=${user.groups.join(",")}`,
    ...(user.noNewPrivileges ? ["--no-new-privs"] : []),
    ...["--", "perl", "-e", LAUNCHER, "--", ...argv],
  ];
}

/** What goes over descriptor 4. */
export function buildLaunchSpec(workingDir: string, env: ReadonlyMap<string, string>): string {
  return [workingDir, ...[...env].map(([name, value]) => `${name}=${value}`)].join("\0");
}
