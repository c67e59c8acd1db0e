// The log on `/runs/:id`

import { writeFileSync } from "node:fs";
import { createJob, freshName, reloadUntil, runNow } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

/** More lines than a page shows. */
const manyLines = "i=1; while [ $i -le 1500 ]; do echo \"row $i\"; i=$((i+1)); done";

test("a log is searched, and a match leads to its line", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("searched"), script: manyLines });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  await reloadUntil(page, isHydrated, /row 1500/);
  const search = page.getByRole("searchbox", { name: "Search the log" });
  await search.fill("ROW 77");
  await search.press("Enter");
  const found = page.locator(".log-found");
  await expect(found).toContainText("11 lines with “ROW 77”.");
  const match = found.locator(".l", { hasText: /row 77$/ });
  const number = await match.locator(".n").textContent();
  await match.locator(".n").click();
  await expect(page).toHaveURL(new RegExp(`line=${number}&find=ROW%2077#L${number}$`));
  await expect(page.locator(".l.mark")).toContainText("row 77");
  await expect(page.locator(".l.mark")).toBeInViewport();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "run-log-search");
});

test("a long log shows its end, and leads to what is before it", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("long"), script: manyLines });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  await reloadUntil(page, isHydrated, /row 1500/);
  // Loaded anew, it is a window whatever came in while it was followed.
  await page.goto(page.url());
  const log = page.locator(".log .lines");
  await expect(log.getByText("row 1500", { exact: true })).toBeAttached();
  await expect(log.getByText("row 1", { exact: true })).not.toBeAttached();
  await log.getByRole("link", { name: "Earlier lines" }).click();
  await expect(log.getByText("row 1", { exact: true })).toBeAttached();
  await expect(log.getByText("row 1500", { exact: true })).not.toBeAttached();
});

test("a log is downloaded as a text, and shows whether it is kept", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("kept"), script: "echo '<b>kept</b>'" });
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  const address = await page.getByRole("link", { name: "Download" }).getAttribute("href");
  const text = await page.request.get(address ?? "");
  expect(text.headers()["content-type"]).toBe("text/plain; charset=utf-8");
  expect(await text.text()).toContain("<b>kept</b>\n");
  await expect(async () => {
    await page.goto(page.url());
    await expect(page.locator(".log-h")).toContainText("kept", { timeout: 500 });
  }).toPass();
  await expect(page.locator(".log .lines")).toContainText("<b>kept</b>");
});

test("following is switched off and on again", async ({ page, open, isHydrated }, testInfo) => {
  test.skip(!isHydrated, "without scripts a log does not follow; it is loaded again");
  const [second, last] = [testInfo.outputPath("second"), testInfo.outputPath("last")];
  const until = (file: string) => `until [ -e "${file}" ]; do sleep 0.2; done`;
  await createJob(page, open, {
    name: freshName("paused"),
    script: `echo "step 1"; ${until(second)}; echo "step 2"; ${until(last)}; echo "the end"`,
  });
  await runNow(page);
  const log = page.locator(".log .lines");
  await expect(log).toContainText("step 1");
  // The head grows as the run begins, and moves what is below from under the pointer.
  await expect(page.locator(".title .st")).toContainText("Running");
  const follow = page.getByRole("button", { name: "Follow" });
  await follow.click();
  await expect(follow).toHaveAttribute("aria-pressed", "false");
  writeFileSync(second, "");
  const address = (await page.getByRole("link", { name: "Download" }).getAttribute("href")) ?? "";
  await expect.poll(async () => (await page.request.get(address)).text()).toContain("step 2");
  await expect(log).not.toContainText("step 2");
  await follow.click();
  await expect(log).toContainText("step 2");
  writeFileSync(last, "");
  await expect(log).toContainText("the end");
  await expect(log.getByText("step 2", { exact: true })).toHaveCount(1);
  await expect(page.locator(".title .st")).toContainText("Succeeded");
});

test("a link that names only the line leads to it", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "what stands behind # is not sent to the server");
  await createJob(page, open, { name: freshName("linked"), script: manyLines });
  await runNow(page);
  await reloadUntil(page, isHydrated, /row 1500/);
  const run = page.url();
  await page.goto("about:blank");
  await page.goto(`${run}#L50`);
  await expect(page).toHaveURL(/line=50#L50$/);
  await expect(page.locator("#L50")).toBeInViewport();
  await page.locator("#L52 .n").click();
  await expect(page).toHaveURL(/#L52$/);
});
