// Pictures of pages: the first argument is the console's URL, the second a session's cookie, the third the folder for
// the pictures, and each further one a picture as JSON: name, path, and, if wanted, theme (`light`), language (`en`),
// width and height (1440 × 900).

import { chromium } from "@playwright/test";

const [base, cookie, folder, ...pictures] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.ORRERY_CHROMIUM, args: ["--no-sandbox"] });
try {
  for (const picture of pictures.map((text) => JSON.parse(text))) {
    const { name, path, theme = "light", language = "en", width = 1440, height = 900 } = picture;
    const context = await browser.newContext({
      baseURL: base,
      colorScheme: theme,
      locale: language === "zh" ? "zh-CN" : "en-GB",
      // So that letters are as fine as on the screens of those who read.
      deviceScaleFactor: 2,
      viewport: { width, height },
    });
    const [key, value] = cookie.split("=");
    await context.addCookies([{ name: key, value, url: base }]);
    const page = await context.newPage();
    await page.goto(path);
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });
    await context.close();
  }
} finally {
  await browser.close();
}
