// `<line-chart data-option="{…}" data-unit="%" data-zone="Asia/Shanghai">`: lines over time, drawn by ECharts.
//
// The option comes from the server (`app/src/charts.rs`); here are only what no JSON can say: colours that follow
// the theme, and words of times and values. It is drawn anew when the option, the theme or the size changes.
// Without this script the element shows the outlines that stand in it.

import { LineChart as LineSeries } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

// On a canvas, because the page's policy allows no style attributes, which an SVG of ECharts' has.
use([LineSeries, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

class LineChart extends HTMLElement {
  static observedAttributes = ["data-option"];

  connectedCallback() {
    this.field = document.createElement("div");
    this.field.className = "field";
    this.field.setAttribute("aria-hidden", "true");
    this.append(this.field);
    this.dataset.drawn = "";
    this.chart = init(this.field);
    this.resized = new ResizeObserver(() => this.chart?.resize());
    this.resized.observe(this.field);
    this.themed = new MutationObserver(this.draw);
    this.themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.draw);
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
    this.chart.setOption(completed(option, this.dataset), { notMerge: true });
  };
}

/** The option with the words of times and values, and with the page's fonts. */
function completed(option, { unit, zone }) {
  const language = document.documentElement.lang || "en";
  const clock = (parts) => {
    const format = formatter(language, zone, parts);
    return (at) => format.format(at);
  };
  const [minute, second] = [clock(["hour", "minute"]), clock(["hour", "minute", "second"])];
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const font = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  const edge = colour("var(--color-edge)");
  option.textStyle = font;
  option.xAxis.axisLine = { lineStyle: { color: edge } };
  option.xAxis.axisLabel.formatter = minute;
  option.yAxis.axisLabel.formatter = (value) => number.format(value);
  // Drawn, not written: the page's policy allows no style attributes.
  Object.assign(option.tooltip, {
    renderMode: "richText",
    confine: true,
    textStyle: { ...font, color: colour("var(--color-text)") },
    formatter: (points) => {
      const shown = points.filter(({ value }) => value[1] !== null && value[1] !== undefined);
      const lines = shown.map(({ seriesName, value }) => `${seriesName}  ${number.format(value[1])} ${unit}`);
      return [second(points[0].axisValue), ...lines].join("\n");
    },
  });
  if (option.legend) Object.assign(option.legend, { icon: "roundRect", padding: 0 });
  return option;
}

/** The clock of a zone; of the browser's own where it does not know that one. */
function formatter(language, zone, parts) {
  const digits = Object.fromEntries(parts.map((part) => [part, "2-digit"]));
  try {
    return new Intl.DateTimeFormat(language, { ...digits, hourCycle: "h23", timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat(language, { ...digits, hourCycle: "h23" });
  }
}

/** Puts colours in the place of tokens, wherever they stand. */
function withColours(value) {
  if (typeof value === "string") return value.startsWith("var(--") ? colour(value) : value;
  if (Array.isArray(value)) return value.map(withColours);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withColours(inner)]));
}

const probe = document.createElement("i");
const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** What a token is in the present theme, as ECharts reads colours: it knows neither `light-dark()` nor `oklch()`. */
function colour(token) {
  document.body.append(probe);
  probe.style.color = token;
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = resolved;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

// The script may stand on several pages that are visited in turn.
if (customElements.get("line-chart") === undefined) customElements.define("line-chart", LineChart);
