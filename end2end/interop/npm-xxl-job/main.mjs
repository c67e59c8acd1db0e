// An executor on the unmodified npm package xxl-job, with the handlers that every interoperability client has.
//
// Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import express from "express";
import { createXxlJobExecutor } from "xxl-job";

const { SERVER, APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES } = process.env;

// The library writes its logs below the working directory.
mkdirSync(LOG_DIR, { recursive: true });
process.chdir(LOG_DIR);

const slow = async (logger, _request, parameter) => {
  logger.info("going to sleep");
  await setTimeout(1000 * Number(parameter || 1));
  return "slept";
};

const held = async (logger, _request, parameter) => {
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
  ["echo", async (logger, _request, parameter) => {
    logger.info(`parameter: ${parameter}`);
    return parameter;
  }],
  ["slow", slow],
  ["long", slow],
  ["held", held],
  ["shard", async (_logger, { broadcastIndex, broadcastTotal }) => `shard ${broadcastIndex} of ${broadcastTotal}`],
]);

// A heartbeat that finds no server rejects a promise that the library does not look at, which would end the process.
process.on("unhandledRejection", (reason) => console.error(reason));

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
    // Without a server there is nobody to sign off from.
    await executor.cancel().catch((reason) => console.error(reason));
    process.exit(0);
  });
});
