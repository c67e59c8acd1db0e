// `/audit`: who changed what.

import { createExecutor, freshName } from "../support/executors.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../support/test.ts";

test("what was done is found by its object, with the fields that differ", async ({ page, open, isHydrated }) => {
  const name = freshName("audited");
  await createExecutor(page, open, name);
  await open("/audit");
  await page.getByRole("searchbox", { name: "Object" }).fill(name);
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(new RegExp(`object=${name}`));
  const table = page.getByRole("table", { name: "Changes" });
  await expect(table.getByRole("row")).toHaveCount(2);
  await expect(table).toContainText("Created");
  await expect(table).toContainText("admin");
  await table.locator("summary").click();
  await expect(table.locator("ins", { hasText: name }).first()).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "audit");
  await table.getByRole("link", { name }).click();
  await expect(page).toHaveURL(/\/executors\/\d+$/);
});

test("who signed in is among the accesses", async ({ page, open, isHydrated }) => {
  await open("/audit");
  await page.getByRole("link", { name: "Accesses" }).click();
  const table = page.getByRole("table", { name: "Accesses" });
  await expect(table).toContainText("Read the audit");
  await expectAccessible(page, isHydrated);
});

test("all of it is downloaded", async ({ page, open }) => {
  await open("/audit");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export" }).click();
  expect((await download).suggestedFilename()).toBe("audit.jsonl");
});
