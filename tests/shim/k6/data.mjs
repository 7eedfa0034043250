// https://grafana.com/docs/k6/latest/javascript-api/k6-data/sharedarray/
export class SharedArray {
  constructor(_name, make) {
    return Object.freeze(make());
  }
}
