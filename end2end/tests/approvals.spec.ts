// `/approvals` and below, and the switches of a namespace that lead there.

import { freshName } from "../support/jobs.ts";
import { changeFirstPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, takeScreenshots, test } from "../support/test.ts";

// A session of its own: two people take turns.
// What waits is answered with 409; a wrong field with 422.
test.use({ storageState: nobody, expectedConsoleErrors: [/\b(409|422)\b/] });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

/** A name for an account, a namespace or an executor: no blanks. */
function plainName(word: string): string {
  return freshName(word).toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

test("an edit waits, shows what it would do, and happens when somebody else approves it", async ({ page, open, isHydrated }) => {
  const [person, service, worker, job] = [plainName("eve"), plainName("service"), plainName("worker"), freshName("nightly")];
  await open("/users/new");
  await page.locator("#user-new-name").fill(person);
  await page.locator("#user-new-email").fill(`${person}@example.com`);
  await page.getByRole("button", { name: "Create user" }).click();
  await expect(page).toHaveURL(/\/users\/\d+$/);
  const first = await page.locator("section.token pre").innerText();

  await open("/namespaces/new");
  // The last one of all: forms begin with the first, and other specs wait for nobody.
  await page.locator("#namespace-new-business").fill("zz-approved");
  await page.locator("#namespace-new-service").fill(service);
  await page.getByRole("button", { name: "Create namespace" }).click();
  await expect(page).toHaveURL(/\/namespaces\/\d+$/);
  const namespace = new URL(page.url()).pathname;
  await page.locator("#grant-people").fill(`${person}@example.com`);
  await page.locator("#grant-role").selectOption({ label: "Approver" });
  await page.getByRole("button", { name: "Grant", exact: true }).click();
  await expect(page.getByRole("table", { name: "People" })).toContainText(person);

  await open("/executors/new");
  await page.locator('[name="form[namespace_id]"]').selectOption({ label: `zz-approved:${service}` });
  await page.locator('[name="form[app_name]"]').fill(worker);
  await page.locator('[name="form[title]"]').fill("Workers");
  await page.getByRole("button", { name: "Create executor" }).click();
  await expect(page).toHaveURL(/\/executors\/\d+$/);

  await open("/jobs/new");
  const executor = page.locator('[name="form[executor_id]"]');
  const option = await executor.locator("option", { hasText: worker }).getAttribute("value");
  await executor.selectOption(option);
  await page.locator('[name="form[name]"]').fill(job);
  await page.locator('[name="form[schedule]"]').fill("0 0 18 * * ?");
  await page.locator('[name="form[handler]"]').fill("report");
  await page.getByRole("button", { name: "Create job" }).click();
  await expect(page).toHaveURL(/\/jobs\/\d+$/);
  const jobPage = new URL(page.url()).pathname;

  await open(namespace);
  await page.getByLabel("Definitions wait for approval").check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Something is approved here")).toBeVisible();
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);

  await open(`${jobPage}/edit`);
  await page.locator('[name="form[schedule]"]').fill("0 30 17 * * ?");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(/\/approvals\/\d+$/);
  const approval = new URL(page.url()).pathname;
  await expect(page.getByRole("heading", { name: `Edit ${job}` })).toBeVisible();
  await expect(page.locator(".title .st")).toContainText("Waiting for approval");
  await expect(page.getByRole("complementary")).toContainText("You submitted this.");
  await open(jobPage);
  await expect(page.locator("main")).toContainText("0 0 18 * * ?");

  // The open page would go on asking, as nobody.
  await page.goto("about:blank");
  await page.context().clearCookies();
  await signIn(page, isHydrated, person, first);
  await changeFirstPassword(page, first, "chosen-by-the-approver-0815");
  await open("/approvals");
  await expect(page.locator("nav.menu a", { hasText: "Approvals" })).toContainText("1");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "approvals");
  await page.getByRole("link", { name: `Edit ${job}` }).click();
  await expect(page).toHaveURL(new RegExp(`${approval}$`));
  const fields = page.getByRole("table", { name: "Fields" });
  await expect(fields.getByRole("row")).toHaveCount(2);
  await expect(fields).toContainText("0 0 18 * * ?");
  await expect(fields).toContainText("0 30 17 * * ?");
  await expect(page.locator(".plan-counts")).toContainText("7 move");
  await expect(page.locator(".plan li").first()).toContainText("18:00 → 17:30");
  await expectAccessible(page, isHydrated);
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "approval");
  await page.getByRole("button", { name: "Reject" }).click();
  await expect(page.locator("#reject-remark")).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "Approve and apply" }).click();
  await expect(page.locator(".title .st")).toContainText("Applied");
  await expect(page.getByRole("complementary")).toContainText(person);
  await open(jobPage);
  await expect(page.locator("main")).toContainText("0 30 17 * * ?");
});
