// Executors and servers that xtask started: ended as an accident ends them, and started once more.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What it takes to start a process. */
export interface Command {
  program: string;
  arguments: string[];
  environment: Record<string, string>;
  folder: string;
}

/** A process of somebody's. */
export interface Process {
  pid: number;
  command: Command;
}

/** Starts it; it ends with this process. `environment` goes before the command's own. */
export function start(command: Command, environment: Record<string, string> = {}): Process {
  const env = { ...inherited(), ...command.environment, ...environment };
  const child = spawn(command.program, command.arguments, { cwd: command.folder, env, stdio: "ignore" });
  return { pid: child.pid!, command };
}

/** Ends it at once, and starts it again. */
export async function restart(process: Process): Promise<Process> {
  kill(process, "SIGKILL");
  // The system frees its port when it is gone, which takes a moment.
  while (isThere(process)) await sleep(50);
  return start(process.command);
}

export function kill({ pid }: Process, signal: NodeJS.Signals): void {
  process.kill(pid, signal);
}

/** Whether it runs; one that has ended and that nobody has asked for does not. */
function isThere({ pid }: Process): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The server refuses variables that it does not know: those for the tests must not reach it. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ORRERY_")));
}
