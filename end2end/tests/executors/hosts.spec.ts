// How the hosts of an executor's instances are doing: gauges and charts on `/executors/:id`.

import { type Page } from "@playwright/test";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";
import { createExecutor, freshName } from "../../support/executors.ts";

type Open = (path: string) => Promise<void>;

/** The demo executor's page, once its agent has reported: it does some seconds after its start. */
async function openReported(page: Page, open: Open): Promise<string> {
  await open("/executors");
  const link = page.getByRole("table").getByRole("link", { name: "demo-executor", exact: true });
  const path = (await link.getAttribute("href"))!;
  await expect(async () => {
    await open(path);
    await expect(page.getByRole("meter", { name: "CPU" }).first()).toBeVisible({ timeout: 500 });
    await expect(page.locator("line-chart")).toHaveCount(3, { timeout: 500 });
  }).toPass({ timeout: 20_000 });
  return path;
}

test("an instance shows how its host is doing, with the details by keyboard", async ({ page, open, isHydrated }) => {
  await openReported(page, open);
  const instances = page.getByRole("table", { name: "Instances" });
  for (const name of ["CPU", "Process memory", "Host memory", "Disk"]) {
    await expect(instances.getByRole("meter", { name }).first()).toHaveAttribute("aria-valuenow", /^\d+$/);
  }
  const cpu = instances.getByRole("meter", { name: "CPU" }).first();
  const details = instances.getByRole("tooltip").filter({ hasText: "Cores" }).first();
  await expect(details).toBeHidden();
  await cpu.focus();
  await expect(details).toBeVisible();
  await expect(details).toContainText("Host up");
  await cpu.blur();
  await expect(details).toBeHidden();
  await instances.getByRole("meter", { name: "Host memory" }).first().hover();
  await expect(instances.getByRole("tooltip").filter({ hasText: "Available" }).first()).toBeVisible();
  await page.mouse.move(0, 0);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
});

test("the charts show the three hours before the end that is asked for", async ({ page, open, isHydrated }) => {
  const path = await openReported(page, open);
  const history = page.locator("#history");
  await expect(history.getByRole("heading", { name: "Last 3 hours" })).toBeVisible();
  await expect(history.getByText("until now")).toBeVisible();
  await expect(history.getByRole("img", { name: /^CPU, system and user, % of \d+ cores/ })).toBeVisible();
  await expect(history.getByRole("img", { name: /^Host memory, / })).toBeVisible();
  if (isHydrated) {
    // Drawn by the script, which takes the place of the outlines.
    await expect(history.locator("line-chart canvas")).toHaveCount(3);
    await expect(history.locator("line-chart > svg").first()).toBeHidden();
    await takeScreenshots(page, "executor-hosts");
  } else {
    await expect(history.locator("line-chart > svg path").first()).toBeVisible();
  }
  await history.locator("summary").click();
  // Their head, and a row for each five minutes.
  await expect(history.getByRole("table").getByRole("row").nth(36)).toBeVisible();
  await history.getByLabel("Ends").fill("2026-01-05T12:00");
  await history.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/until=2026-01-05T12%3A00/);
  await expect(history.getByText("Nothing was reported in these three hours.")).toBeVisible();
  await expect(history.getByText("until 2026-01-05 12:00")).toBeVisible();
  await history.getByRole("link", { name: "Three hours earlier" }).click();
  await expect(history.getByText("until 2026-01-05 09:00")).toBeVisible();
  await history.getByRole("link", { name: "Now", exact: true }).click();
  await expect(history.getByText("until now")).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`${path}\\?instance=\\d+#history$`));
});

test("an end that is no time is told, and now is shown", async ({ page, open }) => {
  const path = await openReported(page, open);
  await open(`${path}?until=yesterday`);
  await expect(page.getByRole("alert")).toContainText("cannot be read as a time");
  await expect(page.locator("#history").getByText("until now")).toBeVisible();
});

test("an executor of which nothing is known yet says what reports", async ({ page, open }) => {
  await createExecutor(page, open, freshName("silent"));
  await expect(page.locator("#history")).toContainText("No instance has reported anything of its host yet.");
});
