// What every spec imports instead of Playwright's own `test`.

import { mkdirSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type ConsoleMessage, type Page } from "@playwright/test";
import { storageState } from "./global-setup.ts";
import { type RunningServer, startServer } from "./server.ts";
import { firstPassword, hydrated } from "./sign-in.ts";

/** Options that a spec sets with `test.use`. */
interface Options {
  /** Errors on the console that belong to what the spec tries, such as a 404. */
  expectedConsoleErrors: RegExp[];
}

interface Fixtures {
  /** Opens a path and waits until the page reacts. */
  open: (path: string) => Promise<void>;
  /** True in the project where WebAssembly runs. */
  isHydrated: boolean;
  /** Fails the test when the page complained. */
  complaints: string[];
}

interface WorkerFixtures {
  /**
   * A server of this worker alone, started when a spec first asks for it: for what would disturb other specs, such as
   * refused sign-ins. `test.use({ baseURL: onOwnServer, storageState: nobody })` makes a spec run on it.
   */
  ownServer: RunningServer;
}

/** Signed in as the administrator, on the common server; a page that complains fails its test. */
export const test = base.extend<Options & Fixtures, WorkerFixtures>({
  expectedConsoleErrors: [[], { option: true }],

  baseURL: async ({}, use) => {
    await use(process.env.ORRERY_TEST_BASE_URL);
  },

  storageState: async ({}, use, { parallelIndex }) => {
    await use(storageState(parallelIndex));
  },

  ownServer: [
    async ({}, use) => {
      const server = await startServer({ ORRERY_ADMIN_PASSWORD: firstPassword });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  isHydrated: async ({ javaScriptEnabled }, use) => {
    await use(javaScriptEnabled !== false);
  },

  complaints: [
    async ({ page, expectedConsoleErrors }, use) => {
      const complaints: string[] = [];
      const complain = (text: string) => {
        if (!expectedConsoleErrors.some((expected) => expected.test(text))) complaints.push(text);
      };
      page.on("pageerror", (error) => complain(`page error: ${error.message}`));
      page.on("console", (message) => {
        if (isComplaint(message)) complain(`console: ${message.text()} (${message.location().url})`);
      });
      await use(complaints);
      expect(complaints, "the page wrote errors or hydration warnings to the console").toEqual([]);
    },
    { auto: true },
  ],

  open: async ({ page, isHydrated }, use) => {
    await use(async (path) => {
      await page.goto(path);
      if (isHydrated) await hydrated(page);
    });
  },
});

export { expect };

/** A `baseURL` for specs that run on the worker's own server. */
export async function onOwnServer({ ownServer }: WorkerFixtures, use: (url: string) => Promise<void>): Promise<void> {
  await use(ownServer.url);
}

/** For specs about people who are not signed in. */
export const nobody = { cookies: [], origins: [] };

/** Leptos reports a page that differs from what the server sent as a warning. */
function isComplaint(message: ConsoleMessage): boolean {
  return message.type() === "error" || (message.type() === "warning" && /hydrat|mismatch/i.test(message.text()));
}

/** axe finds nothing on the page as it is now. It needs scripts: without them this does nothing. */
export async function expectAccessible(page: Page, isHydrated: boolean): Promise<void> {
  if (!isHydrated) return;
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join("\n  ")}`);
  expect(found, "accessibility").toEqual([]);
}

/** Sizes at which every page is looked at. */
const widths = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/**
 * Writes `screenshots/<name>-<width>-<light|dark>.png`, at both widths and in both themes of the system. They are for
 * people: a gate, where nobody looks at them, writes none.
 */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  if (process.env.CI) return;
  mkdirSync("screenshots", { recursive: true });
  for (const size of Object.values(widths)) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: `screenshots/${name}-${size.width}-${colorScheme}.png`, animations: "disabled" });
    }
  }
  await page.setViewportSize(widths.desktop);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/** The page does not scroll sideways on a phone. */
export async function expectFitsPhone(page: Page, isHydrated: boolean): Promise<void> {
  if (!isHydrated) return;
  await page.setViewportSize(widths.phone);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, "the page is wider than a phone").toBeLessThanOrEqual(0);
  await page.setViewportSize(widths.desktop);
}
