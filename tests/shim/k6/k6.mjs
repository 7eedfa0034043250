// https://grafana.com/docs/k6/latest/javascript-api/k6/
import { book } from "./book.mjs";

export function check(value, checks) {
  return Object.entries(checks).every(([name, holds]) => {
    const passed = Boolean(holds(value));
    const told = (book.checks[name] ??= { passes: 0, fails: 0 });
    told[passed ? "passes" : "fails"] += 1;
    return passed;
  });
}

export function fail(message) {
  throw new Error(message);
}
