// `<state-chart data-option="{…}">`: bars of states, or a ring of their shares, drawn by ECharts.

import { BarChart, LineChart, PieChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colour, define, drawnTooltip, DrawnElement, font, language } from "./chart/drawn.js";

// On a canvas, because the page's policy allows no style attributes, which an SVG of ECharts' has.
use([BarChart, LineChart, PieChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

class StateChart extends DrawnElement {
  completed(option) {
    const number = new Intl.NumberFormat(language());
    const short = new Intl.NumberFormat(language(), { notation: "compact" });
    option.textStyle = font();
    for (const axis of [option.xAxis ?? []].flat()) {
      axis.axisLine = { lineStyle: { color: colour("var(--color-edge)") } };
    }
    for (const axis of [option.yAxis ?? []].flat()) axis.axisLabel.formatter = (value) => short.format(value);
    // Both fields are pointed at together.
    if (option.xAxis) option.axisPointer = { link: [{ xAxisIndex: "all" }] };
    Object.assign(option.tooltip, drawnTooltip(), {
      formatter: (points) => {
        if (!Array.isArray(points)) return `${points.name}  ${number.format(points.value)}`;
        const lines = points.map(({ seriesName, value }) => `${seriesName}  ${number.format(value)}`);
        return [points[0].axisValue, ...lines].join("\n");
      },
    });
    if (option.legend) Object.assign(option.legend, { icon: "roundRect", padding: 0 });
    return option;
  }
}

define("state-chart", StateChart);
