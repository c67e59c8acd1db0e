// One server for all specs, and its administrator signed in once: signing in is slow on purpose.

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { chromium, type FullConfig } from "@playwright/test";
import { startServer } from "./server.ts";
import { adminName, adminPassword, firstPassword, changeFirstPassword, signIn } from "./sign-in.ts";

/** Where the signed-in browser's cookies are kept for the specs. */
const storageState = "test-results/administrator.json";

export default async function globalSetup(config: FullConfig): Promise<() => Promise<void>> {
  const server = await startServer({ ORRERY_ADMIN_PASSWORD: firstPassword });
  try {
    server.startDemoExecutor();
    const browser = await chromium.launch(config.projects[0]!.use.launchOptions);
    const page = await browser.newPage({ javaScriptEnabled: false, baseURL: server.url, locale: "en-GB" });
    await signIn(page, false, adminName, firstPassword);
    await changeFirstPassword(page, firstPassword, adminPassword);
    mkdirSync(dirname(storageState), { recursive: true });
    await page.context().storageState({ path: storageState });
    await browser.close();
  } catch (error) {
    console.error(server.output());
    await server.stop();
    throw error;
  }
  // The workers inherit these.
  process.env.ORRERY_TEST_BASE_URL = server.url;
  process.env.ORRERY_TEST_STORAGE_STATE = storageState;
  return () => server.stop();
}
