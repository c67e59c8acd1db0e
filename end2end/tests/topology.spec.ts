// `/topology`

import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../support/test.ts";

test("the map is drawn where scripts run, and is a table where they do not", async ({ page, open, isHydrated }) => {
  await open("/topology");
  if (isHydrated) {
    await expect(page.locator("topology-map canvas")).toBeVisible();
    await expect(page.getByRole("img", { name: /^The map of namespaces/ })).toBeVisible();
    await takeScreenshots(page, "topology");
  } else {
    await expect(page.getByRole("table", { name: "Topology" }).getByRole("link", { name: "demo-executor" })).toBeVisible();
  }
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
});

test("the table leads to executors and jobs", async ({ page, open, isHydrated }) => {
  await open("/topology");
  await page.getByRole("navigation", { name: "View" }).getByRole("link", { name: "Table" }).click();
  await expect(page).toHaveURL(/view=table/);
  const table = page.getByRole("table", { name: "Topology" });
  await expect(table.getByRole("link", { name: "demo-executor" })).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  // Which of its jobs are shown depends on how many other specs have created.
  await table.locator('a[href^="/jobs/"]').first().click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
});

test("details of a job stand beside the map, at an address of their own", async ({ page, open, isHydrated }) => {
  await open("/jobs?q=Heartbeat");
  const path = await page.getByRole("link", { name: "Heartbeat demo" }).first().getAttribute("href");
  const id = path!.split("/").at(-1);
  await open(`/topology?open=job-${id}`);
  const details = page.getByRole("complementary", { name: "Details" });
  await expect(details.getByRole("heading", { name: "Heartbeat demo" })).toBeVisible();
  await expectAccessible(page, isHydrated);
  await details.getByRole("link", { name: "Open job" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
});

test("what is looked for is counted", async ({ page, open }) => {
  await open("/topology?q=demo-exec");
  await expect(page.getByRole("status").filter({ hasText: "1 found" })).toBeVisible();
  await open("/topology?q=nothing+of+that+name");
  await expect(page.getByText("Nothing on the map matches.")).toBeVisible();
});
