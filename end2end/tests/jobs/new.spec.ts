// `/jobs/new`

import type { Page } from "@playwright/test";
import { createJob, fillJob, freshName } from "../../support/jobs.ts";
import { signIn } from "../../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, takeScreenshots, test } from "../../support/test.ts";

// A session of its own: without scripts a refused form waits in the session for its next page, and other workers open
// the same page.
test.use({ storageState: nobody });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

test.describe("refused", () => {
  // The browser itself reports the status of a refusal.
  test.use({ expectedConsoleErrors: [/status of 422/] });

  test("each wrong field is named beside it and what was typed stays", async ({ page, open, isHydrated }) => {
    await open("/jobs/new");
    await fillJob(page, { name: "n".repeat(10_000), cron: "0 61 * * * ?", handler: "demo" });
    await page.getByRole("button", { name: "Create job" }).click();
    await expect(page.locator("#job-name-error")).toContainText("At most 120 characters");
    await expect(page.locator("#job-schedule-error")).toContainText("Minutes go from 0 to 59; “61” is in the second field");
    await expect(page.locator("#job-schedule")).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator("#job-name")).toHaveValue("n".repeat(10_000));
    await expect(page.locator("#job-schedule")).toHaveValue("0 61 * * * ?");
    await expectAccessible(page, isHydrated);

    const name = freshName("corrected");
    await fillJob(page, { name, cron: "0 0 0 30 2 ?" });
    await page.getByRole("button", { name: "Create job" }).click();
    await expect(page.locator("#job-schedule-error")).toContainText("no time will ever match");
    await expect(page.locator("#job-name-error")).toBeHidden();

    await fillJob(page, { name, cron: "0 0 4 * * ?" });
    await page.getByRole("button", { name: "Create job" }).click();
    await expect(page).toHaveURL(/\/jobs\/\d+$/);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  });

  test("an instant in the past and a rate of nothing are named at their own fields", async ({ page, open }) => {
    await open("/jobs/new");
    await page.getByRole("radio", { name: "Once" }).check();
    await page.locator("#job-once_at").fill("2020-02-29 12:00");
    await fillJob(page, { name: freshName("late") });
    await page.getByRole("button", { name: "Create job" }).click();
    await expect(page.locator("#job-once_at-error")).toContainText("This time has passed already");
    await expect(page.locator("#job-once_at")).toHaveValue("2020-02-29 12:00");

    await page.getByRole("radio", { name: "Fixed rate" }).check();
    await page.locator("#job-every_s").fill("0");
    await page.getByRole("button", { name: "Create job" }).click();
    await expect(page.locator("#job-every_s-error")).toBeVisible();
  });

  test("a name that is taken is refused with its holder", async ({ page, open }) => {
    const name = freshName("taken");
    const holder = await createJob(page, open, { name });
    await open("/jobs/new");
    await fillJob(page, { name });
    await page.getByRole("button", { name: "Create job" }).click();
    await expect(page.locator("#job-name-error")).toContainText(`#${holder}`);
  });
});

test("names with markup, quotes and emoji are shown as they were typed", async ({ page, open }) => {
  const name = freshName(`<script>alert(1)</script> "quotes" 🛰️`);
  await createJob(page, open, { name });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  await open("/jobs?order=name&q=" + encodeURIComponent(name));
  await expect(page.getByRole("link", { name })).toBeVisible();
});

test("the next fires follow what is typed, with the day on which the clocks change", async ({ page, open, isHydrated }) => {
  await open("/jobs/new");
  await fillJob(page, { name: freshName("fires"), cron: "0 30 2 25-31 3 ?", zone: "Europe/Berlin" });
  if (!isHydrated) await page.getByRole("button", { name: "Show next fires" }).click();
  const fires = page.locator(".next-fires");
  await expect(fires.locator("li")).toHaveCount(10);
  await expect(fires.locator("li.dst").first()).toContainText("Clocks go forward in Berlin");
  await expect(page.locator("#job-schedule")).toHaveValue("0 30 2 25-31 3 ?");
});

test("the handlers of the chosen executor are offered and an unknown one is warned of", async ({ page, open, isHydrated }) => {
  await open("/jobs/new");
  const name = freshName("unknown handler");
  const preview = async () => {
    if (!isHydrated) await page.getByRole("button", { name: "Show next fires" }).click();
  };
  await fillJob(page, { name, cron: "0 0 4 * * ?", handler: "no-such-handler" });
  await preview();
  const warning = page.getByText("announces a handler of this name");
  await expect(warning).toBeVisible();
  await expect(page.locator("#handlers option[value=demo]")).toHaveCount(1);
  await expect(page.locator("#job-handler")).toHaveAttribute("list", "handlers");
  await fillJob(page, { name, handler: "demo" });
  await preview();
  await expect(warning).toBeHidden();
  await fillJob(page, { name, handler: "no-such-handler" });
  await page.getByRole("button", { name: "Create, switched off" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.locator("main")).toContainText("announces a handler of this name");
});

test("a job that only people start has no cron to fill in", async ({ page, open }) => {
  await open("/jobs/new");
  await expect(page.locator("#job-schedule")).toBeVisible();
  await page.getByRole("radio", { name: "By hand or API" }).check();
  await expect(page.locator("#job-schedule")).toBeHidden();
  await fillJobByHand(page, freshName("by hand"));
  await page.getByRole("button", { name: "Create job" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
});

test("a job says what becomes of a run while others are out, and after how long the next one comes", async ({ page, open }) => {
  await open("/jobs/new");
  await page.locator("summary", { hasText: "At the same time" }).click();
  await expect(page.getByLabel("Queue length")).toBeHidden();
  await page.getByLabel("While others of the job run").selectOption("queue");
  await page.getByLabel("Runs at the same time").fill("2");
  await page.getByLabel("Queue length").fill("5");
  await page.getByRole("radio", { name: "After the last" }).check();
  await page.locator("#job-every_s").fill("90");
  await fillJobByHand(page, freshName("limited"));
  await page.getByRole("button", { name: "Create, switched off" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.getByText("wait in a queue, 2 at a time")).toBeVisible();
  await expect(page.getByText("90 s after the last run").first()).toBeVisible();
});

test("a job at a fixed rate has the fields of a rate and shows its fires", async ({ page, open, isHydrated }) => {
  await open("/jobs/new");
  await page.getByRole("radio", { name: "Fixed rate" }).check();
  await expect(page.locator("#job-schedule")).toBeHidden();
  await expect(page.locator("#job-once_at")).toBeHidden();
  await page.locator("#job-every_s").fill("5400");
  await fillJob(page, { name: freshName("at a rate"), zone: "Europe/Berlin" });
  await page.locator("summary", { hasText: "Validity, spread" }).click();
  await page.locator("#job-valid_until").fill("2120-01-01 00:00");
  await page.locator("#job-spread_s").fill("600");
  if (!isHydrated) await page.getByRole("button", { name: "Show next fires" }).click();
  await expect(page.locator(".next-fires li")).toHaveCount(10);
  await page.getByRole("button", { name: "Create job" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  await expect(page.locator("main")).toContainText("every 90 min");
  await expect(page.locator("main")).toContainText("until 2120-01-01 00:00:00");
  await expect(page.locator("main")).toContainText("over 10 min");
  await expect(page.locator("main")).toContainText("for the job is spread");
});

async function fillJobByHand(page: Page, name: string): Promise<void> {
  await page.locator("#job-name").fill(name);
  await page.locator("#job-handler").fill("demo");
}

test("the form is accessible, fits a phone and looks the same everywhere", async ({ page, open, isHydrated }) => {
  await open("/jobs/new");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "job-new");
});
