// https://grafana.com/docs/k6/latest/javascript-api/k6-http/: blocking, as k6's are, so each request is a curl.
import { spawnSync } from "node:child_process";
import { book } from "./book.mjs";

// What is sent is curl's standard input: nothing of it stands in a list of processes.
const quoted = (text) => `"${String(text).replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r")}"`;

function send(method, url, body, params = {}) {
  for (const name of Object.keys(params)) {
    if (!["headers", "redirects", "tags"].includes(name)) throw new TypeError(`${name} is not stood in for`);
  }
  const headers = { ...params.headers };
  if (body !== undefined) headers["Content-Type"] ??= "application/x-www-form-urlencoded";
  if (book.jar.size > 0) headers.Cookie = [...book.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const lines = [`url = ${quoted(url)}`, `request = ${method}`, "silent", "show-error", "include", "max-time = 60"];
  for (const [name, value] of Object.entries(headers)) lines.push(`header = ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) lines.push(`data-binary = ${quoted(new URLSearchParams(body))}`);
  const began = performance.now();
  const ran = spawnSync("curl", ["--config", "-"], { input: lines.join("\n"), encoding: "utf8" });
  if (ran.error) throw new Error(`curl: ${ran.error.message}; install it: apt-get install curl`);
  const duration = performance.now() - began;
  if (ran.status !== 0) {
    return { status: 0, error: ran.stderr.trim(), body: null, headers: {}, timings: { duration }, json: () => undefined };
  }
  const answer = { ...read(ran.stdout), error: "", timings: { duration } };
  // By default k6 follows; the scripts here say how far they want to go, and that is nowhere.
  if (answer.status >= 300 && answer.status < 400 && params.redirects !== 0) throw new Error("redirects are not stood in for");
  return answer;
}

// One answer with its head; the names of headers are spelled as Go spells them.
function read(text) {
  const end = text.indexOf("\r\n\r\n");
  const [first, ...fields] = text.slice(0, end).split("\r\n");
  const headers = {};
  for (const field of fields) {
    const at = field.indexOf(":");
    const name = field.slice(0, at).toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    const value = field.slice(at + 1).trim();
    headers[name] = value;
    if (name === "Set-Cookie") keep(value);
  }
  const body = text.slice(end + 4);
  const json = (key) => (key === undefined ? JSON.parse(body) : JSON.parse(body)[key]);
  return { status: Number(first.split(" ")[1]), headers, body, json };
}

function keep(cookie) {
  const [pair, ...attributes] = cookie.split(";").map((part) => part.trim());
  const at = pair.indexOf("=");
  if (attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute))) book.jar.delete(pair.slice(0, at));
  else book.jar.set(pair.slice(0, at), pair.slice(at + 1));
}

export default {
  get: (url, params) => send("GET", url, undefined, params),
  post: (url, body, params) => send("POST", url, body, params),
};
