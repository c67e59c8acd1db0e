// `/freezes`, on a server of its own: the other specs need what runs.

import { adminName, adminPassword, changeFirstPassword, firstPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, onOwnServer, takeScreenshots, test } from "../support/test.ts";

test.use({ baseURL: onOwnServer, storageState: nobody });

test.beforeEach(async ({ page, isHydrated }) => {
  await page.goto("/login");
  // The other specs of this worker may have changed the first password already.
  await signIn(page, isHydrated, adminName, firstPassword).catch(() => signIn(page, isHydrated, adminName, adminPassword));
  if (/\/account/.test(page.url())) await changeFirstPassword(page, firstPassword, adminPassword);
});

test("what is frozen stands on every page until it is thawed", async ({ page, open, isHydrated }) => {
  await open("/freezes");
  await page.getByLabel("Reason").fill("The books are being closed.");
  await page.getByRole("button", { name: "Freeze" }).click();
  const banner = page.locator(".frozen");
  await expect(banner).toContainText("Everything: frozen. The books are being closed.");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "freezes");
  await open("/jobs");
  await expect(banner).toContainText("The books are being closed.");
  await banner.getByRole("link", { name: "Freeze" }).click();
  await page.locator("summary", { hasText: "Thaw" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Thaw" }).click();
  await expect(banner).toHaveCount(0);
  await expect(page.getByRole("table", { name: "Freezes so far" })).toContainText("The books are being closed.");
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("without a reason nothing is frozen", async ({ page, open }) => {
    await open("/freezes");
    await page.getByRole("button", { name: "Freeze" }).click();
    await expect(page.getByLabel("Reason")).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator(".frozen")).toHaveCount(0);
  });
});
