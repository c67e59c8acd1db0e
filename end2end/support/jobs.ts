// Jobs as specs make them, on the executor that the common server has.

import { expect, type Locator, type Page } from "@playwright/test";

/** The executor that really runs; other specs create some that do not. */
const demoExecutor = "demo-executor";

/** A name that no other test of this run uses. */
export function freshName(what: string): string {
  return `${what} ${Math.random().toString(36).slice(2, 10)}`;
}

/** What a spec says about a job; the rest stays as the form has it. */
export interface JobValues {
  name: string;
  cron?: string;
  zone?: string;
  handler?: string;
  parameter?: string;
  /** A shell script instead of a handler. */
  script?: string;
  owner?: string;
  /** Retries without a delay. */
  retries?: number;
  /** Ids of the jobs that follow. */
  children?: number[];
  /** The strategy by its code, such as `broadcast`. */
  routing?: string;
  /** The instances that may run it. */
  onlyOn?: string;
}

/** Fills the job form that is open. */
export async function fillJob(page: Page, values: JobValues): Promise<void> {
  const form = page.locator("form#job");
  await form.locator('[name="form[name]"]').fill(values.name);
  const executors = form.locator('[name="form[executor_id]"]');
  const demo = executors.locator("option", { hasText: demoExecutor });
  await executors.selectOption(await demo.getAttribute("value"));
  if (values.cron !== undefined) await form.locator('[name="form[schedule]"]').fill(values.cron);
  if (values.zone !== undefined) await form.locator('[name="form[zone]"]').fill(values.zone);
  if (values.owner !== undefined) await form.locator('[name="form[owner]"]').fill(values.owner);
  if (values.script !== undefined) {
    await form.locator('[name="form[run_mode]"]').selectOption("shell");
    await form.locator('[name="form[source]"]').fill(values.script);
  } else {
    await form.locator('[name="form[handler]"]').fill(values.handler ?? "demo");
  }
  if (values.retries !== undefined) {
    await form.locator("summary", { hasText: "Retries" }).click();
    await form.locator('[name="form[retries]"]').fill(String(values.retries));
    await form.locator('[name="form[retry_delay_s]"]').fill("0");
  }
  if (values.children !== undefined) {
    await form.locator("summary", { hasText: "Jobs that follow" }).click();
    await form.locator('[name="form[children]"]').fill(values.children.join(", "));
  }
  if (values.routing !== undefined || values.onlyOn !== undefined) {
    await form.locator("summary", { hasText: "Routing" }).click();
    if (values.routing !== undefined) await form.locator('[name="form[routing]"]').selectOption(values.routing);
    if (values.onlyOn !== undefined) await form.locator('[name="form[only_on]"]').fill(values.onlyOn);
  }
  if (values.parameter !== undefined) await form.locator('[name="form[parameter]"]').fill(values.parameter);
}

/** Creates a job that is switched off and stays on its page; returns its id. */
export async function createJob(page: Page, open: (path: string) => Promise<void>, values: JobValues): Promise<number> {
  await open("/jobs/new");
  await fillJob(page, { cron: "0 0 3 * * ?", ...values });
  await page.getByRole("button", { name: "Create, switched off" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  return Number(page.url().split("/").pop());
}

/** Opens “Run now…” on a job's page, types `parameter` unless it is left out, and ends on the run's page. */
export async function runNow(page: Page, parameter?: string): Promise<void> {
  await page.locator("summary", { hasText: "Run now" }).click();
  const dialog = page.getByRole("dialog");
  if (parameter !== undefined) await dialog.locator('[name="parameter"]').fill(parameter);
  await dialog.getByRole("button", { name: "Run now" }).click();
  await expect(page).toHaveURL(/\/runs\/\d+$/);
}

/** Loads the page again until `shown` is there: without scripts nothing follows by itself. */
export async function reloadUntil(page: Page, isHydrated: boolean, text: RegExp): Promise<void> {
  await expect(async () => {
    if (!isHydrated) await page.reload();
    await expect(page.locator("main")).toContainText(text, { timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
}

/** Loads the page again until `shown` is in it. */
export async function reloadUntilVisible(page: Page, shown: Locator): Promise<void> {
  await expect(async () => {
    await page.reload();
    await expect(shown).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
}
