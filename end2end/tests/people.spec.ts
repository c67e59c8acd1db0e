// `/users`, `/namespaces` and below, and what they change for the people in them.

import type { Page } from "@playwright/test";
import { freshName } from "../support/jobs.ts";
import { changeFirstPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, takeScreenshots, test } from "../support/test.ts";

// A session of its own: a new password or token waits in the session for its page.
test.use({ storageState: nobody });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

/** Creates an ordinary user, and returns the one-time password. */
async function createUser(page: Page, open: (path: string) => Promise<void>, name: string): Promise<string> {
  await open("/users/new");
  await page.locator("#user-new-name").fill(name);
  await page.locator("#user-new-email").fill(`${name}@example.com`);
  await page.getByRole("button", { name: "Create user" }).click();
  await expect(page).toHaveURL(/\/users\/\d+$/);
  return page.locator("section.token pre").innerText();
}

/** A name for an account: no blanks. */
function freshUser(word: string): string {
  return freshName(word).toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

test("a user is created with a password that is shown once, edited, and deleted", async ({ page, open, isHydrated }) => {
  const name = freshUser("ada");
  const first = await createUser(page, open, name);
  expect(first.length).toBeGreaterThan(20);
  await expectAccessible(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "user");
  await open(new URL(page.url()).pathname);
  await expect(page.locator("section.token")).toHaveCount(0);

  await page.locator("#user-edit-email").fill(`new-${name}@example.com`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(/\/users$/);
  const row = page.locator("tr", { hasText: name });
  await expect(row).toContainText(`new-${name}@example.com`);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "users");
  await open(`/users?email=${encodeURIComponent(`new-${name}`)}`);
  await expect(page.locator("tbody tr")).toHaveCount(1);

  await row.getByRole("link", { name }).click();
  await page.locator("summary", { hasText: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/users$/);
  await expect(row).toHaveCount(0);
});

test("a viewer sees what was granted and is offered nothing to change", async ({ page, open, isHydrated }) => {
  const name = freshUser("viewer");
  const first = await createUser(page, open, name);
  const service = freshUser("service");
  await open("/namespaces/new");
  await page.locator("#namespace-new-business").fill("people");
  await page.locator("#namespace-new-service").fill(service);
  await page.getByRole("button", { name: "Create namespace" }).click();
  await expect(page).toHaveURL(/\/namespaces\/\d+$/);
  await expect(page.getByText("Nobody but super-administrators")).toBeVisible();
  await page.locator("#grant-people").fill(`${name}@example.com`);
  await page.getByRole("button", { name: "Grant", exact: true }).click();
  await expect(page.getByRole("table", { name: "People" })).toContainText(name);
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "namespace");

  // The open page would go on asking, as nobody.
  await page.goto("about:blank");
  await page.context().clearCookies();
  await signIn(page, isHydrated, name, first);
  await changeFirstPassword(page, first, "chosen-by-the-viewer-0815");
  await open("/namespaces");
  await expect(page.locator("tbody")).toContainText(`people:${service}`);
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await expect(page.locator("tbody")).toContainText("Viewer");
  await expect(page.locator("nav.menu")).not.toContainText("Users");
  for (const path of ["/jobs", "/executors", "/calendars"]) {
    await open(path);
    await expect(page.getByRole("link", { name: /^New / })).toHaveCount(0);
  }
  await expectAccessible(page, isHydrated);
});

test("a token is made, shown once, and revoked", async ({ page, open, isHydrated }) => {
  await open("/account");
  const name = freshName("ci");
  await page.locator("#api-token-name").fill(name);
  await page.getByRole("button", { name: "Make token" }).click();
  await expect(page.locator("section.token pre")).toContainText("orr_");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  await open("/account");
  await expect(page.locator("section.token")).toHaveCount(0);
  const row = page.locator("tr", { hasText: name });
  await row.locator("summary", { hasText: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row).toContainText("revoked");
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("people whom nobody knows are told by name, and the others have their grant", async ({ page, open }) => {
    const name = freshUser("eve");
    await createUser(page, open, name);
    await open("/namespaces/new");
    await page.locator("#namespace-new-business").fill("people");
    await page.locator("#namespace-new-service").fill(freshUser("service"));
    await page.getByRole("button", { name: "Create namespace" }).click();
    await expect(page).toHaveURL(/\/namespaces\/\d+$/);
    await page.locator("#grant-people").fill(`${name}, nobody@example.com`);
    await page.locator("#grant-role").selectOption("editor");
    await page.getByRole("button", { name: "Grant", exact: true }).click();
    await expect(page.locator("#grant-people")).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator("#grant-people-error")).toContainText("nobody@example.com");
    await expect(page.getByRole("table", { name: "People" })).toContainText(name);
  });

  test("an administrator does not delete the own account", async ({ page, open }) => {
    await open("/users?name=admin");
    await page.locator("tbody").getByRole("link", { name: "admin", exact: true }).click();
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(page.locator(".toasts")).toContainText("Nobody deletes the own account");
  });
});
