// `/jobs/:id/history`: what a job was, and the way back.

import { createJob, freshName } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("a job that was edited becomes what it was", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("reverted") });
  await open(`/jobs/${id}/edit`);
  await page.locator("#job-schedule").fill("0 15 10 ? * MON-FRI");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
  await page.getByRole("link", { name: "History" }).click();
  const table = page.getByRole("table", { name: "History" });
  await expect(table.getByRole("row")).toHaveCount(3);
  await table.locator(".differences summary").first().click();
  await expect(table.locator("ins").first()).toHaveText("0 15 10 ? * MON-FRI");
  await expect(table.locator("del").first()).toHaveText("0 0 3 * * ?");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "job-history");
  await table.locator("summary", { hasText: "Restore" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Restore" }).click();
  await expect(table.getByRole("row")).toHaveCount(4);
  await open(`/jobs/${id}`);
  await expect(page.locator("main")).toContainText("0 0 3 * * ?");
});
