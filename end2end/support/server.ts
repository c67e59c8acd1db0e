// A real server on a fresh SQLite database, and a real executor.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

const repository = resolve(import.meta.dirname, "../..");

/** How long a server may take until it is ready. */
const startLimitMs = 30_000;

/** A running server; `stop` also stops its executors and removes its data. */
export interface RunningServer {
  /** Base address without a slash at its end. */
  url: string;
  /** Everything it printed so far. */
  output(): string;
  /** Creates the demo namespace and starts an executor enrolled in it. */
  startDemoExecutor(): void;
  stop(): Promise<void>;
}

/** Starts a server; `settings` are its environment variables beyond listen address, database and log level. */
export async function startServer(settings: Record<string, string> = {}): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), "orrery-end2end-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = serverEnvironment(folder, port, settings);
  const log = join(folder, "server.log");
  const children = [start(binary("ORRERY_SERVER_BINARY"), ["serve"], environment, log)];
  const stop = async () => {
    await Promise.all(children.reverse().map(end));
    rmSync(folder, { recursive: true, force: true });
  };
  const output = () => readFileSync(log, "utf8");
  try {
    await ready(url, children[0]!);
  } catch (error) {
    const printed = output();
    await stop();
    throw new Error(`${error}\n${printed}`);
  }
  const startDemoExecutor = () => {
    const { app_name, token, namespace } = demoCredentials(environment);
    const options = ["--server", url, "--app-name", app_name, "--namespace", namespace, "--allow-scripts"];
    options.push("--listen", "127.0.0.1:0", "--data-dir", join(folder, "executor"), "--stop-grace", "1");
    const own = { ...inherited(), ORRERY_EXECUTOR_TOKEN: token };
    children.push(start(binary("ORRERY_EXECUTOR_BINARY"), options, own, join(folder, "executor.log")));
  };
  return { url, output, startDemoExecutor, stop };
}

function binary(variable: "ORRERY_SERVER_BINARY" | "ORRERY_EXECUTOR_BINARY"): string {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: start the browser tests with \`cargo xtask test\``);
  return path;
}

/** The server refuses variables that it does not know: ours, for the tests, must not reach it. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ORRERY_")));
}

function serverEnvironment(folder: string, port: number, settings: Record<string, string>): NodeJS.ProcessEnv {
  return {
    ...inherited(),
    ORRERY_DATABASE_URL: `sqlite:${join(folder, "orrery.db")}`,
    ORRERY_LISTEN: `127.0.0.1:${port}`,
    // A debug build reads the site from disk; these are Leptos' own names for where it lies.
    LEPTOS_OUTPUT_NAME: "orrery",
    LEPTOS_SITE_ROOT: "target/site",
    LEPTOS_SITE_PKG_DIR: "pkg",
    LEPTOS_HASH_FILES: "true",
    ...settings,
  };
}

interface Credentials {
  app_name: string;
  token: string;
  namespace: string;
}

function demoCredentials(environment: NodeJS.ProcessEnv): Credentials {
  const options = { env: environment, cwd: repository, encoding: "utf8" } as const;
  const printed = execFileSync(binary("ORRERY_SERVER_BINARY"), ["demo", "--json"], options);
  return JSON.parse(printed.trim().split("\n").at(-1)!);
}

function start(executable: string, options: string[], env: NodeJS.ProcessEnv, log: string): ChildProcess {
  const file = openSync(log, "a");
  try {
    return spawn(executable, options, { env, cwd: repository, stdio: ["ignore", file, file] });
  } finally {
    closeSync(file);
  }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`the server is not ready after ${startLimitMs} ms`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  // The server promises to leave within 10 s.
  await Promise.race([ended, sleep(12_000).then(() => child.kill("SIGKILL"))]);
}
