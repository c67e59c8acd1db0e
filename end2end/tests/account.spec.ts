// `/account`

import { adminName, adminPassword, changeFirstPassword, firstPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, onOwnServer, takeScreenshots, test } from "../support/test.ts";

test("the account says who one is and when one signed in", async ({ page, open, isHydrated }) => {
  await open("/account");
  await expect(page.getByRole("heading", { level: 1, name: adminName })).toBeVisible();
  await expect(page.getByText("Super-administrator")).toBeVisible();
  await expect(page.getByText("Last sign-in")).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "account");
});

test("each wrong field of a password change is named", async ({ page, open }) => {
  await open("/account");
  const form = page.locator("form#password");
  await form.locator('input[name="current"]').fill(adminPassword);
  await form.locator('input[name="new"]').fill("short");
  await form.locator('input[name="again"]').fill("other");
  await form.getByRole("button", { name: "Change password" }).click();
  await expect(form.getByRole("alert")).toBeVisible();
  await expect(form.locator('input[name="new"]')).toHaveAttribute("aria-invalid", "true");
  await expect(form.locator('input[name="new"]')).toHaveValue("");
});

test("the language is switched, remembered and switched back", async ({ page, open }) => {
  await open("/account");
  await page.getByRole("button", { name: "简体中文" }).last().click();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await open("/executors");
  await expect(page.getByRole("heading", { level: 1, name: "执行器" })).toBeVisible();
  await open("/account");
  await page.getByRole("group").getByRole("button", { name: "English" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
});

test("the theme is chosen and remembered", async ({ page, open }) => {
  await open("/account");
  await page.getByRole("group").getByRole("button", { name: "Dark", exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await open("/");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await open("/account");
  await page.getByRole("group").getByRole("button", { name: "As the system" }).click();
  await expect(page.locator("html")).not.toHaveAttribute("data-theme", "dark");
});

test.describe("at the first sign-in", () => {
  test.use({ baseURL: onOwnServer, storageState: nobody });

  test("nothing opens until the password is changed, and then what one wanted", async ({ page, open, isHydrated }) => {
    await page.goto("/executors");
    await expect(page).toHaveURL(/\/login\?next=/);
    await signIn(page, isHydrated, adminName, firstPassword);
    await expect(page.getByRole("heading", { level: 1, name: "Choose your password" })).toBeVisible();
    await open("/jobs");
    await expect(page).toHaveURL(/\/account/);
    await page.goto("/account?next=%2Fexecutors");
    await changeFirstPassword(page, firstPassword, adminPassword);
    await expect(page).toHaveURL(/\/executors$/);
    await open("/jobs");
    await expect(page).toHaveURL(/\/jobs$/);
  });
});
