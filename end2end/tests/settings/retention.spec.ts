// `/settings/retention`, on a server of its own: the policy holds for all that the other specs make.

import { adminName, adminPassword, changeFirstPassword, firstPassword, signIn } from "../../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, onOwnServer, takeScreenshots, test } from "../../support/test.ts";

test.use({ baseURL: onOwnServer, storageState: nobody });

test.beforeEach(async ({ page, isHydrated }) => {
  await page.goto("/login");
  // The other specs of this worker may have changed the first password already.
  await signIn(page, isHydrated, adminName, firstPassword).catch(() => signIn(page, isHydrated, adminName, adminPassword));
  if (/\/account/.test(page.url())) await changeFirstPassword(page, firstPassword, adminPassword);
});

test("how long the past is kept is chosen, and the audit says what changed", async ({ page, open, isHydrated }) => {
  await open("/settings/retention");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "retention");
  const days = page.locator("#retention-success_days");
  const other = (await days.inputValue()) === "14" ? "15" : "14";
  await days.fill(other);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await expect(days).toHaveValue(other);
  await open("/audit");
  await expect(page.locator("tbody tr", { hasText: "Retention" }).first()).toContainText("Edited");
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("what is no number or out of bounds is named, and what was typed stays", async ({ page, open }) => {
    await open("/settings/retention");
    await page.locator("#retention-log_days").fill("0");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.locator("#retention-log_days-error")).toContainText("1");
    await expect(page.locator("#retention-log_days")).toHaveValue("0");
    await page.locator("#retention-run_days").fill("");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.locator("#retention-run_days")).toHaveAttribute("aria-invalid", "true");
  });
});
