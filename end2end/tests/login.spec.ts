// `/login`

import { adminName, adminPassword, submitSignIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, onOwnServer, takeScreenshots, test } from "../support/test.ts";

test.use({ storageState: nobody });

test("a page asked for by nobody leads to the sign-in page and back after signing in", async ({ page, open }) => {
  await open("/jobs");
  await expect(page).toHaveURL(/\/login/);
  await submitSignIn(page, adminName, adminPassword);
  await expect(page).toHaveURL(/\/jobs$/);
});

test.describe("refused", () => {
  // Refusals count against the name: on the common server they could lock the other specs out. The browser itself
  // reports the status of a refusal.
  test.use({ baseURL: onOwnServer, expectedConsoleErrors: [/status of 4\d\d/] });

  test("an unknown name and a wrong password are told the same", async ({ page, open }) => {
    const texts = [];
    for (const [name, password] of [["nobody-of-this-name", adminPassword], [adminName, "wrong-for-the-test"]] as const) {
      await open("/login");
      await submitSignIn(page, name, password);
      const alert = page.getByRole("alert");
      await expect(alert).toBeVisible();
      texts.push((await alert.innerText()).trim());
    }
    expect(texts[0]).not.toBe("");
    expect(texts[1]).toBe(texts[0]);
  });

  test("the name stays in its field after a refusal and the password does not", async ({ page, open }) => {
    await open("/login");
    await submitSignIn(page, adminName, "wrong-for-the-test");
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page.locator('input[autocomplete="username"]')).toHaveValue(adminName);
    await expect(page.locator('input[autocomplete="current-password"]')).toHaveValue("");
  });
});

test("the sign-in page is accessible, fits a phone and looks the same everywhere", async ({ page, open, isHydrated }) => {
  await open("/login");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "login");
});
