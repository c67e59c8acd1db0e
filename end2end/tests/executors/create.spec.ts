// `/executors/new`, and the token that is shown once.

import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";
import { createExecutor, freshName } from "../../support/executors.ts";

test("a new executor shows its token once, filled into the help on connecting", async ({ page, open, isHydrated }) => {
  const name = freshName("created");
  await createExecutor(page, open, name);
  const token = (await page.getByRole("region", { name: "Token" }).locator("pre").innerText()).trim();
  expect(token.length).toBeGreaterThan(30);
  await expect(page.getByText("Listening for the first heartbeat")).toBeVisible();
  await expect(page.locator(".enrol pre:visible")).toContainText(token);
  await expectAccessible(page, isHydrated);
  await open(new URL(page.url()).pathname);
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  expect(await page.content()).not.toContain(token);
});

test("each client has its snippet", async ({ page, open }) => {
  await createExecutor(page, open, freshName("snippets"));
  for (const [client, part] of [["Python", "PyxxlRunner"], ["Rust", "Executor::builder()"], ["orrery-executor", "--app-name"]] as const) {
    await page.locator(".enrol label", { hasText: client }).click();
    await expect(page.locator(".enrol pre:visible")).toContainText(part);
  }
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("wrong fields are named, what was typed stays, and known default tokens are refused", async ({ page, open }) => {
    await open("/executors/new");
    await page.getByLabel("App name").fill("not a name");
    await page.getByLabel("Title").fill("Kept title");
    await page.getByLabel("A token of your own").fill("default_token");
    await page.getByRole("button", { name: "Create executor" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page.getByLabel("App name")).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByLabel("Title")).toHaveValue("Kept title");
    await expect(page.getByLabel("A token of your own")).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByText("published default that everybody knows").first()).toBeVisible();
  });

  test("a name that is taken is refused", async ({ page, open }) => {
    const name = freshName("taken");
    await createExecutor(page, open, name);
    await open("/executors/new");
    await page.getByLabel("App name").fill(name);
    await page.getByLabel("Title").fill("Again");
    await page.getByRole("button", { name: "Create executor" }).click();
    await expect(page.getByLabel("App name")).toHaveAttribute("aria-invalid", "true");
  });
});

test("typed addresses become instances, two processes of one host are two", async ({ page, open }) => {
  await open("/executors/new");
  await page.getByLabel("App name").fill(freshName("manual"));
  await page.getByLabel("Title").fill("Typed by hand");
  await page.getByRole("radio", { name: /Typed addresses/ }).check();
  await page.getByRole("textbox", { name: /^Addresses/ }).fill("http://127.0.0.1:19001\nhttp://127.0.0.1:19002");
  await page.getByRole("button", { name: "Create executor" }).click();
  const instances = page.getByRole("table", { name: "Instances" });
  await expect(instances.getByText("127.0.0.1:19001")).toBeVisible();
  await expect(instances.getByText("127.0.0.1:19002")).toBeVisible();
});

test("an executor with a limit shows what is out and what waits", async ({ page, open }) => {
  await open("/executors/new");
  await page.getByLabel("App name").fill(freshName("limited"));
  await page.getByLabel("Title").fill("Limited");
  await page.getByLabel("Runs at the same time").fill("3");
  await page.getByRole("button", { name: "Create executor" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Queue" })).toBeVisible();
  await expect(page.getByText("0 of 3 out")).toBeVisible();
  await expect(page.getByText("Nothing waits.")).toBeVisible();
});

test("the form is accessible and fits a phone", async ({ page, open, isHydrated }) => {
  await open("/executors/new");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "executor-new");
});
