/** The frame of all pages, and which page is shown. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.ts";
import { Application } from "./pages/application.tsx";
import { Calendar } from "./pages/calendar.tsx";
import { Coverage } from "./pages/coverage.tsx";
import { Doctor } from "./pages/doctor.tsx";
import { Explain } from "./pages/explain.tsx";
import { Overview } from "./pages/overview.tsx";
import { Points } from "./pages/points.tsx";
import type { PageProps } from "./pages/props.ts";
import { Repositories } from "./pages/repositories.tsx";
import { Footer } from "./parts/footer.tsx";
import { Title } from "./parts/frame.tsx";
import { formatRoute, useRoute } from "./route.ts";
import type { About } from "./wire/envelope.ts";

interface PageEntry {
  readonly page: (props: PageProps) => JSX.Element;
  /** In the navigation; pages that need a name are in none. */
  readonly label?: string;
}

const PAGES: Readonly<Record<string, PageEntry>> = {
  overview: { page: Overview, label: "Overview" },
  application: { page: Application },
  points: { page: Points, label: "Recovery points" },
  calendar: { page: Calendar, label: "Calendar" },
  repositories: { page: Repositories, label: "Repositories" },
  coverage: { page: Coverage, label: "Coverage" },
  explain: { page: Explain, label: "Explain" },
  doctor: { page: Doctor, label: "Doctor" },
};

export function App(): JSX.Element {
  const { page, params } = useRoute();
  const [about, setAbout] = useState<About>();
  useEffect(() => {
    void ask<About>("ask/about").then((answer) => answer.kind === "good" && setAbout(answer.value));
  }, []);
  const Page = PAGES[page]?.page ?? NoPage;
  return (
    <>
      <button type="button" class="skip" onClick={skipToMain}>
        Skip to the content
      </button>
      <header>
        <span class="brand">stash-batch</span>
        <nav aria-label="Pages">
          <ul>
            {Object.entries(PAGES).map(([name, { label }]) =>
              label === undefined ? null : (
                <li key={name}>
                  <a href={formatRoute(name)} aria-current={name === page ? "page" : undefined}>
                    {label}
                  </a>
                </li>
              ),
            )}
          </ul>
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <Page key={page} params={params} allowsActions={about?.allowsActions === true} />
      </main>
      <footer>{about !== undefined && <Footer about={about} />}</footer>
    </>
  );
}

/** The part behind the `#` says which page it is, so it can't say where in the page. */
function skipToMain(): void {
  document.getElementById("main")?.focus();
}

function NoPage(): JSX.Element {
  return (
    <>
      <Title title="There is no such page" />
      <p>
        <a href={formatRoute("overview")}>To the overview</a>
      </p>
    </>
  );
}
