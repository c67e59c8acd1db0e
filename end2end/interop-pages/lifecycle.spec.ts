// Executors of each client while runs, processes and servers are ended: on the pages as a person does it, and on the
// processes as an accident does.
//
// Each act begins with all clients at once, and is then looked at client by client.

import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, type Page } from "@playwright/test";
import { runNow } from "../support/jobs.ts";
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

test.describe.configure({ mode: "default", timeout: 180_000 });
let page: Page;

test.beforeAll(async ({ browser }) => {
  // Without scripts a page is there as soon as it is loaded.
  page = await browser.newPage({ baseURL: process.env.ORRERY_TEST_BASE_URL!, javaScriptEnabled: false });
  page.setDefaultTimeout(20_000);
  await signIn(page, false);
});

/** Does `begin` for all clients, then `look` for each, with what `begin` came to. */
function act<T>(name: string, begin: (client: Client) => Promise<T>, look: (client: Client, begun: T) => Promise<void>) {
  test.describe(() => {
    const begun = new Map<string, T>();
    test.beforeAll(async () => {
      for (const client of clients) begun.set(client.name, await begin(client));
    });
    for (const client of clients) test(`${client.name} › ${name}`, () => look(client, begun.get(client.name)!));
  });
}

/** Starts a job by hand; returns the address of its run's page. */
async function run(client: Client, purpose: Purpose, parameter?: string): Promise<string> {
  await page.goto(`/jobs/${client.jobs[purpose]}`);
  await runNow(page, parameter);
  return page.url();
}

/** Loads a run's page until its state is one of `words`. */
async function reaches(address: string, words: RegExp, timeout = 30_000): Promise<void> {
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

// One run each, long enough for all clients to be looked at, and killed then.
test.describe(() => {
  const held = new Map<string, string>();
  test.beforeAll(async () => {
    for (const client of clients) held.set(client.name, await run(client, "held", "120"));
  });
  for (const client of clients) {
    test(`${client.name} › log followed`, async () => {
      await reaches(held.get(client.name)!, /Running/);
      if (!client.servesLog) return;
      await expect(async () => {
        await page.reload();
        await expect(page.locator(".log .lines")).toContainText("going to sleep", { timeout: 500 });
      }).toPass({ timeout: 20_000 });
      await expect(page.locator(".title .st")).toContainText("Running");
    });
  }
  for (const client of clients) {
    test(`${client.name} › kill`, async () => {
      await reaches(held.get(client.name)!, /Running/);
      await page.locator("summary", { hasText: "Kill" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Kill" }).click();
      await reaches(held.get(client.name)!, /Killed/);
      // It waits for the other, if that goes on, or is refused.
      if (client.stopsOnKill) await reaches(await run(client, "held", "1"), /Succeeded/);
    });
  }
});

const twice = (purpose: Purpose) => async (client: Client) => {
  const first = await run(client, purpose, "6");
  await reaches(first, /Running/);
  return [first, await run(client, purpose, "2")] as const;
};

act("serial", twice("serial"), async (client, [first, second]) => {
  await reaches(second, client.queues ? /Succeeded/ : /Failed/);
  await reaches(first, /Succeeded/);
});

act("discard later", twice("discard"), async (_client, [first, second]) => {
  await reaches(second, /Failed/);
  await reaches(first, /Succeeded/);
});

act("cover early", twice("cover"), async (client, [first, second]) => {
  await reaches(second, new RegExp(client.covering));
  await reaches(first, new RegExp(client.covered), 60_000);
});

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
    test(`${client.name} › signs off`, () => online(client, 1, 20_000));
  }
});

test.describe(() => {
  const runs = new Map<string, string>();
  test.beforeAll(async () => {
    // They outlast the start of all of them and of the server, wherever this runs: one library never sends again
    // what it could not send once.
    for (const client of clients) runs.set(client.name, await run(client, "outlasting", "60"));
    for (const client of clients) await reaches(runs.get(client.name)!, /Running/);
    if (processes.has("server")) await processes.restart("server");
    await expect.poll(() => page.request.get("/readyz").then((answer) => answer.ok(), () => false), { timeout: 60_000 }).toBe(true);
  });
  for (const client of clients) {
    test(`${client.name} › server killed and back`, () => reaches(runs.get(client.name)!, /Succeeded/, 120_000));
  }
});

test.describe(() => {
  const runs = new Map<string, string>();
  test.beforeAll(async () => {
    for (const client of clients) runs.set(client.name, await run(client, "orphaned", "300"));
    for (const client of clients) await reaches(runs.get(client.name)!, /Running/);
    for (const client of clients) await processes.restart(client.name);
    await sleep(1000);
  });
  for (const client of clients) {
    test(`${client.name} › executor killed and back`, async () => {
      if (client.isMissed) await reaches(runs.get(client.name)!, /Lost/, 90_000);
      await reaches(await run(client, "orphaned", "1"), /Succeeded/);
    });
  }
});

// One that does not say that it ends is gone after its silence, which has lasted since the others signed off.
for (const client of clients.filter((client) => !client.signsOff)) {
  test(`${client.name} › signs off`, () => online(client, 1, 120_000));
}
