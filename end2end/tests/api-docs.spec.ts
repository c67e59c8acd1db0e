// `/api-docs`

import { createJob, freshName } from "../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../support/test.ts";

test("every endpoint is listed under the file it stands in, and those of executors below", async ({ page, open, isHydrated }) => {
  await open("/api-docs");
  await expect(page.getByRole("heading", { name: "jobs", exact: true })).toHaveCount(1);
  await expect(page.getByRole("link", { name: "/rpc/app/api/jobs/run_job" })).toBeVisible();
  await expect(page.getByText("Runs a job once and goes to the run.")).toBeVisible();
  await expect(page.getByText("/xxl-job-admin/api/callback")).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Menu" }).first().getByRole("link", { name: "API" })).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "api-docs");
  await page.getByRole("searchbox").fill("run_job");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/\?q=run_job/);
  await expect(page.getByRole("link", { name: "/rpc/app/api/jobs/list_jobs" })).toBeHidden();
  await page.getByRole("link", { name: "/rpc/app/api/jobs/run_job" }).click();
  await expect(page.getByRole("heading", { name: "jobs/run_job" })).toBeVisible();
});

test("an endpoint is called from its page, and what it answers is shown", async ({ page, open, isHydrated }) => {
  const name = freshName("Asked for");
  const id = await createJob(page, open, { name });
  await open("/api-docs?endpoint=jobs/job");
  if (!isHydrated) {
    await expect(page.getByRole("button", { name: "Call" })).toBeDisabled();
    await expect(page.getByText("Calling from this page needs JavaScript")).toBeVisible();
    await expect(page.getByText("--data-urlencode 'id=<integer>'")).toBeVisible();
    return;
  }
  await page.getByRole("textbox", { name: "id integer" }).fill(String(id));
  await expect(page.getByText(`--data-urlencode 'id=${id}'`)).toBeVisible();
  await page.getByRole("button", { name: "Call" }).click();
  await expect(page.getByRole("status").filter({ hasText: "200, after" })).toBeVisible();
  await expect(page.locator(".answer")).toContainText(`"name": "${name}"`);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  await takeScreenshots(page, "api-docs-endpoint");
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 404/] });

  test("a refusal is shown with its status", async ({ page, open, isHydrated }) => {
    test.skip(!isHydrated, "needs scripts");
    await open("/api-docs?endpoint=jobs/job");
    await page.getByRole("textbox", { name: "id integer" }).fill("2000000000");
    await page.getByRole("button", { name: "Call" }).click();
    await expect(page.getByRole("status").filter({ hasText: "404, after" })).toBeVisible();
    await expect(page.locator(".answer")).toContainText('"kind": "not_found"');
  });
});

test("what changes something is sent only once it is meant", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "needs scripts");
  const name = freshName("Switched by call");
  const id = await createJob(page, open, { name });
  await open("/api-docs?endpoint=jobs/disable_job");
  let calls = 0;
  page.on("request", (request) => (calls += Number(request.url().endsWith("/jobs/disable_job"))));
  const field = page.getByRole("textbox", { name: "id integer" });
  await field.fill(String(id));
  await field.press("Enter");
  await page.getByRole("button", { name: "Call" }).click();
  const meant = page.getByRole("checkbox", { name: /This is no rehearsal/ });
  await expect(meant).toBeFocused();
  expect(calls).toBe(0);
  await meant.check();
  await page.getByRole("button", { name: "Call" }).click();
  await expect(page.getByRole("status").filter({ hasText: "200, after" })).toBeVisible();
  await expect(meant).not.toBeChecked();
  expect(calls).toBe(1);
  await open(`/jobs/${id}`);
  await expect(page.locator("main")).toContainText("Disabled");
});
