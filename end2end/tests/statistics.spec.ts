// `/statistics`

import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../support/test.ts";

test("the statistics of a week have five figures, a bar for each day and the same as a table", async ({ page, open, isHydrated }) => {
  await open("/statistics");
  const figures = page.getByRole("navigation", { name: "In figures" });
  for (const name of [/^Runs/, /^Succeeded/, /^Failed/, /^Jobs on/, /^Executors online/]) {
    await expect(figures.getByRole("link", { name })).toBeVisible();
  }
  await expect(page.getByRole("link", { name: "7 days" })).toHaveAttribute("aria-current", "true");
  const days = page.getByRole("table", { name: "Each day in figures" });
  // Its head, and a row for each day.
  await expect(days.getByRole("row")).toHaveCount(8);
  // The demo executor's jobs run every few seconds, from before the specs on.
  await expect(page.getByRole("img", { name: "Runs per day" })).toBeVisible();
  await expect(page.getByRole("img", { name: "How they ended" })).toBeVisible();
  if (isHydrated) await expect(page.locator("state-chart canvas")).toHaveCount(2);
  else await expect(page.locator("state-chart > svg").first()).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "statistics");
});

test("ranges stand in the address", async ({ page, open }) => {
  await open("/statistics");
  await page.getByRole("link", { name: "Yesterday" }).click();
  await expect(page).toHaveURL(/\/statistics\?range=yesterday$/);
  await expect(page.getByRole("table", { name: "Each day in figures" }).getByRole("row")).toHaveCount(2);
  const from = page.getByRole("textbox", { name: "From" });
  await from.fill("2026-01-05");
  await page.getByRole("textbox", { name: "To" }).fill("2026-01-07");
  await page.locator("form", { has: from }).getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/range=free.*from=2026-01-05&to=2026-01-07/);
  await expect(page.getByRole("table", { name: "Each day in figures" }).getByRole("row")).toHaveCount(4);
  await expect(page.getByText("Nothing ended on these days.")).toBeVisible();
});

test("days that are no dates are told, and the usual ones are shown", async ({ page, open }) => {
  await open("/statistics?range=free&from=yesterday&to=2026-02-30");
  await expect(page.getByRole("alert")).toContainText("cannot be read as dates");
  await expect(page.getByRole("table", { name: "Each day in figures" }).getByRole("row")).toHaveCount(8);
});
