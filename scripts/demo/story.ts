/**
 * The story that the demo tells: a WordPress and its database are backed up as one batch, lost, and brought back. The
 * same story is a test of the cluster suite.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { formatBytes, formatTimeline } from "../../cli/runs/format.ts";
import { type MemberState, membersOfRestore, membersOfSession } from "../../cli/runs/member-state.ts";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { parseBackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { type Application, NAMESPACE, STEP_TIMEOUT_MS } from "./application.ts";
import type { BackendName, DemoBackend } from "./backend.ts";
import { compareEvidence, type Evidence } from "./evidence.ts";
import { followRestore, followSession } from "./follow.ts";
import { describeProof, describeRestore, describeSession, type Summary } from "./summary.ts";
import type { Teller } from "./terminal/teller.ts";
import { callHttp } from "./wordpress/http.ts";
import { paintPicture } from "./wordpress/picture.ts";
import { findFeed, logIn, setUpSite } from "./wordpress/site.ts";

export interface StoryContext {
  readonly application: Application;
  readonly teller: Teller;
  readonly backendName: BackendName;
  readonly backend: DemoBackend;
}

const BATCH = "wordpress-backup";
const INSTANT = "wordpress-backup-instant";
const RESTORE = "wordpress-restore";
const DRILL = "wordpress-drill";
const AUTHOR = { name: "author", password: "of-a-demo" } as const;
const TIMELINE_WIDTH = 40;
const POLL_MS = 100;

/** What was published, and where it is served. */
interface Published {
  readonly paths: readonly string[];
  readonly picturePath: string;
  readonly picture: Buffer;
}

function sayTimeline(teller: Teller, members: readonly MemberState[]): void {
  for (const line of formatTimeline(members, TIMELINE_WIDTH)) teller.say(line);
}

async function deploy({ application, teller, backend }: StoryContext): Promise<void> {
  teller.chapter("A plan first: Repository, AppBinding and BackupBatch (Sequential: database, then files)");
  await application.applyPlan(backend.manifests);
  teller.say(`snapshots will lie in ${backend.place}`);

  teller.chapter("The application: Deployment wordpress-app, labelled for the batch, and StatefulSet wordpress-db");
  await application.applyFile("application.yaml");
  for (const pod of await application.untilReady()) teller.say(pod);
  teller.say("WordPress has its sidecar from the first pod on; the database is dumped by a Job and needs none");
}

async function publish({ application, teller }: StoryContext): Promise<Published> {
  teller.chapter("Two posts and a picture, through WordPress itself");
  const origin = await application.origin();
  await setUpSite(origin, "A demo of stash-batch", AUTHOR);
  const session = await logIn(origin, AUTHOR);
  const png = paintPicture(960, 640);
  const picture = await session.upload("colours.png", png);
  const [picturePath = ""] = picture.paths;
  const stamp = new Date().toISOString();
  const first = await session.publish({ title: "First post", content: `<p>Written at ${stamp}.</p>` });
  const content = `<p>Naïve 🦆, and a picture:</p><img src="${picturePath}" alt="colours">`;
  const second = await session.publish({ title: "Second post", content, picture });
  const posts = [first, second];
  teller.say(`posts ${posts.join(" and ")}`);
  teller.say(
    `picture ${picturePath}, ${formatBytes(png.length)}, and ${picture.paths.length - 1} sizes that WordPress made`,
  );
  return { paths: ["/", ...posts, await findFeed(origin), ...picture.paths], picturePath, picture: png };
}

/** What counts as unharmed. Taken twice, so that nothing is compared that changes by itself. */
async function takeSteadyEvidence({ application, teller }: StoryContext, published: Published): Promise<Evidence> {
  const served = await callHttp(await application.origin(), { path: published.picturePath });
  if (!served.body.equals(published.picture)) throw new Error("WordPress does not serve the picture that was uploaded");
  const before = await application.takeEvidence(published.paths);
  const { differences } = compareEvidence(before, await application.takeEvidence(published.paths));
  if (differences.length > 0) throw new Error(`the site changes by itself: ${differences.join("; ")}`);
  const broken = before.facts.filter(({ kind, value }) => kind === "page" && !value.startsWith("200 "));
  if (broken.length > 0) throw new Error(`the site is not well: ${JSON.stringify(broken)}`);
  if (!before.facts.some(({ kind, name }) => kind === "table" && name === "wp_posts")) {
    throw new Error("the database has no table wp_posts");
  }
  teller.say(`noted every byte of ${before.facts.length} pages, pictures, tables and files`);
  return before;
}

async function backUpNow({ application, teller }: StoryContext): Promise<BackupSession> {
  teller.chapter("A session on request");
  const { client } = application;
  const body = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name: INSTANT, namespace: NAMESPACE },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: BATCH } },
  };
  await client.create(KINDS.BackupSession, NAMESPACE, body, asIs);
  const run = { namespace: NAMESPACE, name: INSTANT, timeoutMs: STEP_TIMEOUT_MS };
  const session = await followSession(client, teller, run);
  sayTimeline(teller, membersOfSession(session));
  return session;
}

