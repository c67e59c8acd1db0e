// `/runs`

import { createJob, freshName, reloadUntil, runNow } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("job, executor, state and time range each filter the list", async ({ page, open, isHydrated }) => {
  const name = freshName("listed");
  const id = await createJob(page, open, { name, script: "echo done" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  const row = page.getByRole("link", { name });
  for (const matching of ["", "&state=succeeded", "&from=2020-01-01T00:00", "&to=2100-01-01T00:00", "&alert=none"]) {
    await open(`/runs?job=${id}${matching}`);
    await expect(row).toBeVisible();
  }
  for (const other of ["&state=failed", "&state=attention", "&alert=sent", "&executor=999999", "&to=2020-01-01T00:00", "&from=2100-01-01T00:00"]) {
    await open(`/runs?job=${id}${other}`);
    await expect(row).toBeHidden();
  }
});

test("a new run announces itself instead of moving the list", async ({ page, open, isHydrated, context }) => {
  test.skip(!isHydrated, "without scripts a list stays as it was loaded");
  const id = await createJob(page, open, { name: freshName("announced"), script: "echo done" });
  await runNow(page);
  await open(`/runs?job=${id}`);
  await expect(page.locator("tbody tr")).toHaveCount(1);
  const other = await context.newPage();
  await other.goto(`/jobs/${id}`);
  await other.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await runNow(other);
  await other.close();
  const announcement = page.getByRole("button", { name: "1 new" });
  await expect(announcement).toBeVisible();
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await announcement.click();
  await expect(page.locator("tbody tr")).toHaveCount(2);
});

test("the list is accessible, fits a phone and looks the same everywhere", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("shown"), script: "echo done" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  await open("/runs");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "runs");
});
