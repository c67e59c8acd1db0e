// Executors of each client while runs, processes and servers are ended: on the pages as a person does it, and on the
// processes as an accident does.
//
// Each act begins with all clients at once, and is then looked at client by client.

import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, type Page } from "@playwright/test";
import { runNow } from "../support/jobs.ts";
import { freePort } from "../support/ports.ts";
import { kill, Processes } from "../support/processes.ts";
import { signIn } from "../support/sign-in.ts";

type Purpose = "held" | "serial" | "discard" | "cover" | "broadcast" | "outlasting" | "orphaned";

/** A client as xtask tells of it. */
interface Client {
  /** Also its executor's and its process's. */
  name: string;
  /** Its executor's. */
  id: number;
  /** Jobs that only a person starts. */
  jobs: Record<Purpose, number>;
  servesLog: boolean;
  stopsOnKill: boolean;
  /** Whether a run waits there for the one before it. */
  queues: boolean;
  /** How a run ends whose place a later one takes, and the later one. */
  covered: string;
  covering: string;
  signsOff: boolean;
  /** Whether the server finds out that it has forgotten a run. */
  isMissed: boolean;
}

const clients: Client[] = JSON.parse(process.env.ORRERY_INTEROP_CLIENTS ?? "[]");
const processes = new Processes(process.env.ORRERY_INTEROP_PROCESSES);

test.describe.configure({ mode: "default" });
let page: Page;

test.beforeAll(async ({ browser }) => {
  // Without scripts a page is there as soon as it is loaded.
  page = await browser.newPage({ baseURL: process.env.ORRERY_TEST_BASE_URL!, javaScriptEnabled: false });
  page.setDefaultTimeout(20_000);
  await signIn(page, false);
});

/** Does `begin` for all clients, then `look` for each, with what `begin` came to; at the end nothing is held. */
function act<T>(name: string, begin: (client: Client) => Promise<T>, look: (client: Client, begun: T) => Promise<void>) {
  test.describe(() => {
    const begun = new Map<string, T>();
    test.beforeAll(async () => {
      for (const client of clients) begun.set(client.name, await begin(client));
    });
    test.afterAll(releaseAll);
    for (const client of clients) test(`${client.name} › ${name}`, () => look(client, begun.get(client.name)!));
  });
}

/** A run that was started here. */
interface Started {
  /** Of its page. */
  address: string;
  /** Lets it end. */
  release(): void;
}

const held = new Set<string>();

function release(parameter: string): void {
  writeFileSync(join(process.env.ORRERY_INTEROP_RELEASES!, parameter), "");
  held.delete(parameter);
}

function releaseAll(): void {
  for (const parameter of held) release(parameter);
}

/** Starts a job by hand, whose run goes on until it is released. Its parameter is a number, which is JSON, too. */
async function hold(client: Client, purpose: Purpose): Promise<Started> {
  const parameter = String(randomInt(1e9, 1e10));
  held.add(parameter);
  await page.goto(`/jobs/${client.jobs[purpose]}`);
  await runNow(page, parameter);
  return { address: page.url(), release: () => release(parameter) };
}

/**
 * The same of a run that is under way. Where the machine is busy, an answer may come too late, and its run is lost:
 * then there is another one.
 */
async function underWay(client: Client, purpose: Purpose): Promise<Started> {
  for (let attempt = 1; ; attempt += 1) {
    const started = await hold(client, purpose);
    await reaches(started.address, /Running|Lost|Failed/);
    const state = await page.locator(".title .st").innerText();
    if (state.includes("Running") || attempt === 3) return started;
    started.release();
  }
}

/** The same of a run that ends by itself. */
async function run(client: Client, purpose: Purpose): Promise<string> {
  const { address, release } = await hold(client, purpose);
  release();
  return address;
}

/** Loads a run's page until its state is one of `words`. */
async function reaches(address: string, words: RegExp, timeout = 60_000): Promise<void> {
  await expect(async () => {
    await page.goto(address);
    await expect(page.locator(".title .st")).toContainText(words, { timeout: 500 });
  }).toPass({ timeout });
}

/** Loads an executor's page until so many of its instances are there. */
async function online(client: Client, count: number, timeout = 60_000): Promise<void> {
  await expect(async () => {
    await page.goto(`/executors/${client.id}`);
    await expect(page.getByRole("cell", { name: "Online", exact: true })).toHaveCount(count, { timeout: 500 });
  }).toPass({ timeout });
}

