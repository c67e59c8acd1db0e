// Lighthouse's scores of pages, as a desktop sees them: the first argument is a session's cookie, the others are the
// pages' URLs. Prints a line of JSON for each: url, performance, accessibility, bestPractices (0 to 100), and the
// titles of what was found wanting.

import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const categories = { performance: "performance", accessibility: "accessibility", bestPractices: "best-practices" };

const [cookie, ...urls] = process.argv.slice(2);
const chrome = await launch({ chromeFlags: ["--headless=new", "--no-sandbox", "--lang=en"] });
try {
  for (const url of urls) {
    const options = {
      port: chrome.port,
      onlyCategories: Object.values(categories),
      extraHeaders: { Cookie: cookie },
      // It would forget the session's cookies with it.
      disableStorageReset: true,
    };
    const { lhr } = await lighthouse(url, options, desktopConfig);
    const judged = { url, wanting: [] };
    for (const [name, id] of Object.entries(categories)) {
      judged[name] = Math.round(lhr.categories[id].score * 100);
      for (const { id: audit, weight } of lhr.categories[id].auditRefs) {
        const { score, title } = lhr.audits[audit];
        if (weight > 0 && score !== null && score < 0.9) judged.wanting.push(title);
      }
    }
    console.log(JSON.stringify(judged));
  }
} finally {
  chrome.kill();
}
