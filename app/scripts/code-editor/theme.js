// The look of the editor in the theme's tokens. Its own styles stand outside of every layer, so that only such
// ones can be above them; the colours of a language are in `style/code.css`.

import { EditorView } from "@codemirror/view";

const active = "color-mix(in oklab, var(--color-accent) 6%, transparent)";
const selected = "color-mix(in oklab, var(--color-accent) 24%, transparent)";
const control = {
  border: "1px solid var(--color-edge)",
  borderRadius: "var(--radius-s)",
  background: "var(--color-surface)",
  color: "var(--color-text)",
  fontSize: "12px",
};

export const theme = EditorView.theme({
  "&": {
    minHeight: "240px",
    maxHeight: "70vh",
    border: "1px solid var(--color-edge)",
    borderRadius: "var(--radius-m)",
    background: "var(--color-surface)",
    color: "var(--color-text)",
    overflow: "hidden",
  },
  "&.cm-focused": {
    borderColor: "var(--color-accent)",
    outline: "2px solid color-mix(in oklab, var(--color-accent) 25%, transparent)",
  },
  "&:has(.cm-content[aria-invalid])": { borderColor: "var(--color-fail-mark)" },
  ".cm-scroller": { font: "400 13px/20px var(--font-mono)", fontVariantLigatures: "none" },
  ".cm-content": { caretColor: "var(--color-text)", minHeight: "238px" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--color-text)" },
  ".cm-gutters": {
    borderRight: "1px solid var(--color-line)",
    background: "var(--color-sunken)",
    color: "var(--color-faint)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { background: active },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: selected,
  },
  ".cm-selectionMatch, .cm-searchMatch": { background: "var(--color-late-wash)" },
  ".cm-searchMatch-selected": { outline: "1px solid var(--color-late-mark)" },
  "&.cm-focused .cm-matchingBracket": { background: selected },
  "&.cm-focused .cm-nonmatchingBracket": { background: "var(--color-fail-wash)" },
  ".cm-panels": { background: "var(--color-sunken)", color: "var(--color-text)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--color-line)" },
  ".cm-panel.cm-search": { padding: "6px 28px 6px 8px" },
  ".cm-panel.cm-search label": { fontSize: "12px" },
  ".cm-panel .cm-textfield": control,
  ".cm-panel .cm-button": { ...control, backgroundImage: "none" },
});
