// The languages of the run modes. Each is a file of its own, loaded where a job is written in it.

import { StreamLanguage } from "@codemirror/language";

const LANGUAGES = {
  shell: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/shell")).shell),
  python: async () => (await import("@codemirror/lang-python")).python(),
  python2: async () => (await import("@codemirror/lang-python")).python(),
  php: async () => (await import("@codemirror/lang-php")).php(),
  node: async () => (await import("@codemirror/lang-javascript")).javascript(),
  power_shell: async () =>
    StreamLanguage.define((await import("@codemirror/legacy-modes/mode/powershell")).powerShell),
  // Java is near enough to Groovy to be coloured as it.
  groovy: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/groovy")).groovy),
};

/** What colours the text of a run mode; nothing where the mode is unknown or its file cannot be had. */
export async function loadLanguage(mode) {
  try {
    return (await LANGUAGES[mode]?.()) ?? [];
  } catch {
    return [];
  }
}
