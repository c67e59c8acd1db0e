// An executor on the unmodified npm package @dalongrong/xxl-job-executor, with the handlers that every
// interoperability client has. The library reads parameters as JSON.
//
// Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import express from "express";

const { SERVER, APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES } = process.env;

mkdirSync(LOG_DIR, { recursive: true });
// Its settings come from the environment only.
Object.assign(process.env, {
  XXL_JOB_EXECUTOR_KEY: APP_NAME,
  XXL_JOB_SCHEDULE_CENTER_URL: `${SERVER}/xxl-job-admin`,
  XXL_JOB_ACCESS_TOKEN: TOKEN,
  XXL_JOB_JOB_LOG_PATH: LOG_DIR,
});
const { default: XxlJobExecutor } = await import("@dalongrong/xxl-job-executor");

const slow = async (logger, parameter) => {
  logger.info("going to sleep");
  await setTimeout(1000 * Number(parameter || 1));
  return "slept";
};

const held = async (logger, parameter) => {
  logger.info("held");
  while (!existsSync(join(RELEASES, String(parameter)))) await setTimeout(100);
  return "released";
};

const jobHandlers = new Map([
  ["ok", async (logger) => {
    logger.info("first line");
    logger.info("second line");
    return "done";
  }],
  ["fail", async () => {
    throw new Error("failed on purpose");
  }],
  ["echo", async (logger, parameter) => {
    logger.info("parameter: %s", parameter);
    return parameter;
  }],
  ["slow", slow],
  ["long", slow],
  ["held", held],
  // The library does not tell a handler its shard.
  ["shard", async () => "shard"],
]);

const app = express();
app.use(express.json());
const executor = new XxlJobExecutor(jobHandlers);
executor.applyMiddleware({ app, appType: "EXPRESS", appDomain: `http://127.0.0.1:${PORT}`, path: "/job" });
app.listen(Number(PORT), "127.0.0.1");
process.on("SIGTERM", async () => {
  await executor.close();
  process.exit(0);
});
