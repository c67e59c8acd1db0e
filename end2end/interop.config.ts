// The pages of runs that real executors carried out. Started by `cargo xtask test` while its interoperability server
// still runs; the environment says where it is and which runs to look at.

import { defineConfig } from "@playwright/test";
import specs from "./playwright.config.ts";

const { globalSetup: _theirServer, ...common } = specs;

export default defineConfig({
  ...common,
  testDir: "interop-pages",
  outputDir: "test-results/interop",
  workers: 1,
  // What all clients begin in turn takes minutes where the machine is slow. Said here, it holds for hooks, too.
  timeout: 600_000,
  projects: specs.projects!.filter((project) => project.name === "hydrated"),
});
