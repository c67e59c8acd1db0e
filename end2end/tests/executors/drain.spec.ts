// Draining an instance on `/executors/:id`.

import { expect, expectAccessible, expectFitsPhone, takeScreenshots, test } from "../../support/test.ts";
import { freshName } from "../../support/executors.ts";

test("an instance drains and is taken back, and that nobody takes runs any more is told", async ({
  page,
  open,
  isHydrated,
}) => {
  await open("/executors/new");
  await page.getByLabel("App name").fill(freshName("drained"));
  await page.getByLabel("Title").fill("Typed by hand");
  await page.getByRole("radio", { name: /Typed addresses/ }).check();
  await page.getByRole("textbox", { name: /^Addresses/ }).fill("http://127.0.0.1:19001\nhttp://127.0.0.1:19002");
  await page.getByRole("button", { name: "Create executor" }).click();
  const line = (port: number) => page.getByRole("row", { name: `127.0.0.1:${port}` });
  await expect(line(19001)).toContainText("Online");
  await page.getByRole("button", { name: "Drain 127.0.0.1:19001" }).click();
  await expect(line(19001)).toContainText("Draining");
  await expect(line(19002)).toContainText("Online");
  await expect(page.getByRole("note")).toHaveCount(0);
  await page.getByRole("button", { name: "Drain 127.0.0.1:19002" }).click();
  await expect(page.getByRole("note")).toContainText("Every instance drains");
  await expectAccessible(page, isHydrated);
  await page.getByRole("button", { name: "Take back 127.0.0.1:19001" }).click();
  await expect(line(19001)).toContainText("Online");
  await expect(page.getByRole("note")).toHaveCount(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "Drain 127.0.0.1:19001" }).click();
  await expect(line(19001)).toContainText("Draining");
  await expectFitsPhone(page, isHydrated);
  if (isHydrated) await takeScreenshots(page, "executor-drain");
});
