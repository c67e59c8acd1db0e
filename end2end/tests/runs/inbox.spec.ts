// `/runs/inbox`

import { createJob, freshName, reloadUntil, reloadUntilVisible, runNow } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("a failed run is replayed, and each of both leads to the other", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("replayed"), script: 'echo "for $1"; exit 3' });
  await runNow(page, "berlin");
  await reloadUntil(page, isHydrated, /Failed/);
  const failed = page.url();
  await open(`/runs/inbox?job=${id}`);
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await page.locator("tbody").getByRole("button", { name: "Replay" }).click();
  await expect(page).toHaveURL(/\/runs\/\d+$/);
  await expect(page).not.toHaveURL(failed);
  await expect(page.locator(".facts")).toContainText("berlin");
  await page.locator(".facts").getByRole("link", { name: failed.split("/").pop()! }).click();
  await expect(page).toHaveURL(failed);
  await expect(page.locator(".facts")).toContainText("replayed as run");
});

test("chosen runs are dismissed together, and the inbox is empty then", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("dismissed"), script: "exit 3" });
  for (const _ of [1, 2]) {
    await open(`/jobs/${id}`);
    await runNow(page);
    await reloadUntil(page, isHydrated, /Failed/);
  }
  await open(`/runs/inbox?job=${id}`);
  await expect(page.locator("tbody tr")).toHaveCount(2);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "inbox");
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await page.locator("form").getByRole("button", { name: "Dismiss", exact: true }).first().click();
  await expect(page.getByText("Dismissed: 2.")).toBeVisible();
  await expect(page.locator("tbody tr")).toHaveCount(0);
});

test("a run whose job has succeeded since says so and can be hidden", async ({ page, open, isHydrated }) => {
  const script = 'test "$1" = well';
  const id = await createJob(page, open, { name: freshName("moot"), script });
  await runNow(page, "badly");
  await reloadUntil(page, isHydrated, /Failed/);
  await open(`/jobs/${id}`);
  await runNow(page, "well");
  await reloadUntil(page, isHydrated, /Succeeded/);
  await open(`/runs/inbox?job=${id}`);
  await expect(page.locator("tbody tr")).toContainText("succeeded since");
  await open(`/runs/inbox?job=${id}&moot=hide`);
  await expect(page.locator("tbody tr")).toHaveCount(0);
});

test("a job stops after as many failures in a row as it says, and says so", async ({ page, open, isHydrated }) => {
  const id = await createJob(page, open, { name: freshName("stopping"), script: "exit 3" });
  await open(`/jobs/${id}/edit`);
  const form = page.locator("form#job");
  await form.locator("summary", { hasText: "After failures" }).click();
  await form.locator('[name="form[stop_after_failures]"]').fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Start" }).click();
  await runNow(page);
  await reloadUntil(page, isHydrated, /Failed/);
  await open(`/jobs/${id}`);
  await reloadUntilVisible(page, page.getByText("Stopped after 1 failures in a row"));
});
