// `/executors/:id` and its form.

import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";
import { createExecutor, freshName } from "../../support/executors.ts";

test("the demo executor's page lists its instance, its jobs and how to add one", async ({ page, open, isHydrated }) => {
  await open("/executors");
  await page.getByRole("table").getByRole("link", { name: "demo-executor", exact: true }).click();
  await expect(page.getByRole("table", { name: "Instances" }).getByText("Online")).toBeVisible();
  await expect(page.getByRole("table", { name: "Jobs" }).getByRole("link").first()).toBeVisible();
  const handlers = page.getByRole("list", { name: "Handlers" });
  await expect(handlers.getByText("sleep", { exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Add an instance" })).toBeVisible();
  await expect(page.locator(".enrol [role=status]")).toContainText("came in at");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "executor");
});

test("of more instances than can be named the page says how many there are", async ({ page, open, isHydrated }) => {
  const name = freshName("crowd");
  await createExecutor(page, open, name);
  const path = new URL(page.url()).pathname;
  const token = (await page.getByRole("region", { name: "Token" }).locator("pre").innerText()).trim();
  for (let number = 0; number < 220; number += 1) {
    const data = { registryGroup: "EXECUTOR", registryKey: name, registryValue: `http://10.0.0.9:${20_000 + number}` };
    const answer = await page.request.post("/api/registry", { headers: { "XXL-JOB-ACCESS-TOKEN": token }, data });
    expect((await answer.json()).code).toBe(200);
  }
  await open(path);
  await expect(page.getByText("The first 200 are named; 20 more are not.")).toBeVisible();
  await expect(page.locator(".facts")).toContainText("220");
  // Their head, and a row for each that is named.
  await expect(page.getByRole("table", { name: "Instances" }).getByRole("row")).toHaveCount(201);
  await expectFitsPhone(page, isHydrated);
});

test("a new token is shown once and the old one named", async ({ page, open }) => {
  await createExecutor(page, open, freshName("rotated"));
  const token = page.getByRole("region", { name: "Token" }).locator("pre");
  const first = await token.innerText();
  await page.locator("summary", { hasText: "New token" }).click();
  await page.getByRole("button", { name: "New token" }).click();
  await expect(token).not.toHaveText(first);
  await expect(page.getByText("The token before is accepted until")).toBeVisible();
});

test("an executor without jobs is deleted", async ({ page, open }) => {
  const name = freshName("deleted");
  await createExecutor(page, open, name);
  await page.locator("summary", { hasText: "Delete" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/executors$/);
  await expect(page.getByRole("table").getByText(name, { exact: true })).toHaveCount(0);
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("an executor with jobs is not deleted, and the reason is told", async ({ page, open }) => {
    await open("/executors");
    await page.getByRole("table").getByRole("link", { name: "demo-executor", exact: true }).click();
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("status").filter({ hasText: "Move or delete them first" })).toBeVisible();
    await expect(page).toHaveURL(/\/executors\/\d+$/);
  });

  test("of two people who save the same executor, the second is told", async ({ page, open, context, isHydrated }) => {
    await createExecutor(page, open, freshName("conflict"));
    const path = new URL(page.url()).pathname;
    await open(`${path}/edit`);
    await page.getByLabel("Title").fill("Saved second");
    const other = await context.newPage();
    await other.goto(`${path}/edit`);
    if (isHydrated) await other.locator("html[data-hydrated]").waitFor({ state: "attached" });
    await other.getByLabel("Title").fill("Saved first");
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other).toHaveURL(new RegExp(`${path}$`));
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("alert")).toContainText("Somebody changed this meanwhile");
    await expect(page.getByLabel("Title")).toHaveValue("Saved second");
  });

  test("an executor that does not exist is a page that says so", async ({ page, open }) => {
    await open("/executors/2147483647");
    await expect(page.getByRole("heading", { level: 1, name: "Nothing here" })).toBeVisible();
  });
});
