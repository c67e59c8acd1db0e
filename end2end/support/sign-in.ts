// The sign-in page, found by what its fields are for, so that it works in every language.

import { expect, type Page } from "@playwright/test";

/** The administrator whom the server creates at its first start. */
export const adminName = "admin";
/** Given to the server; it must be changed at the first sign-in. */
export const firstPassword = "only-for-the-first-sign-in-4711";
/** What it is changed to before any spec runs. */
export const adminPassword = "chosen-by-the-tests-0815-correct";

/** Fills the sign-in form and sends it. Says nothing about the outcome. */
export async function submitSignIn(page: Page, name: string, password: string): Promise<void> {
  const form = page.locator("form", { has: page.locator('input[autocomplete="current-password"]') });
  await form.locator('input[autocomplete="username"]').fill(name);
  await form.locator('input[autocomplete="current-password"]').fill(password);
  await form.locator('button[type="submit"]').click();
}

/** Opens the sign-in page, signs in, and is somewhere else afterwards. */
export async function signIn(page: Page, isHydrated: boolean, name = adminName, password = adminPassword): Promise<void> {
  await page.goto("/login");
  if (isHydrated) await hydrated(page);
  await submitSignIn(page, name, password);
  await expect(page).not.toHaveURL(/\/login/);
}

/** On the page that a first sign-in leads to: chooses another password. */
export async function changeFirstPassword(page: Page, old: string, chosen: string): Promise<void> {
  const form = page.locator("form", { has: page.locator('input[autocomplete="new-password"]') });
  await form.locator('input[autocomplete="current-password"]').fill(old);
  for (const field of await form.locator('input[autocomplete="new-password"]').all()) {
    await field.fill(chosen);
  }
  await form.locator('button[type="submit"]').click();
  await expect(form).toBeHidden();
}

/** Returns once WebAssembly has taken the page over. */
export async function hydrated(page: Page): Promise<void> {
  await page.locator("html[data-hydrated]").waitFor({ state: "attached", timeout: 30_000 });
}
