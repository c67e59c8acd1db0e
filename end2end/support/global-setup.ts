// One server for all specs, and its administrator signed in once for each worker: signing in is slow on purpose.

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { chromium, type FullConfig } from "@playwright/test";
import { startServer } from "./server.ts";
import { adminName, adminPassword, firstPassword, changeFirstPassword, signIn } from "./sign-in.ts";

/** Where a signed-in browser's cookies are kept for the specs of a worker: they leave each other's forms alone. */
export const storageState = (worker: number) => `test-results/administrator-${worker}.json`;

export default async function globalSetup(config: FullConfig): Promise<() => Promise<void>> {
  const server = await startServer({ ORRERY_ADMIN_PASSWORD: firstPassword });
  try {
    server.startDemoExecutor();
    const browser = await chromium.launch(config.projects[0]!.use.launchOptions);
    const visitor = { javaScriptEnabled: false, baseURL: server.url, locale: "en-GB" };
    const first = await browser.newPage(visitor);
    await signIn(first, false, adminName, firstPassword);
    await changeFirstPassword(first, firstPassword, adminPassword);
    mkdirSync(dirname(storageState(0)), { recursive: true });
    for (let worker = 0; worker < config.workers; worker += 1) {
      const page = await browser.newPage(visitor);
      await signIn(page, false, adminName, adminPassword);
      await page.context().storageState({ path: storageState(worker) });
    }
    await browser.close();
  } catch (error) {
    console.error(server.output());
    await server.stop();
    throw error;
  }
  // The workers inherit these.
  process.env.ORRERY_TEST_BASE_URL = server.url;
  return () => server.stop();
}
