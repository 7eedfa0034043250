// https://grafana.com/docs/k6/latest/javascript-api/k6-execution/
import { book } from "./book.mjs";

export default {
  scenario: {
    get startTime() { return book.began_ms; },
    get iterationInTest() { return book.iterations; },
  },
};
