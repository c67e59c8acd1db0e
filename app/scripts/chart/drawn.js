// What the elements share that ECharts draws: the option in `data-option` comes from the server (`app/src/charts.rs`);
// it is drawn anew when the option, the theme or the size changes. Without scripts an element shows what stands in it.

import { init } from "echarts/core";

/** An element that is drawn. Those derived from it complete the option with what no JSON can say. */
export class DrawnElement extends HTMLElement {
  static observedAttributes = ["data-option"];

  connectedCallback() {
    this.field = document.createElement("div");
    this.field.className = "field";
    this.name(this.dataset.label);
    this.append(this.field);
    this.dataset.drawn = "";
    this.chart = init(this.field);
    this.resized = new ResizeObserver(() => this.chart?.resize());
    this.resized.observe(this.field);
    this.themed = new MutationObserver(this.draw);
    this.themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.draw);
    this.begun();
    this.draw();
  }

  disconnectedCallback() {
    this.resized.disconnect();
    this.themed.disconnect();
    this.dark.removeEventListener("change", this.draw);
    this.chart.dispose();
    this.chart = undefined;
    this.field.remove();
    delete this.dataset.drawn;
  }

  attributeChangedCallback() {
    this.draw();
  }

  draw = () => {
    if (this.chart === undefined) return;
    const option = withColours(JSON.parse(this.dataset.option));
    this.chart.setOption(this.completed(option), { notMerge: true });
  };

  /** An element that is no image itself, for it holds more than the chart, names the chart in `data-label`. */
  name(label) {
    if (label === undefined) return this.field.setAttribute("aria-hidden", "true");
    this.field.setAttribute("role", "img");
    this.field.setAttribute("aria-label", label);
  }

  /** Called once the chart is there. */
  begun() {}

  /** The option with what it lacks. */
  completed(option) {
    return option;
  }
}

/** The page's language. */
export const language = () => document.documentElement.lang || "en";

/** The page's font, at the size of labels. */
export const font = () => ({ fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 });

/** A tooltip that is drawn, not written: the page's policy allows no style attributes. */
export const drawnTooltip = () => ({
  renderMode: "richText",
  confine: true,
  textStyle: { ...font(), color: colour("var(--color-text)") },
});

/** Puts colours in the place of tokens, wherever they stand. */
function withColours(value) {
  if (typeof value === "string") return value.startsWith("var(--") ? colour(value) : value;
  if (Array.isArray(value)) return value.map(withColours);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withColours(inner)]));
}

const probe = document.createElement("i");
const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
let known = new Map();
let knownFor = "";

/** What a token is in the present theme, as ECharts reads colours: it knows neither `light-dark()` nor `oklch()`. */
export function colour(token) {
  const theme = `${document.documentElement.dataset.theme} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  // A map names the same few colours thousands of times.
  if (theme !== knownFor) [known, knownFor] = [new Map(), theme];
  if (!known.has(token)) known.set(token, resolved(token));
  return known.get(token);
}

function resolved(token) {
  document.body.append(probe);
  probe.style.color = token;
  const computed = getComputedStyle(probe).color;
  probe.remove();
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = computed;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

/** Defines an element; the script may stand on several pages that are visited in turn. */
export function define(name, element) {
  if (customElements.get(name) === undefined) customElements.define(name, element);
}
