// `<topology-map data-option="{…}" data-open="/topology?open=" data-focus="job-7">`: the map, drawn by ECharts.
//
// A click on a box goes to `data-open` with the box's id behind it; the box in `data-chosen` is marked, and the one in
// `data-focus` is scrolled to.

import { GraphChart } from "echarts/charts";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colour, define, DrawnElement, font } from "./chart/drawn.js";

// On a canvas, because the page's policy allows no style attributes, which an SVG of ECharts' has.
use([GraphChart, CanvasRenderer]);

class TopologyMap extends DrawnElement {
  static observedAttributes = ["data-option", "data-chosen", "data-focus"];

  begun() {
    // What scrolls is reached by keyboard.
    this.tabIndex = 0;
    this.chart.on("click", ({ dataType, data }) => {
      if (dataType === "node") this.follow(data.id);
    });
  }

  /** As if a link had been clicked: the page's router takes those. */
  follow(id) {
    const link = document.createElement("a");
    link.href = this.dataset.open + encodeURIComponent(id);
    this.append(link);
    link.click();
    link.remove();
  }

  completed(option) {
    const [series] = [option.series].flat();
    option.textStyle = font();
    for (const part of Object.values(series.label.rich)) part.fontFamily = font().fontFamily;
    const chosen = series.data.find(({ id }) => id === this.dataset.chosen);
    if (chosen) {
      const marked = { color: colour("var(--color-accent-weak)"), borderColor: colour("var(--color-accent)"), borderWidth: 2 };
      chosen.itemStyle = { ...chosen.itemStyle, ...marked };
    }
    this.field.style.width = `${this.dataset.width}px`;
    this.field.style.height = `${this.dataset.height}px`;
    this.chart.resize();
    this.look(series);
    return option;
  }

  /** Scrolls to what is looked for, once; at first, else, to what is open. */
  look(series) {
    const focus = this.dataset.focus || (this.seen === undefined && this.dataset.chosen) || "";
    if (this.seen === focus) return;
    this.seen = focus;
    const node = series.data.find(({ id }) => id === focus);
    if (node === undefined) return;
    this.scrollTo({ left: node.x - this.clientWidth / 2, top: node.y - this.clientHeight / 2 });
  }
}

define("topology-map", TopologyMap);
