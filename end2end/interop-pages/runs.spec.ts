// `/runs/:id` of a run of each handler of each client.

import { expect, test, type Page } from "@playwright/test";
import { adminName, adminPassword, changeFirstPassword, firstPassword, signIn } from "../support/sign-in.ts";
import { takeScreenshots } from "../support/test.ts";

/** A run as xtask read it from the database. */
interface Run {
  id: number;
  client: string;
  handler: string;
  state: "succeeded" | "failed" | "timed_out";
  /** What its page must show of the result; empty where the client sends none. */
  result: string;
  /** What its log must hold; empty where the handler logs nothing. */
  log: string;
}

const runs: Run[] = JSON.parse(process.env.ORRERY_INTEROP_RUNS ?? "[]");
const words = { succeeded: "Succeeded", failed: "Failed", timed_out: "Timed out" };

test.describe.configure({ mode: "serial" });
let page: Page;
/** Clients of which a run with a log has been seen: one picture of each is enough. */
const seen = new Set<string>();

test.beforeAll(async ({ browser }) => {
  page = await browser.newPage({ baseURL: process.env.ORRERY_TEST_BASE_URL! });
  await signIn(page, true, adminName, firstPassword);
  await changeFirstPassword(page, firstPassword, adminPassword);
});

for (const run of runs) {
  test(`${run.client} › ${run.handler}`, async () => {
    await page.goto(`/runs/${run.id}`);
    await expect(page.locator(".title .st")).toContainText(words[run.state]);
    await expect(page.locator("main")).toContainText(run.client);
    if (run.result) await expect(page.locator("main")).toContainText(run.result);
    if (run.log) await expect(page.locator(".log .lines")).toContainText(run.log);
    if (run.log && !seen.has(run.client)) await takeScreenshots(page, `run-of-${run.client.replace(/\W+/g, "-")}`);
    if (run.log) seen.add(run.client);
  });
}
