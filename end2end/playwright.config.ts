// Started by `cargo xtask test`, which builds the server and says in the environment where everything is.
//
// Every spec runs twice: in a page that WebAssembly has taken over, and in one without JavaScript.

import { defineConfig } from "@playwright/test";

const chromium = process.env.ORRERY_CHROMIUM;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results/artefacts",
  globalSetup: "./support/global-setup.ts",
  forbidOnly: Boolean(process.env.CI),
  // A test that passes only when repeated has failed.
  retries: 0,
  // The server, the executor and two browsers share the machine with each other.
  workers: 2,
  // A first page of 1,500 lines takes a loaded machine 45 s; what does not come at all is told by `expect`.
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
    // Recorded, specs take 1.6 times as long, and nobody opens what a gate recorded.
    trace: process.env.CI ? "off" : "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "hydrated", use: { browserName: "chromium" } },
    { name: "no-javascript", use: { browserName: "chromium", javaScriptEnabled: false } },
  ],
});
