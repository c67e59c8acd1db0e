// An executor on the unmodified npm package xxl-job, with the handlers that every interoperability client has.
//
// Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR.

import { mkdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import express from "express";
import { createXxlJobExecutor } from "xxl-job";

const { SERVER, APP_NAME, TOKEN, PORT, LOG_DIR } = process.env;

// The library writes its logs below the working directory.
mkdirSync(LOG_DIR, { recursive: true });
process.chdir(LOG_DIR);

const slow = async (logger, _request, parameter) => {
  logger.info("going to sleep");
  await setTimeout(1000 * Number(parameter || 1));
  return "slept";
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
  ["echo", async (logger, _request, parameter) => {
    logger.info(`parameter: ${parameter}`);
    return parameter;
  }],
  ["slow", slow],
  ["long", slow],
  ["held", slow],
  ["shard", async (_logger, { broadcastIndex, broadcastTotal }) => `shard ${broadcastIndex} of ${broadcastTotal}`],
]);

const app = express();
app.use(express.json());
app.listen(Number(PORT), "127.0.0.1", async () => {
  const executor = createXxlJobExecutor({
    app,
    jobHandlers,
    appType: "express",
    logStorage: "local",
    accessToken: TOKEN,
    baseUrl: `http://127.0.0.1:${PORT}`,
    executorKey: APP_NAME,
    scheduleCenterUrl: `${SERVER}/xxl-job-admin`,
  });
  await executor.initialization();
  process.on("SIGTERM", async () => {
    await executor.cancel();
    process.exit(0);
  });
});
