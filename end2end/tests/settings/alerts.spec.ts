// `/settings/alerts`, `/settings/channels`, `/settings/deliveries`

import { freshName } from "../../support/jobs.ts";
import { signIn } from "../../support/sign-in.ts";
import { expect, expectAccessible, expectFitsPhone, nobody, takeScreenshots, test } from "../../support/test.ts";

// A session of its own: without scripts a refused form waits in the session for its next page.
test.use({ storageState: nobody });
test.beforeEach(async ({ page, isHydrated }) => signIn(page, isHydrated));

test.describe("a channel and a rule", () => {
  // The test message goes to a name that does not exist.
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("are created, tested, silenced and deleted", async ({ page, open, isHydrated }) => {
    const [channel, rule] = [freshName("robot"), freshName("failures")];
    await open("/settings/channels/new");
    await page.locator("#channel-new-name").fill(channel);
    await page.locator("#channel-new-kind").selectOption("dingtalk");
    await page.locator("#channel-new-target").fill("https://robot.invalid/send?access_token=k3y");
    await page.locator("#channel-new-secret").fill("SECret");
    await page.locator("#channel-new-mentions").fill("13800000000\nall");
    await expectAccessible(page, isHydrated);
    await expectFitsPhone(page, isHydrated);
    await page.getByRole("button", { name: "Create channel" }).click();
    await expect(page).toHaveURL(/\/settings\/channels\/\d+$/);
    await expect(page.locator("main")).toContainText("Now https://robot.invalid/***");
    expect(await page.content()).not.toContain("k3y");
    expect(await page.content()).not.toContain("SECret");
    await takeScreenshots(page, "channel");

    await page.locator("summary", { hasText: "Send test" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send test" }).click();
    await expect(page.getByText("The receiver did not take it").first()).toBeVisible();
    await open("/settings/deliveries");
    const delivery = page.locator("tr", { hasText: channel }).first();
    await expect(delivery).toContainText("Test message");
    await expect(delivery).toContainText("Failed");
    await expectAccessible(page, isHydrated);
    await expectFitsPhone(page, isHydrated);
    await takeScreenshots(page, "deliveries");

    await open("/settings/alerts/new");
    await page.locator("#alert-rule-new-name").fill(rule);
    const label = await page.locator("#alert-rule-new-channels option", { hasText: channel }).innerText();
    await page.locator("#alert-rule-new-channels").selectOption({ label });
    // A channel and its rule are of one namespace.
    const namespaces = page.locator("#alert-rule-new-namespace_id");
    if (await namespaces.count()) await namespaces.selectOption({ label: label.split(" · ")[1] });
    await expectAccessible(page, isHydrated);
    await takeScreenshots(page, "alert-rule");
    await page.getByRole("button", { name: "Create rule" }).click();
    await expect(page).toHaveURL(/\/settings\/alerts$/);
    const row = page.locator("tr", { hasText: rule });
    await expect(row).toContainText("the whole namespace · Failed");
    await expect(row).toContainText(channel);
    await expectFitsPhone(page, isHydrated);
    await takeScreenshots(page, "alert-rules");

    await row.getByRole("link", { name: rule }).click();
    await page.locator("summary", { hasText: "Silence" }).click();
    await page.getByRole("dialog").getByLabel("For").selectOption("24");
    await page.getByRole("dialog").getByRole("button", { name: "Silence" }).click();
    await expect(page).toHaveURL(/\/settings\/alerts$/);
    await row.getByRole("link", { name: rule }).click();
    await expect(page.locator("main")).toContainText("Silent until");
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(row).toHaveCount(0);
    await open("/settings/channels");
    await page.getByRole("link", { name: channel }).click();
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(page.locator("tr", { hasText: channel })).toHaveCount(0);
  });
});

test.describe("refused", () => {
  test.use({ expectedConsoleErrors: [/status of 4\d\d/] });

  test("a hook that leads into the machine's network is refused at its field", async ({ page, open }) => {
    await open("/settings/channels/new");
    await page.locator("#channel-new-name").fill("kept");
    await page.locator("#channel-new-target").fill("http://169.254.169.254/latest/meta-data");
    await page.getByRole("button", { name: "Create channel" }).click();
    await expect(page.locator("#channel-new-target")).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator("#channel-new-name")).toHaveValue("kept");
  });
});
