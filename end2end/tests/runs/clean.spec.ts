// `/runs/clean`

import { createJob, freshName, reloadUntil, reloadUntilVisible, runNow } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("what would go is said, and goes after a question", async ({ page, open, isHydrated }) => {
  const name = freshName("cleaned");
  const id = await createJob(page, open, { name, script: "echo done" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  await open(`/runs?job=${id}`);
  await page.getByRole("link", { name: "Clean up" }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/clean\\?job=${id}$`));
  await page.locator('[name="what"]').selectOption("all");
  if (!isHydrated) await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.locator("main")).toContainText("Runs: 1. Jobs: 1.");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "clean");
  await page.locator("summary", { hasText: "Clean up" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Clean up" }).click();
  await expect(page.getByText("Cleaning up begins: 1 runs go.")).toBeVisible();
  const done = page.locator("tbody tr", { hasText: name }).filter({ hasText: "all" });
  await expect(done.first()).toBeVisible();
  await open("/runs/clean");
  await reloadUntilVisible(page, done.filter({ hasNotText: "so far" }).first());
  await open(`/runs?job=${id}`);
  await expect(page.locator("tbody tr")).toHaveCount(0);
});

test("nothing is asked for until it is said where and what", async ({ page, open }) => {
  await open("/runs/clean");
  await expect(page.locator("main")).toContainText("Choose an executor or a job");
  await expect(page.locator("summary", { hasText: "Clean up" })).toHaveCount(0);
});
