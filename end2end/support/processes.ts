// Executors and servers that xtask started: ended as an accident ends them, and started once more.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
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

/**
 * Processes by name, kept in a file: after a failed test Playwright goes on in another process, which has to know whom
 * this one started.
 */
export class Processes {
  private readonly byName: Record<string, Process>;

  /** Without a file there are none. */
  constructor(private readonly file: string | undefined) {
    this.byName = file ? JSON.parse(readFileSync(file, "utf8")) : {};
  }

  has(name: string): boolean {
    return name in this.byName;
  }

  get(name: string): Process {
    const process = this.byName[name];
    if (!process) throw new Error(`no process ${name}`);
    return process;
  }

  start(name: string, command: Command): void {
    const env = { ...inherited(), ...command.environment };
    const child = spawn(command.program, command.arguments, { cwd: command.folder, env, stdio: "ignore" });
    this.byName[name] = { pid: child.pid!, command };
    if (this.file) writeFileSync(this.file, JSON.stringify(this.byName));
  }

  /** Ends it at once, and starts it again. */
  async restart(name: string): Promise<void> {
    const process = this.get(name);
    if (isThere(process)) kill(process, "SIGKILL");
    // The system frees its port when it is gone, which takes a moment.
    while (isThere(process)) await sleep(50);
    this.start(name, process.command);
  }
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