/** @param publishedAt only a session that began after it has everything */
async function backUpBySchedule({ application, teller }: StoryContext, publishedAt: number): Promise<BackupSession> {
  teller.chapter('A session by the schedule, "@every 1m"');
  const { client } = application;
  for (const end = performance.now() + STEP_TIMEOUT_MS; performance.now() < end; await sleep(POLL_MS)) {
    const { items } = await client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession);
    const due = items.find(({ metadata, status }) => {
      const isLater = Date.parse(metadata.creationTimestamp ?? "") >= publishedAt;
      return metadata.name !== INSTANT && isLater && status?.phase !== "Skipped";
    });
    if (due === undefined) continue;
    const { name } = due.metadata;
    teller.say(`the schedule made ${name}`);
    const session = await followSession(client, teller, { namespace: NAMESPACE, name, timeoutMs: STEP_TIMEOUT_MS });
    sayTimeline(teller, membersOfSession(session));
    return session;
  }
  throw new Error("the schedule made no session");
}

async function destroy({ application, teller }: StoryContext, published: Published): Promise<Summary["broken"]> {
  teller.chapter("Disaster: the database is dropped, the uploads are deleted");
  // Nobody wants backups of a wreck while it is looked at.
  const pause = { kind: "merge", body: { spec: { paused: true } } } as const;
  await application.client.patch(KINDS.BackupBatch, NAMESPACE, BATCH, pause, asIs);
  await application.run(
    "wordpress-db",
    'mariadb -h127.0.0.1 -uroot -p"$MARIADB_ROOT_PASSWORD" -e "DROP DATABASE wordpress"',
  );
  await application.run("wordpress-app", "rm -r /var/www/html/wp-content/uploads");
  const origin = await application.origin();
  const page = await callHttp(origin, { path: "/" });
  const picture = await callHttp(origin, { path: published.picturePath });
  const words = /Error establishing a database connection/.exec(page.body.toString("utf8"))?.[0] ?? "";
  teller.say(`/ answers ${page.status} ${words}`.trimEnd());
  teller.say(`the picture answers ${picture.status}`);
  return { page: page.status, picture: picture.status };
}

async function restore({ application, teller }: StoryContext, from: BackupSession): Promise<RestoreBatch> {
  teller.chapter(`RestoreBatch ${RESTORE}: every member from the recovery point of ${from.metadata.name}`);
  await application.applyFile("restore.yaml", { SESSION: from.metadata.name });
  const run = { namespace: NAMESPACE, name: RESTORE, timeoutMs: STEP_TIMEOUT_MS };
  const restored = await followRestore(application.client, teller, run);
  sayTimeline(teller, membersOfRestore(restored));
  await application.untilReady();
  return restored;
}

/** The same recovery point once more, in volumes and a server of the drill's own: this could go on every night. */
async function prove(
  { application, teller }: StoryContext,
  { paths }: Published,
  point: BackupSession,
): Promise<Summary["proven"]> {
  teller.chapter(`A drill: ${point.metadata.name} comes back beside the application, and a WordPress answers from it`);
  const { client } = application;
  await application.applyFile("verify.yaml", { PATHS: paths.map((path) => `'${path}'`).join(" ") });
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const spec = { verifier: "wordpress", session: point.metadata.name };
  const body = { apiVersion, kind, metadata: { name: DRILL, namespace: NAMESPACE }, spec };
  await client.create(KINDS.BackupVerificationSession, NAMESPACE, body, asIs);
  for (const end = performance.now() + STEP_TIMEOUT_MS; performance.now() < end; await sleep(POLL_MS)) {
    const drill = await client.get(KINDS.BackupVerificationSession, NAMESPACE, DRILL, parseBackupVerificationSession);
    if (drill.status?.completionTime === undefined) continue;
    if (drill.status.phase !== "Succeeded") throw new Error(`drill ${DRILL}: ${JSON.stringify(drill.status, null, 1)}`);
    teller.say(drill.status.message ?? "");
    return describeProof(drill);
  }
  throw new Error(`drill ${DRILL} did not end`);
}

/** Tells the whole story and returns what was found. @throws Error when a step does not end as it should */
export async function tellStory(context: StoryContext): Promise<Summary> {
  const { application, teller, backendName } = context;
  await deploy(context);
  const published = await publish(context);
  const publishedAt = Date.now();
  const before = await takeSteadyEvidence(context, published);
  const instant = await backUpNow(context);
  const scheduled = await backUpBySchedule(context, publishedAt);
  const broken = await destroy(context, published);
  const restored = describeRestore(await restore(context, instant));

  teller.chapter("Everything is compared with what it was");
  const compared = compareEvidence(before, await application.takeEvidence(published.paths));
  for (const difference of compared.differences.slice(0, 20)) teller.say(difference);
  teller.say(compared.differences.length === 0 ? "all of it is back as it was" : "not all of it is back as it was");
  const proven = await prove(context, published, instant);
  const wasBroken = broken.page >= 500 && broken.picture === 404;
  return {
    ok: compared.differences.length === 0 && wasBroken && restored.session === instant.metadata.name && proven.ok,
    backend: backendName,
    seconds: Math.round(teller.elapsedSeconds()),
    sessions: [describeSession(instant, "instant"), describeSession(scheduled, "schedule")],
    broken,
    restore: restored,
    compared,
    proven,
  };
}
