// https://grafana.com/docs/k6/latest/javascript-api/k6-metrics/
import { book } from "./book.mjs";

class Metric {
  constructor(name) {
    this.values = book.metrics[name] = [];
  }
  add(value) {
    if (typeof value !== "number") throw new TypeError(`${value} is no number`);
    this.values.push(value);
  }
}

export const [Counter, Trend] = [class extends Metric {}, class extends Metric {}];
