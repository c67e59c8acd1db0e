// `/jobs/:id/code`

import type { Page } from "@playwright/test";
import { createJob, fillJob, freshName, reloadUntil, runNow } from "../../support/jobs.ts";
import { signIn } from "../../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, takeScreenshots, test } from "../../support/test.ts";

// A session of its own: without scripts a refused form waits in the session for its next page, and other workers open
// the same page.
test.use({ storageState: nobody });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

/** The form's field, which the editor hides and keeps up to date where scripts run. */
const field = '[name="form[source]"]';

/** Waits until the editor stands in the field's place, and types a whole new text. */
async function typeSource(page: Page, isHydrated: boolean, source: string): Promise<void> {
  if (isHydrated) {
    await page.locator(".code-form .cm-content").click();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type(source);
  } else {
    await page.locator("#code-source").fill(source);
  }
  await expect(page.locator(field)).toHaveValue(source);
}

async function save(page: Page, isHydrated: boolean, source: string, remark: string): Promise<void> {
  await typeSource(page, isHydrated, source);
  await page.locator("#code-remark").fill(remark);
  await page.getByRole("button", { name: "Save version" }).click();
}

/** Opens the code page of a new job with this script. */
async function openCode(page: Page, open: (path: string) => Promise<void>, script: string): Promise<number> {
  const id = await createJob(page, open, { name: freshName("coded"), script });
  await page.getByRole("link", { name: "Edit code" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}/code$`));
  return id;
}

test("what is saved is what the next run executes", async ({ page, open, isHydrated }) => {
  const id = await openCode(page, open, "echo the first text");
  await save(page, isHydrated, "echo the second text", "Say the second");
  await expect(page.locator(".toast")).toContainText("Saved as version 2");
  const newest = page.locator("aside tbody tr").first();
  await expect(newest).toContainText("#2");
  await expect(newest).toContainText("Say the second");
  await open(`/jobs/${id}`);
  await runNow(page);
  await reloadUntil(page, isHydrated, /Succeeded/);
  await reloadUntil(page, isHydrated, /the second text/);
});

test("a version is looked at, compared with another and brought back", async ({ page, open, isHydrated }) => {
  await openCode(page, open, "echo old");
  await save(page, isHydrated, "echo new", "Better than before");
  await expect(page.locator(".toast")).toContainText("Saved as version 2");
  await page.getByRole("link", { name: "Changes of version 2" }).click();
  await expect(page.locator("#shown h2")).toContainText("From version 1 to version 2");
  await expect(page.locator(".diff .del")).toContainText("echo old");
  await expect(page.locator(".diff .del .s")).toHaveText("-");
  await expect(page.locator(".diff .add")).toContainText("echo new");
  await page.getByRole("link", { name: "#1", exact: true }).click();
  await expect(page.locator("#shown h2").first()).toContainText("Version 1");
  await expect(page.locator("#shown textarea")).toHaveValue("echo old");
  await page.locator("summary", { hasText: "Revert to this" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revert to this" }).click();
  await expect(page.locator("aside tbody tr").first()).toContainText("back to version 1");
  await expect(page.locator(field)).toHaveValue("echo old");
});

test("any two versions can be chosen to be compared", async ({ page, open, isHydrated }) => {
  await openCode(page, open, "echo 1");
  await save(page, isHydrated, "echo 2", "The second");
  await expect(page.locator("aside tbody tr")).toHaveCount(2);
  await page.locator('select[name="from"]').selectOption("2");
  await page.locator('select[name="to"]').selectOption("1");
  await page.getByRole("button", { name: "Compare" }).click();
  await expect(page).toHaveURL(/from=2&to=1/);
  await expect(page.locator(".diff .add")).toContainText("echo 1");
});

test.describe("conflict", () => {
  test.use({ expectedConsoleErrors: [/status of 409/] });

  test("of two people who save the same code the second is told and loses nothing", async ({
    page,
    open,
    context,
    isHydrated,
  }) => {
    const id = await openCode(page, open, "echo 1");
    const other = await context.newPage();
    await other.goto(`/jobs/${id}/code`);
    await save(other, isHydrated, "echo theirs", "The first one");
    await expect(other.locator("aside tbody tr")).toHaveCount(2);
    await other.close();

    for (const time of ["first", "second"]) {
      await save(page, isHydrated, `echo mine, ${time} try`, "The second one");
      await expect(page.locator(".conflict")).toContainText("Somebody saved a version after you opened this page");
      await expect(page.locator(field)).toHaveValue(`echo mine, ${time} try`);
    }
    await page.getByRole("link", { name: "Load it here and drop mine" }).click();
    await expect(page.locator(field)).toHaveValue("echo theirs");
    await expect(page.locator(".conflict")).toBeHidden();
  });
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 422/] });

  test("a remark that says nothing is named and the text stays", async ({ page, open, isHydrated }) => {
    await openCode(page, open, "echo 1");
    await save(page, isHydrated, "echo 2", "x");
    await expect(page.locator("#code-remark-error")).toContainText("4");
    await expect(page.locator(field)).toHaveValue("echo 2");
  });
});

test("a script of which nothing was typed begins with a template", async ({ page, open }) => {
  await open("/jobs/new");
  await fillJob(page, { name: freshName("template"), cron: "0 0 3 * * ?", script: "" });
  await page.locator('[name="form[run_mode]"]').selectOption("python");
  await page.getByRole("button", { name: "Create, switched off" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+\/code$/);
  await expect(page.locator(field)).toHaveValue(/sys\.argv\[1:4\]/);
});

test("the form of a job leads to its code and leaves it as it is", async ({ page, open }) => {
  const id = await createJob(page, open, { name: freshName("led"), script: "echo kept" });
  await open(`/jobs/${id}/edit`);
  await expect(page.locator("#job-source")).toHaveCount(0);
  await page.locator("#job-owner").fill("somebody else");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}$`));
  await expect(page.locator("main")).toContainText("echo kept");
  await open(`/jobs/${id}/edit`);
  await page.getByRole("link", { name: "Edit code" }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}/code$`));
});

test("the page of a job with a handler says that there is no code", async ({ page, open }) => {
  const id = await createJob(page, open, { name: freshName("handled") });
  await expect(page.getByRole("link", { name: "Edit code" })).toHaveCount(0);
  await open(`/jobs/${id}/code`);
  await expect(page.locator("main")).toContainText("It runs the handler demo");
});

test.describe("a version that is not there", () => {
  test.use({ expectedConsoleErrors: [/status of 404/] });

  test("a version that is not kept hides nothing", async ({ page, open }) => {
    const id = await createJob(page, open, { name: freshName("missing"), script: "echo here" });
    await open(`/jobs/${id}/code?version=99`);
    await expect(page.locator("#shown")).toContainText("This version is not there");
    await expect(page.locator(field)).toHaveValue("echo here");
  });
});

test("the editor is left by keyboard, after it indented", async ({ page, open, isHydrated }) => {
  test.skip(!isHydrated, "a plain field is left by Tab");
  await openCode(page, open, "echo 1");
  await page.locator(".code-form .cm-content").click();
  await page.keyboard.press("ControlOrMeta+Home");
  await page.keyboard.press("Tab");
  await expect(page.locator(field)).toHaveValue("    echo 1");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(page.locator("#code-remark")).toBeFocused();
});

test("the code page is accessible and fits a phone", async ({ page, open, isHydrated }) => {
  await openCode(page, open, '#!/bin/bash\n# Comments, texts and numbers have colours.\nfor i in 1 2 3; do echo "$i"; done\n');
  await save(page, isHydrated, "echo done", "A shorter one");
  await page.getByRole("link", { name: "Changes of version 2" }).click();
  await expect(page.locator(".diff")).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "code");
});
