// Creating executors for specs that need one of their own.

import { expect, type Page } from "@playwright/test";

let made = 0;

/** An app name that no other spec uses. */
export function freshName(purpose: string): string {
  made += 1;
  return `${purpose}-${process.pid}-${Date.now().toString(36)}-${made}`;
}

/** Creates an executor and is on its page afterwards. */
export async function createExecutor(page: Page, open: (path: string) => Promise<void>, name: string): Promise<void> {
  await open("/executors/new");
  await page.getByLabel("App name").fill(name);
  await page.getByLabel("Title").fill(`Made by a spec: ${name}`);
  await page.getByRole("button", { name: "Create executor" }).click();
  await expect(page).toHaveURL(/\/executors\/\d+$/);
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}
