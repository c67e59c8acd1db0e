// `/runs/:id`

import { createJob, freshName, reloadUntil, runNow } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("a run shows its state, its times, its result and its log", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("logged"), script: 'echo "parameter: $1"\necho second line' });
  await runNow(page, "ping");
  await reloadUntil(page, isHydrated, /Succeeded/);
  await reloadUntil(page, isHydrated, /parameter: ping/);
  for (const point of ["Due", "Sent", "Finished"]) {
    await expect(page.locator(".tl")).toContainText(point);
  }
  await expect(page.locator(".why")).toContainText("By hand");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "run");
});

test("the log follows a run that goes on, and what it writes stays text", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "without scripts a log does not follow; it is loaded again");
  await createJob(page, open, {
    name: freshName("followed"),
    script: "for i in 1 2 3 4; do echo \"step $i <b>bold</b>\"; sleep 1; done",
  });
  await runNow(page);
  const log = page.locator(".log .lines");
  await expect(log).toContainText("step 1 <b>bold</b>");
  await expect(page.locator(".title .st")).toContainText("Running");
  await expect(log).toContainText("step 4 <b>bold</b>");
  await expect(page.locator(".title .st")).toContainText("Succeeded");
  await expect(page.locator(".log-h")).toContainText("end");
});

test("a handler that nobody knows fails with its name", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("unknown"), handler: "no_such_handler" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Failed/);
  await expect(page.locator("main")).toContainText("no_such_handler");
});

test("a run that goes on can be killed after a question", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("killed"), script: "echo begun; sleep 60" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Running/);
  await page.locator("summary", { hasText: "Kill" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Kill" }).click();
  await reloadUntil(page, isHydrated, /Killed/);
});

test.describe("nowhere", () => {
  test.use({ expectedConsoleErrors: [/status of 404/] });

  test("a run that does not exist is not found", async ({ page }) => {
    for (const path of ["/runs/9007199254740991", "/runs/x"]) {
      const answer = await page.goto(path);
      expect(answer?.status()).toBe(404);
    }
  });
});
