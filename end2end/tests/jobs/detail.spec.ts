// `/jobs/:id`

import { createJob, freshName, runNow } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("a stopped job shows no fires, a started one the next ten", async ({ page, open }) => {
  await createJob(page, open, { name: freshName("started") });
  const state = page.locator(".title .job-state");
  await expect(state).toContainText("Stopped");
  await expect(page.locator("aside .fires")).toBeHidden();
  await page.getByRole("button", { name: "Start" }).click();
  await expect(state).toContainText("On");
  await expect(page.locator("aside .fires li")).toHaveCount(10);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(state).toContainText("Stopped");
  await expect(page.locator("aside .fires")).toBeHidden();
});

test("a run by hand with another parameter leaves the stored one unchanged", async ({ page, open }) => {
  const id = await createJob(page, open, { name: freshName("by hand"), parameter: "stored" });
  await runNow(page, "typed for once");
  await expect(page.locator(".facts")).toContainText("typed for once");
  await expect(page.locator(".facts")).toContainText("by hand");
  await open(`/jobs/${id}`);
  const definition = page.locator(".kv").first();
  await expect(definition).toContainText("stored");
  await expect(definition).not.toContainText("typed for once");
});

test("from a job one click leads to its runs", async ({ page, open }) => {
  const id = await createJob(page, open, { name: freshName("followed") });
  await runNow(page);
  await open(`/jobs/${id}`);
  await page.getByRole("link", { name: "All runs of this job" }).click();
  await expect(page).toHaveURL(new RegExp(`/runs\\?job=${id}$`));
  await expect(page.locator("tbody tr")).toHaveCount(1);
});

test.describe("deleted", () => {
  test.use({ expectedConsoleErrors: [/status of 404/] });

  test("a job is deleted only after a question, and is gone", async ({ page, open }) => {
    const name = freshName("deleted");
    const id = await createJob(page, open, { name });
    await open(`/jobs?q=${encodeURIComponent(name)}`);
    const row = page.getByRole("row", { name: new RegExp(name) });
    await row.locator("summary").click();
    await row.getByRole("link", { name: "Delete…" }).click();
    await expect(page).toHaveURL(new RegExp(`/jobs/${id}\\?ask=delete`));
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("It fires no more");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await expect(page).toHaveURL(/\/jobs$/);
    const answer = await page.goto(`/jobs/${id}`);
    expect(answer?.status()).toBe(404);
  });
});

test("the page is accessible, fits a phone and looks the same everywhere", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("shown"), parameter: '{"day": "today"}' });
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.locator("aside .fires li")).toHaveCount(10);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "job");
});

test("a disabled job cannot be run until it is enabled", async ({ page, open }) => {
  const id = await createJob(page, open, { name: freshName("disabled") });
  await open(`/jobs/${id}`);
  await page.locator("summary", { hasText: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await expect(page.locator(".title .job-state")).toContainText("Disabled");
  await expect(page.locator("summary", { hasText: "Run now" })).toHaveCount(0);
  await page.getByRole("button", { name: "Enable" }).click();
  await expect(page.locator(".title .job-state")).toContainText("On");
  await expect(page.locator("summary", { hasText: "Run now" })).toBeVisible();
});
