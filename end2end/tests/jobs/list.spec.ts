// `/jobs`

import { createJob, freshName } from "../../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";

test("text, executor, state and owner each filter the list, and the filters live in the address", async ({ page, open }) => {
  const name = freshName("filtered");
  const owner = freshName("Ada");
  await createJob(page, open, { name, owner });
  const row = page.getByRole("link", { name });
  const query = (more: string) => `/jobs?q=${encodeURIComponent(name)}${more}`;
  for (const matching of ["", "&state=stopped", `&owner=${encodeURIComponent(owner)}`]) {
    await open(query(matching));
    await expect(row).toBeVisible();
  }
  for (const other of ["&state=on", "&owner=nobody-of-this-name", "&executor=999999"]) {
    await open(query(other));
    await expect(row).toBeHidden();
    await expect(page.getByText("No job matches these filters.")).toBeVisible();
  }
});

test("a search that is typed and sent finds the job", async ({ page, open }) => {
  const name = freshName("searched");
  await createJob(page, open, { name });
  await open("/jobs");
  await page.getByRole("searchbox").fill(name);
  await page.getByRole("searchbox").press("Enter");
  await expect(page).toHaveURL(/q=searched/);
  await expect(page.getByRole("link", { name })).toBeVisible();
});

test("a row's menu starts and stops its job", async ({ page, open }) => {
  const name = freshName("switched");
  await createJob(page, open, { name });
  await open(`/jobs?q=${encodeURIComponent(name)}`);
  const row = page.getByRole("row", { name: new RegExp(name) });
  await expect(row).toContainText("Stopped");
  await row.locator("summary").click();
  await row.getByRole("button", { name: "Start" }).click();
  await expect(row.locator(".job-state").first()).toContainText("On");
});

test("the list is accessible, fits a phone and looks the same everywhere", async ({ page, open, isHydrated }) => {
  await createJob(page, open, { name: freshName("listed"), owner: "Lin Xiao" });
  await open("/jobs");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "jobs");
});
