// `/executors`

import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";
import { createExecutor, freshName } from "../../support/executors.ts";

test("the list shows each executor with the addresses that are there", async ({ page, open, isHydrated }) => {
  await open("/executors");
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "demo-executor", exact: true }) });
  await expect(row.getByText(/^127\.0\.0\.1:\d+$/)).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "executors");
});

test("filters live in the address and narrow the list", async ({ page, open }) => {
  const name = freshName("filtered");
  await createExecutor(page, open, name);
  await open("/executors");
  await page.getByPlaceholder("App name or title").fill(name.toUpperCase());
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/q=FILTERED/);
  await expect(page.getByRole("table").getByRole("link", { name, exact: true })).toBeVisible();
  await expect(page.getByRole("table").getByRole("link", { name: "demo-executor", exact: true })).toHaveCount(0);
  await open(`/executors?q=${name}&registration=manual`);
  await expect(page.getByRole("heading", { name: "Nothing matches" })).toBeVisible();
});

test("an executor that somebody else creates appears by itself until the refreshing is stopped", async ({
  page,
  open,
  context,
  isHydrated,
}) => {
  test.skip(!isHydrated, "without scripts a link loads the page again");
  await open("/executors");
  const other = await context.newPage();
  const name = freshName("appears");
  await createExecutor(other, async (path) => void (await other.goto(path)), name);
  await expect(page.getByRole("table").getByRole("link", { name, exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Live, every 5 s" }).click();
  await expect(page.getByRole("button", { name: "Paused" })).toBeVisible();
});
