// The command palette on every page, and `/search`

import { type Page } from "@playwright/test";
import { createJob, freshName } from "../support/jobs.ts";
import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../support/test.ts";

/** The palette, and what stands in it. */
function palette(page: Page) {
  const dialog = page.getByRole("dialog", { name: "Find a job, run, executor…" });
  const field = dialog.getByRole("combobox", { name: "Name, number, page or action" });
  const chosen = dialog.locator('[role="option"][aria-selected="true"]');
  return { dialog, field, chosen, option: (name: string | RegExp) => dialog.getByRole("option", { name }) };
}

const control = (page: Page) => page.getByRole("button", { name: "Find a job, run, executor…" });

test("the palette goes to a page by keyboard alone", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "needs scripts");
  await open("/executors");
  await page.keyboard.press("Control+k");
  const { dialog, field, chosen } = palette(page);
  await expect(field).toBeFocused();
  await expect(chosen).toHaveText("Home");
  await page.keyboard.press("ArrowDown");
  await expect(chosen).toHaveText("Jobs");
  await expect(field).toHaveAttribute("aria-activedescendant", (await chosen.getAttribute("id"))!);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(chosen, "the last follows upwards from the first").toHaveText("Clean up the run log");
  await field.fill("stat");
  await expect(chosen).toHaveText("Statistics");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/statistics$/);
  await expect(dialog).toBeHidden();
});

test("the focus stays in the palette and returns to where it was", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "needs scripts");
  await open("/jobs");
  await control(page).click();
  const { dialog, field } = palette(page);
  await expect(field).toBeFocused();
  const leave = dialog.getByRole("button", { name: "Close" });
  for (const next of [leave, field, leave]) {
    await page.keyboard.press("Tab");
    await expect(next).toBeFocused();
  }
  await page.keyboard.press("Shift+Tab");
  await expect(field).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(control(page)).toBeFocused();
  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  await page.keyboard.press("Control+k");
  await expect(dialog).toBeHidden();
});

test("a job is found by a part of its name and by its number", async ({ page, open, isHydrated }) => {
  const name = freshName("Ledger close");
  const id = await createJob(page, open, { name });
  if (isHydrated) {
    await open("/runs");
    await page.keyboard.press("Control+k");
    const { field, option, chosen } = palette(page);
    await field.fill(name.slice(7).toUpperCase());
    await expect(option(name)).toBeVisible();
    await expect(chosen).toContainText(name);
    await field.fill(`#${id}`);
    await option(name).click();
  } else {
    await open("/runs");
    await control(page).click();
    await expect(page).toHaveURL(/\/search\?$|\/search$/);
    await page.getByRole("searchbox").fill(name.slice(7).toUpperCase());
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("link", { name }).click();
  }
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
});

test("an answer to what has been typed over is dropped", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "needs scripts");
  await open("/");
  const held: (() => void)[] = [];
  await page.route("**/rpc/app/api/search/search", async (route) => {
    if (!route.request().postData()?.includes("demo")) return route.continue();
    await new Promise<void>((release) => held.push(release));
    await route.continue();
  });
  await page.keyboard.press("Control+k");
  const { field, option } = palette(page);
  await field.fill("demo");
  await expect.poll(() => held.length).toBe(1);
  await field.fill("no such thing");
  await expect(page.getByText("Nothing goes by “no such thing”")).toBeAttached();
  const late = page.waitForResponse("**/rpc/app/api/search/search");
  held[0]!();
  await late;
  await expect(option(/demo-executor/)).toBeHidden();
  await expect(option("Search for “no such thing”")).toBeVisible();
});

test("an input method's Enter chooses nothing", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "needs scripts");
  await open("/");
  await page.keyboard.press("Control+k");
  const { dialog, field } = palette(page);
  await field.dispatchEvent("keydown", { key: "Enter", isComposing: true });
  await expect(dialog).toBeVisible();
});

test("the palette is accessible, fits a phone and looks as it should", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "needs scripts");
  await open("/");
  await page.keyboard.press("Control+k");
  const { field, option } = palette(page);
  await takeScreenshots(page, "palette");
  await field.fill("demo");
  await expect(option(/demo-executor/)).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  await takeScreenshots(page, "palette-found");
});

test("the search page shows what goes by a text, or says that nothing does", async ({ page, open, isHydrated }) => {
  await open("/search?q=demo-exec");
  await expect(page.getByRole("link", { name: "demo-executor" })).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "search");
  await open("/search?q=no+such+thing");
  await expect(page.getByRole("heading", { name: "Nothing goes by “no such thing”" })).toBeVisible();
  await open("/search");
  await page.getByRole("link", { name: "New job", exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/new$/);
});
