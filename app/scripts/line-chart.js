// `<line-chart data-option="{…}" data-unit="%" data-zone="Asia/Shanghai">`: lines over time, drawn by ECharts.
//
// Here are only the words of times and values, for they are functions.

import { LineChart as LineSeries } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colour, define, drawnTooltip, DrawnElement, font, language } from "./chart/drawn.js";

// On a canvas, because the page's policy allows no style attributes, which an SVG of ECharts' has.
use([LineSeries, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

class LineChart extends DrawnElement {
  completed(option) {
    const { unit, zone } = this.dataset;
    const clock = (parts) => {
      const format = formatter(language(), zone, parts);
      return (at) => format.format(at);
    };
    const [minute, second] = [clock(["hour", "minute"]), clock(["hour", "minute", "second"])];
    const number = new Intl.NumberFormat(language(), { maximumFractionDigits: 2 });
    option.textStyle = font();
    option.xAxis.axisLine = { lineStyle: { color: colour("var(--color-edge)") } };
    option.xAxis.axisLabel.formatter = minute;
    option.yAxis.axisLabel.formatter = (value) => number.format(value);
    Object.assign(option.tooltip, drawnTooltip(), {
      formatter: (points) => {
        const shown = points.filter(({ value }) => value[1] !== null && value[1] !== undefined);
        const lines = shown.map(({ seriesName, value }) => `${seriesName}  ${number.format(value[1])} ${unit}`);
        return [second(points[0].axisValue), ...lines].join("\n");
      },
    });
    if (option.legend) Object.assign(option.legend, { icon: "roundRect", padding: 0 });
    return option;
  }
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

define("line-chart", LineChart);
