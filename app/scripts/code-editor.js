// `<code-editor data-mode="shell">` around a `<textarea>`: an editor with highlighting in its place.
//
// The textarea stays the form's field: what is typed is written back to it at once. Without this script it is
// simply what one types in.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { loadLanguage } from "./code-editor/languages.js";
import { phrases } from "./code-editor/phrases.js";
import { theme } from "./code-editor/theme.js";

class CodeEditor extends HTMLElement {
  async connectedCallback() {
    const field = this.querySelector("textarea");
    const language = await loadLanguage(this.dataset.mode);
    // Gone again, or taken over twice, while the language was on its way.
    if (field === null || !this.isConnected || this.view !== undefined) return;
    this.view = new EditorView({
      state: EditorState.create({ doc: field.value, extensions: extensions(field, language) }),
    });
    field.after(this.view.dom);
    // The label and the links of errors lead to the editor; the field keeps nothing but its name and text.
    this.controlId ||= field.id;
    field.removeAttribute("id");
    this.view.contentDOM.id = this.controlId;
    field.hidden = true;
    this.observer = new MutationObserver(() => this.view.dispatch({}));
    this.observer.observe(field, { attributeFilter: ["aria-invalid", "aria-describedby"] });
    this.labelOf()?.addEventListener("click", this.focusEditor);
  }

  disconnectedCallback() {
    this.observer?.disconnect();
    this.labelOf()?.removeEventListener("click", this.focusEditor);
    this.view?.destroy();
    this.view = undefined;
  }

  focusEditor = () => this.view?.focus();

  labelOf() {
    return this.controlId ? document.querySelector(`label[for="${CSS.escape(this.controlId)}"]`) : null;
  }
}

/** All that the editor can, writing what is typed back to `field`. */
function extensions(field, language) {
  // Styles of the editor itself carry the nonce of the page's scripts; nothing else may add any.
  const nonce = document.querySelector("script[nonce]")?.nonce ?? "";
  const label = field.labels?.[0]?.textContent?.trim() ?? field.getAttribute("aria-label") ?? "";
  return [
    EditorView.cspNonce.of(nonce),
    theme,
    EditorState.phrases.of(phrases(document.documentElement.lang)),
    EditorState.readOnly.of(field.readOnly),
    EditorState.tabSize.of(4),
    indentUnit.of("    "),
    lineNumbers(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightSelectionMatches(),
    search({ top: true }),
    field.readOnly ? [] : [highlightActiveLine(), highlightActiveLineGutter()],
    syntaxHighlighting(classHighlighter),
    language,
    // Tab indents; Escape and then Tab leaves the editor, which the help under it says.
    keymap.of([{ key: "Mod-s", run: () => submit(field) }, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
    field.readOnly ? [] : keymap.of([indentWithTab]),
    typedOver,
    EditorView.contentAttributes.of(() => attributes(field, label)),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        field.value = update.state.doc.toString();
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }),
  ];
}

/**
 * What is typed over a selection. Left to itself, Chromium keeps the look of what was there in a `style` attribute,
 * which the page's policy refuses with an error on the console.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { state, composing } = view;
    const isTyped = event.inputType === "insertText" && event.data !== null && !composing;
    if (!isTyped || state.readOnly || state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch({ ...state.replaceSelection(event.data), userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

/** What the field tells of itself, told by the editor. */
function attributes(field, label) {
  const told = { "aria-label": label, "aria-readonly": String(field.readOnly) };
  for (const name of ["aria-invalid", "aria-describedby"]) {
    const value = field.getAttribute(name);
    if (value !== null) told[name] = value;
  }
  return told;
}

function submit(field) {
  if (field.readOnly) return false;
  field.form?.requestSubmit();
  return true;
}

// The script may stand on several pages that are visited in turn.
if (customElements.get("code-editor") === undefined) customElements.define("code-editor", CodeEditor);
