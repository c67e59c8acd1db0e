// The parts of the browser's program: a page's own part is loaded with its first page, and may fail to.

import { expect, test } from "../support/test.ts";

const managing = /\/pkg\/split_managing\./;

test.describe("a part that cannot be loaded", () => {
  test.use({ expectedConsoleErrors: [/split_managing|Failed to fetch|could not be loaded|net::ERR_FAILED|TypeError/] });

  test("leaves its pages as they are without scripts, and the others whole", async ({ page, open, isHydrated }) => {
    test.skip(!isHydrated, "nothing is loaded without scripts");
    await page.route(managing, (route) => route.abort());
    await open("/");
    await page.evaluate(() => document.documentElement.setAttribute("data-same-document", ""));
    await page.locator("nav.menu").getByRole("link", { name: "Jobs", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Jobs");
    await expect(page.locator("html[data-same-document]")).toHaveCount(1);
    await page.locator("nav.menu").getByRole("link", { name: "Namespaces", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Namespaces");
    await expect(page).toHaveURL(/\/namespaces$/);
    await expect(page.locator("html[data-same-document]")).toHaveCount(0);
    await expect(page.locator("html[data-hydrated]")).toHaveCount(0);
    await page.getByRole("link", { name: "New namespace" }).first().click();
    await expect(page).toHaveURL(/\/namespaces\/new$/);
  });
});

test("a page's part is asked for together with the program, and another only when it is needed", async ({
  page,
  open,
  isHydrated,
}) => {
  test.skip(!isHydrated, "nothing is loaded without scripts");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await open("/");
  expect(asked.some((path) => path.includes("/split_overview."))).toBe(true);
  expect(asked.some((path) => managing.test(path))).toBe(false);
  await expect(page.locator('head link[rel="preload"][href*="split_overview"]')).toHaveCount(1);
  await page.locator("nav.menu").getByRole("link", { name: "Namespaces", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Namespaces");
  expect(asked.some((path) => managing.test(path))).toBe(true);
});
