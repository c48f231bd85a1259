/** Which pictures of the pages docs/ui.md shows: each in light and in dark. */

/** Names that tests/cluster/ui.test.ts gives its pictures, and what is in them. */
export const SHOWN_PAGES: Readonly<Record<string, string>> = {
  overview:
    "Overview: two applications as cards, one good and one with a very long name that fails, each with the age of its newest point and its last days",
  application: "An application: its facts, its runs, and a session with a lane a member and a hook",
  "application-failed": "A failed session: the code, the path that is not there, and the next step",
  drill: "A drill: its steps, a lane a member, what was compared, and the recovery time",
  points: "Recovery points: when, complete or not, proven or not, size, members, and a button to restore",
  calendar: "Calendar: what is due in seven days, and why one application is not",
  repositories: "Repositories: where data lies, its size, checks, prunes and locks",
  coverage: "Coverage: how many workloads and claims are covered, and what lacks",
  explain: "Explain: a field for a manifest",
  doctor: "Doctor: a line a check, good or with the fault and what mends it",
};

export const THEMES = ["light", "dark"] as const;

/** Of all pictures of docs/ together: whoever clones the repository has them. */
export const MOST_PICTURE_BYTES = 1_500_000;

export const pictureOf = (page: string, theme: string): string => `ui-${page}-${theme}.webp`;