// One run each, which is looked at for all clients, and killed then.
test.describe(() => {
  const runs = new Map<string, Started>();
  test.beforeAll(async () => {
    for (const client of clients) runs.set(client.name, await underWay(client, "held"));
  });
  test.afterAll(releaseAll);
  for (const client of clients) {
    test(`${client.name} › log followed`, async () => {
      await reaches(runs.get(client.name)!.address, /Running/);
      if (!client.servesLog) return;
      await expect(async () => {
        await page.reload();
        await expect(page.locator(".log .lines")).toContainText("held", { timeout: 500 });
      }).toPass({ timeout: 60_000 });
      await expect(page.locator(".title .st")).toContainText("Running");
    });
  }
  for (const client of clients) {
    test(`${client.name} › kill`, async () => {
      const { address } = runs.get(client.name)!;
      await reaches(address, /Running/);
      await page.locator("summary", { hasText: "Kill" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Kill" }).click();
      await reaches(address, /Killed/);
      // It waits for the other, if that goes on, or is refused.
      if (client.stopsOnKill) await reaches(await run(client, "held"), /Succeeded/);
    });
  }
});

/** A run, and the next one of its job while it goes on. */
const twice = (purpose: Purpose) => async (client: Client) => {
  const first = await underWay(client, purpose);
  return [first, await run(client, purpose)] as const;
};

act("serial", twice("serial"), async (client, [first, second]) => {
  if (!client.queues) await reaches(second, /Failed/);
  first.release();
  await reaches(first.address, /Succeeded/);
  if (client.queues) await reaches(second, /Succeeded/);
});

act("discard later", twice("discard"), async (_client, [first, second]) => {
  await reaches(second, /Failed/);
  first.release();
  await reaches(first.address, /Succeeded/);
});

act(
  "cover early",
  async (client) => {
    const [first, second] = await twice("cover")(client);
    // Where the earlier one goes on, nobody holds it: one library forgets it when the later one ends.
    if (client.covered === "Succeeded") first.release();
    return [first, second] as const;
  },
  async (client, [first, second]) => {
    await reaches(second, new RegExp(client.covering));
    await reaches(first.address, new RegExp(client.covered));
  },
);

/** The process of a client's second instance. */
const second = (client: Client) => `second ${client.name}`;

act(
  "broadcast",
  async (client) => {
    if (processes.has(second(client))) return;
    const { command } = processes.get(client.name);
    const environment = { PORT: String(await freePort()), LOG_DIR: `${command.environment.LOG_DIR}-second` };
    processes.start(second(client), { ...command, environment: { ...command.environment, ...environment } });
  },
  async (client) => {
    await online(client, 2);
    const whole = await run(client, "broadcast");
    await reaches(whole, /Succeeded/);
    await expect(page.locator(".counts")).toContainText("succeeded2");
    const shards = page.getByRole("table", { name: "Shards" });
    await expect(shards.getByRole("link", { name: "0", exact: true })).toBeVisible();
    await expect(shards.getByRole("link", { name: "1", exact: true })).toBeVisible();
  },
);

test.describe(() => {
  test.beforeAll(() => {
    for (const client of clients) kill(processes.get(second(client)), "SIGTERM");
  });
  for (const client of clients.filter((client) => client.signsOff)) {
    test(`${client.name} › signs off`, () => online(client, 1, 45_000));
  }
});

test.describe(() => {
  const runs = new Map<string, Started>();
  test.beforeAll(async () => {
    for (const client of clients) runs.set(client.name, await underWay(client, "outlasting"));
    if (processes.has("server")) await processes.restart("server");
    await expect.poll(() => page.request.get("/readyz").then((answer) => answer.ok(), () => false), { timeout: 60_000 }).toBe(true);
  });
  test.afterAll(releaseAll);
  for (const client of clients) {
    test(`${client.name} › server killed and back`, async () => {
      const { address, release } = runs.get(client.name)!;
      release();
      await reaches(address, /Succeeded/, 120_000);
    });
  }
});

test.describe(() => {
  const runs = new Map<string, Started>();
  test.beforeAll(async () => {
    for (const client of clients) runs.set(client.name, await underWay(client, "orphaned"));
    for (const client of clients) await processes.restart(client.name);
  });
  for (const client of clients) {
    test(`${client.name} › executor killed and back`, async () => {
      if (client.isMissed) await reaches(runs.get(client.name)!.address, /Lost/, 90_000);
      // Until it listens again a run is refused.
      await expect(async () => reaches(await run(client, "orphaned"), /Succeeded/, 5_000)).toPass({ timeout: 120_000 });
    });
  }
});

// One that does not say that it ends is gone after its silence, which has lasted since the others signed off.
for (const client of clients.filter((client) => !client.signsOff)) {
  test(`${client.name} › signs off`, () => online(client, 1, 120_000));
}
