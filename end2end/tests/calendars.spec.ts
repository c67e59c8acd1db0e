// `/calendars`, `/calendars/new`, `/calendars/:id`, and what a job makes of one

import { createJob, freshName } from "../support/jobs.ts";
import { signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, takeScreenshots, test } from "../support/test.ts";

// A session of its own: without scripts a refused form waits in the session for its next page.
test.use({ storageState: nobody });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

test("a calendar is created, used by a job, kept while it is used, and deleted", async ({ page, open, isHydrated }) => {
  const name = freshName("holidays");
  await open("/executors");
  const namespace = await page.locator("tr", { hasText: "demo-executor" }).locator("td").nth(1).innerText();
  await open("/calendars/new");
  await page.locator("#calendar-new-namespace_id").selectOption({ label: namespace });
  await page.locator("#calendar-new-name").fill(name);
  await page.locator("#calendar-new-days").fill("sat\nsun # the weekend");
  await expectAccessible(page, isHydrated);
  await page.getByRole("button", { name: "Create calendar" }).click();
  await expect(page).toHaveURL(/\/calendars$/);
  const row = page.locator("tr", { hasText: name });
  await expect(row).toContainText(/Jobs:\s*0/);
  await expectFitsPhone(page, isHydrated);

  const id = await createJob(page, open, { name: freshName("on workdays") });
  await open(`/jobs/${id}/edit`);
  await page.locator("summary", { hasText: "Calendar, blackouts" }).click();
  await page.locator("#job-calendar_use").selectOption("except");
  await page.locator("#job-calendar_id").selectOption({ label: name });
  await page.locator("#job-blackouts").fill("22:00-02:00");
  if (isHydrated) await expect(page.locator(".next-fires")).toContainText("the calendar does not allow");
  await takeScreenshots(page, "job-calendar");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
  await expect(page.locator("main")).toContainText(`except on the days of ${name}`);
  await expect(page.locator("main")).toContainText("22:00-02:00");

  await open("/calendars");
  await expect(row).toContainText(/Jobs:\s*1/);
  await takeScreenshots(page, "calendars");
  await row.getByRole("link", { name }).click();
  await page.locator("summary", { hasText: "Delete" }).click();
  await expect(page.getByRole("dialog")).toContainText("Jobs that use it: 1");
  await open(`/jobs/${id}/edit`);
  await page.locator("summary", { hasText: "Calendar, blackouts" }).click();
  await page.locator("#job-calendar_id").selectOption("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
  await open("/calendars");
  await row.getByRole("link", { name }).click();
  await page.locator("summary", { hasText: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/calendars$/);
  await expect(row).toHaveCount(0);
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("the line that cannot be read is named and what was typed stays", async ({ page, open }) => {
    await open("/calendars/new");
    await page.locator("#calendar-new-name").fill("kept");
    await page.locator("#calendar-new-days").fill("sat\n2026-02-30");
    await page.getByRole("button", { name: "Create calendar" }).click();
    await expect(page.getByText("Line 2 cannot be read: “2026-02-30”.").first()).toBeVisible();
    await expect(page.locator("#calendar-new-name")).toHaveValue("kept");
    await expect(page.locator("#calendar-new-days")).toHaveValue("sat\n2026-02-30");
  });
});
