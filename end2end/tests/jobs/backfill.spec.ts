// `/jobs/:id/backfill`

import { createJob, freshName, reloadUntilVisible } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("a job runs for the past times that were shown, and its list has them", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("late"), zone: "Asia/Shanghai" });
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("link", { name: "Run for past times" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}/backfill$`));
  const found = page.locator("aside");
  await expect(found).toContainText("Runs: 1");
  await page.locator('[name="form[from]"]').fill("2025-01-01 03:00");
  await page.locator('[name="form[until]"]').fill("2025-01-03 12:00");
  await page.locator('[name="form[parallel]"]').fill("2");
  if (!isHydrated) await page.getByRole("button", { name: "Show what would run" }).click();
  await expect(found).toContainText("Runs: 3");
  await expect(found).toContainText("2025-01-01 03:00:00 – 2025-01-03 03:00:00");
  await page.getByRole("button", { name: "Start the runs" }).click();
  await expect(page).toHaveURL(new RegExp(`/runs\\?job=${id}$`));
  await expect(page.getByText("Started: 3 runs for past times.")).toBeVisible();
  await expect(page.locator("tbody tr", { hasText: "backfill" })).toHaveCount(3);
  // Three in the morning in Shanghai is the evening before in UTC and in Berlin.
  const second = page.locator("tbody tr", { hasText: /2025-01-01 (19|20):00:00/ });
  await expect(second).toHaveCount(1);
  await reloadUntilVisible(page, page.locator("tbody tr", { hasText: "Succeeded" }).nth(2));
  await second.locator("a.name").click();
  await expect(page.locator(".why")).toContainText("It stands for 2025-01-02 03:00:00 Asia/Shanghai.");
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("a range that ends in the future is refused at its field and what was typed stays", async ({ page, open }) => {
    const id = await createJob(page, open, { name: freshName("early") });
    await open(`/jobs/${id}/backfill`);
    const until = page.locator('[name="form[until]"]');
    await until.fill("2099-01-01 00:00");
    await page.getByRole("button", { name: "Start the runs" }).click();
    await expect(page.locator(".field", { has: until })).toContainText("This time has not come yet.");
    await expect(until).toHaveValue("2099-01-01 00:00");
    await expect(page).toHaveURL(new RegExp(`/jobs/${id}/backfill$`));
  });
});

test("the page is accessible, fits a phone and looks the same everywhere", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("shown") });
  await open(`/jobs/${id}/backfill`);
  await page.locator('[name="form[from]"]').fill("2025-01-01 00:00");
  await page.locator('[name="form[until]"]').fill("2025-01-31 00:00");
  if (!isHydrated) await page.getByRole("button", { name: "Show what would run" }).click();
  await expect(page.locator("aside")).toContainText("Runs: 30");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "backfill");
});
