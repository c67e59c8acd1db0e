// `/jobs/:id/edit`

import { createJob, freshName } from "../../support/jobs.ts";
import { signIn } from "../../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, test } from "../../support/test.ts";

// A session of its own: without scripts a refused form waits in the session for its next page, and other workers open
// the same page.
test.use({ storageState: nobody });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

test("a new cron and parameter are stored as they were typed", async ({ page, open }) => {
  const id = await createJob(page, open, { name: freshName("edited") });
  await open(`/jobs/${id}/edit`);
  await page.locator("#job-schedule").fill("0 15 10 ? * MON-FRI");
  await page.locator("#job-parameter").fill('{"a": 1}\n第二行 <b>');
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
  await expect(page.locator("main")).toContainText("0 15 10 ? * MON-FRI");
  await open(`/jobs/${id}/edit`);
  await expect(page.locator("#job-parameter")).toHaveValue('{"a": 1}\n第二行 <b>');
});

test.describe("conflict", () => {
  test.use({ expectedConsoleErrors: [/status of 409/] });

  test("of two people who save the same job the second is told and loses nothing", async ({ page, open, context }) => {
    const id = await createJob(page, open, { name: freshName("contended") });
    await open(`/jobs/${id}/edit`);
    const other = await context.newPage();
    await other.goto(`/jobs/${id}/edit`);
    await other.locator("#job-owner").fill("the first");
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other).toHaveURL(new RegExp(`/jobs/${id}$`));
    await other.close();

    for (const time of ["first", "second"]) {
      await page.locator("#job-owner").fill(`the second, ${time} try`);
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.locator(".conflict")).toContainText("Somebody saved this job after you opened it");
      await expect(page.locator("#job-owner")).toHaveValue(`the second, ${time} try`);
    }
    await page.getByRole("link", { name: "Load it here and drop mine" }).click();
    await expect(page.locator("#job-owner")).toHaveValue("the first");
    await expect(page.locator(".conflict")).toBeHidden();
  });
});

test("retries and the jobs that follow are stored and shown from both sides", async ({ page, open }) => {
  const [childName, parentName] = [freshName("child"), freshName("parent")];
  const child = await createJob(page, open, { name: childName });
  const parent = await createJob(page, open, { name: parentName });
  await open(`/jobs/${parent}/edit`);
  await page.locator("summary", { hasText: "Retries" }).click();
  await page.locator("#job-retries").fill("3");
  await page.locator("#job-retry_delay_s").fill("10");
  await page.locator("#job-retry_on").selectOption("failed");
  await page.locator("summary", { hasText: "Jobs that follow" }).click();
  await page.locator("#job-children").fill(`#${child}`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${parent}$`));
  await expect(page.locator("main")).toContainText("up to 3, the first after 10 s");
  await page.getByRole("link", { name: `#${child} ${childName}` }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${child}$`));
  await expect(page.getByRole("link", { name: `#${parent} ${parentName}` })).toBeVisible();
  await open(`/jobs/${parent}/edit`);
  await expect(page.locator("#job-children")).toHaveValue(String(child));
  await expect(page.locator("#job-retry_on")).toHaveValue("failed");
});

test.describe("circle", () => {
  test.use({ expectedConsoleErrors: [/status of 422/] });

  test("a job that would start itself is refused with the way, beside an open field", async ({ page, open }) => {
    const [first, second] = [freshName("first"), freshName("second")];
    const child = await createJob(page, open, { name: second });
    const parent = await createJob(page, open, { name: first, children: [child] });
    await open(`/jobs/${child}/edit`);
    await page.locator("summary", { hasText: "Jobs that follow" }).click();
    await page.locator("#job-children").fill(String(parent));
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.locator("#job-children-error")).toContainText(`${second} → ${first} → ${second}`);
    await page.locator("#job-children").fill("seven");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.locator("#job-children-error")).toContainText("Ids of jobs are needed");
  });
});

test("the form of a job is accessible and fits a phone", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("form") });
  await open(`/jobs/${id}/edit`);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
});
