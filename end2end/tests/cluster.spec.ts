// `/cluster` and `/cluster/:id`

import { createJob, freshName } from "../support/jobs.ts";
import { adminName, adminPassword, changeFirstPassword, firstPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, onOwnServer, takeScreenshots, test } from "../support/test.ts";

test("each server says what it has, one of them leads, and its jobs name it", async ({ page, open, isHydrated }) => {
  const name = freshName("decided");
  const id = await createJob(page, open, { name, script: "echo here" });
  await expect(page.locator("dl.facts")).toContainText(/Server\s*\S+:\d+/);
  await open("/cluster");
  const rows = page.locator("tbody tr", { hasText: "Live" });
  await expect(rows.locator(".leader")).toHaveCount(1);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "cluster");
  await expect(page.getByRole("table", { name: "Database" })).toContainText("synchronous");
  await rows.first().getByRole("link").click();
  await expect(page).toHaveURL(/\/cluster\/\d+$/);
  await expect(page.locator("dl.facts")).toContainText("256");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "cluster-server");
  const job = page.locator("tbody tr", { hasText: `#${id}` });
  for (let pages = 0; pages < 20 && (await job.count()) === 0; pages += 1) {
    await page.locator("a[rel=next]").click();
    await page.waitForURL(/after=/);
    await page.locator("tbody tr").first().waitFor();
  }
  await expect(job).toContainText(name);
});

test.describe("nowhere", () => {
  test.use({ expectedConsoleErrors: [/status of 404/] });

  test("an address of no server says so", async ({ page, open }) => {
    await open("/cluster/999999");
    await expect(page.locator("main")).toContainText("Nothing here");
  });
});

// On a server of its own: others drain the same one at the same time otherwise.
test.describe("draining", () => {
  test.use({ baseURL: onOwnServer, storageState: nobody });

  test("a server that is alone keeps its jobs though it drains, and is taken back", async ({ page, open, isHydrated }) => {
    await page.goto("/login");
    // The other specs of this worker may have changed the first password already.
    await signIn(page, isHydrated, adminName, firstPassword).catch(() => signIn(page, isHydrated, adminName, adminPassword));
    if (/\/account/.test(page.url())) await changeFirstPassword(page, firstPassword, adminPassword);
    await open("/cluster");
    await page.getByRole("button", { name: /^Drain / }).click();
    const draining = page.locator("tbody tr", { hasText: "Draining" });
    await expect(draining).toContainText("256");
    await page.getByRole("button", { name: /^Take .* back$/ }).click();
    await expect(page.locator("tbody tr", { hasText: "Live" })).toHaveCount(1);
  });
});
