// `/runs/:id`

import { createJob, freshName, reloadUntil, reloadUntilVisible, runNow } from "../../support/jobs.ts";
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

test("a run that was killed meanwhile is not killed again, and its page says so", async ({ page, context, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("killed twice"), script: "echo begun; sleep 60" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Running/);
  // A page that does not hear of the end, as where the connection is lost.
  const stale = await context.newPage();
  await stale.route("**/log/events*", (route) => route.abort());
  await stale.goto(page.url());
  if (isHydrated) await stale.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await page.locator("summary", { hasText: "Kill" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Kill" }).click();
  await reloadUntil(page, isHydrated, /Killed/);
  await stale.locator("summary", { hasText: "Kill" }).click();
  await stale.getByRole("dialog").getByRole("button", { name: "Kill" }).click();
  await expect(stale.getByRole("status").filter({ hasText: "This run has ended already." })).toBeVisible();
});

test("a run that failed leads to its retry, which says which one it is and leads back", async ({ page, open }) => {
  await createJob(page, open, { name: freshName("retried"), script: "exit 3", retries: 1 });
  await runNow(page);
  const failed = page.url();
  const retry = page.locator(".facts").getByRole("link", { name: "retry" });
  await reloadUntilVisible(page, retry);
  await retry.click();
  await expect(page).not.toHaveURL(failed);
  await expect(page.locator(".facts")).toContainText("retry 1 of 1 of run");
  await expect(page.locator(".why")).toContainText("A further attempt");
  await page.locator(".facts").getByRole("link", { name: failed.split("/").pop()! }).click();
  await expect(page).toHaveURL(failed);
});

test("a run that succeeded leads to what it started", async ({ page, open }) => {
  const name = freshName("child");
  const child = await createJob(page, open, { name });
  await createJob(page, open, { name: freshName("parent"), script: "true", children: [child] });
  await runNow(page);
  const started = page.locator(".facts").getByRole("link", { name });
  await reloadUntilVisible(page, started);
  await started.click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  await expect(page.locator(".facts")).toContainText("the success of run");
});

test("a broadcast shows how far its shards are, and each shard leads back", async ({ page, open, isHydrated }) => {
  const script = 'sleep 2; echo "shard $2 of $3"';
  await createJob(page, open, { name: freshName("broadcast"), script, routing: "broadcast" });
  await runNow(page);
  const whole = page.url();
  await reloadUntil(page, isHydrated, /100 %/);
  await reloadUntil(page, isHydrated, /Succeeded/);
  await expect(page.locator(".counts")).toContainText("succeeded1");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "run-broadcast");
  await page.getByRole("table", { name: "Shards" }).getByRole("link", { name: "0" }).click();
  await expect(page).not.toHaveURL(whole);
  await reloadUntil(page, isHydrated, /shard 0 of 1/);
  await page.locator(".facts").getByRole("link", { name: whole.split("/").pop()! }).click();
  await expect(page).toHaveURL(whole);
});

test("a job that may run nowhere is skipped with that reason", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("elsewhere"), script: "true", onlyOn: "zone=nowhere" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /No instance is online that the job may run on/);
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
