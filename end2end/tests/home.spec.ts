// `/`

import { adminName, adminPassword, changeFirstPassword, firstPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, onOwnServer, takeScreenshots, test } from "../support/test.ts";

test("home answers what went wrong, what runs and what comes next", async ({ page, open, isHydrated }) => {
  await open("/");
  for (const heading of ["Went wrong", "Running now", "Next 15 minutes", "Today"]) {
    await expect(page.getByRole("heading", { level: 2, name: heading })).toBeVisible();
  }
  // The demo executor's jobs fire every few seconds.
  await expect(page.getByRole("table", { name: "Next 15 minutes" }).getByRole("link").first()).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "home");
});

test("each count leads to the runs that it counts", async ({ page, open }) => {
  await open("/");
  await page.getByRole("navigation", { name: "Is anything wrong" }).getByRole("link", { name: /Failed/ }).click();
  await expect(page).toHaveURL(/\/runs\?state=failed/);
});

test("today stands beside a week ago, and leads to the statistics", async ({ page, open, isHydrated }) => {
  await open("/");
  const today = page.locator("section", { has: page.getByRole("heading", { level: 2, name: "Today" }) });
  await expect(today.getByRole("img", { name: "Runs per hour" })).toBeVisible();
  if (isHydrated) await expect(today.locator("state-chart canvas")).toBeVisible();
  await today.locator("summary").click();
  await expect(today.getByRole("table", { name: "Runs per hour" }).getByRole("row").nth(23)).toBeVisible();
  await today.getByRole("link", { name: "Statistics" }).click();
  await expect(page).toHaveURL(/\/statistics\?range=today/);
});

test("the refreshing can be stopped and resumed", async ({ page, open, isHydrated }) => {
  await open("/");
  if (!isHydrated) {
    await expect(page.getByRole("link", { name: "Reload" })).toBeVisible();
    return;
  }
  const button = page.getByRole("button", { name: "Live, every 5 s" });
  await expect(button).toHaveAttribute("aria-pressed", "true");
  await button.click();
  await expect(page.getByRole("button", { name: "Paused" })).toHaveAttribute("aria-pressed", "false");
});

test.describe("on a server without executors", () => {
  test.use({ baseURL: onOwnServer, storageState: nobody });

  test("home leads to the first executor", async ({ page, isHydrated }) => {
    await page.goto("/login");
    // The other specs of this worker may have changed the first password already.
    await signIn(page, isHydrated, adminName, firstPassword).catch(() => signIn(page, isHydrated, adminName, adminPassword));
    if (/\/account/.test(page.url())) await changeFirstPassword(page, firstPassword, adminPassword);
    await page.goto("/");
    const enrol = page.getByRole("link", { name: "Enrol an executor" });
    await expect(enrol.or(page.getByRole("link", { name: "Create the first job" }))).toBeVisible();
  });
});
