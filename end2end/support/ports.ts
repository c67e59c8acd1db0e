import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A TCP port of this host that is free now: below those that Linux gives to outgoing connections, one of which would
 * have it before the process that is to listen there is up.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
