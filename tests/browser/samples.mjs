// The sample sites of examples/, each a process of its own as a provider would run it, beside the
// demo and the browser.

import assert from "node:assert/strict";
import { createHmac, randomInt, randomUUID } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { buy, heading, logIn, openBrowser, receiptNumber, startDemo, TARGET } from "./support.mjs";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));
const CATALOGUE = path.join(EXAMPLES, "catalogue.toml");
const PYTHON = process.env.LINEPASS_SAMPLE_PYTHON ?? path.join(TARGET, "sample-python", "bin", "python");
const PATIENCE_MS = 30_000;

/** How each is started, and what must have been installed for it. */
export const SAMPLES = {
  node: {
    command: [process.execPath, path.join(EXAMPLES, "node", "shop.mjs")],
    needs: path.join(EXAMPLES, "node", "node_modules"),
    install: "npm ci --prefix examples/node",
  },
  python: {
    command: [PYTHON, path.join(EXAMPLES, "python", "shop.py")],
    needs: PYTHON,
    install: "python3 -m venv target/sample-python && " +
      "target/sample-python/bin/pip install -r examples/python/requirements.txt",
  },
};

/** A port that nobody has. The site is told its port before it starts, so none is held for it: it is
 * drawn from below the range out of which the kernel gives ports away. */
async function freePort() {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((closed) => server.close(closed));
    return port;
  }
  return assert.fail("no free port");
}

/** A sample site; `startDemo` takes `listener(name)` for it. */
export class SampleSite {
  /** What it said on its standard output, over all its starts. */
  lines = [];

  /** Makes a site that Linepass sends webhooks to, or none. */
  static listener(name, { webhooks = true } = {}) {
    return async () => new SampleSite(name, await freePort(), webhooks);
  }

  constructor(name, port, webhooks) {
    const sample = SAMPLES[name];
    assert.ok(existsSync(sample.needs), `${sample.needs} is missing: ${sample.install}`);
    this.command = sample.command;
    this.origin = `http://127.0.0.1:${port}`;
    this.port = port;
    this.redirectUri = `${this.origin}/callback`;
    this.demoArguments = webhooks ? ["--webhook-url", `${this.origin}/webhook`] : [];
    this.folder = mkdtempSync(path.join(tmpdir(), "linepass-sample-"));
  }

  async connect(issuer, provider) {
    this.secret = provider.webhook_secret ?? "";
    this.environment = {
      PATH: process.env.PATH, ISSUER: issuer, CLIENT_ID: provider.client_id, CLIENT_SECRET: provider.client_secret,
      WEBHOOK_SECRET: this.secret, PORT: String(this.port), STORE: path.join(this.folder, "store"),
    };
    await this.start();
  }

  /** Starts it, and waits until it listens. */
  async start() {
    const [program, ...args] = this.command;
    const errors = [];
    this.child = spawn(program, args, { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
    readline.createInterface({ input: this.child.stderr }).on("line", (line) => errors.push(line));
    const output = readline.createInterface({ input: this.child.stdout });
    output.on("line", (line) => {
      this.lines.push(line);
      this.child.emit("said");
    });
    const before = this.lines.length;
    const listens = () => this.lines.slice(before).some((line) => line.startsWith("listening"));
    const gone = once(this.child, "close").then(() => assert.fail(`the site ended: ${errors.join("\n")}`));
    gone.catch(() => {});
    await Promise.race([this.#until(listens, "that it listens"), gone]);
  }

  /** Ends it in the middle of whatever it does. */
  async kill() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "close");
    this.child.kill("SIGKILL");
    await ended;
  }

  async close() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Waits until it says this; the line. */
  async says(pattern) {
    const find = () => this.lines.find((line) => pattern.test(line));
    await this.#until(find, pattern);
    return find();
  }

  /** What it delivered and ended, in order. */
  done() {
    return this.lines.filter((line) => /^(delivered|ended) /.test(line));
  }

  async #until(holds, what) {
    const giveUp = AbortSignal.timeout(PATIENCE_MS);
    while (!holds()) {
      await once(this.child, "said", { signal: giveUp }).catch(() =>
        assert.fail(`the site never said ${what}: ${this.lines.join("\n")}`));
    }
  }

  /** Posts a webhook as Linepass would, with whatever is changed; the status of the answer. */
  async post(event, { id = `msg-${randomUUID()}`, secret = this.secret, now_s = Date.now() / 1000, forge = (b) => b } = {}) {
    const body = JSON.stringify(event);
    const timestamp = String(Math.floor(now_s));
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}`,
    };
    const response = await fetch(`${this.origin}/webhook`, { method: "POST", headers, body: forge(body) });
    return response.status;
  }
}

/** The demo, with the services of the samples, and a sample site. */
export async function start(t, name, options) {
  const demo = await startDemo(t, undefined, {}, SampleSite.listener(name, options));
  demo.operate("service", "add", "b-sha", CATALOGUE, "--reason", "browser test");
  const context = await openBrowser(t);
  const page = await context.newPage();
  await page.goto(demo.site.origin);
  await heading(page, "サンプルショップ");
  return { demo, site: demo.site, context, page };
}

/** Presses a button of the site's first page, and logs in. */
export async function choose(page, demo, label) {
  await page.goto(demo.site.origin);
  await page.getByRole("button", { name: label }).click();
  await logIn(page, demo);
}

/** Buys, up to the page with the receipt number. */
export async function purchase(page, demo, label = "名作アニメ1") {
  await choose(page, demo, label);
  await buy(page);
  return receiptNumber(page);
}

/** Presses 解約 on the site, logs in, and presses it again. */
export async function cancel(page, demo) {
  await choose(page, demo, "を解約");
  await page.getByRole("button", { name: "解約", exact: true }).click();
  await heading(page, "解約手続き完了");
}

/** The reference of the order that the site shows as open. */
export async function openOrder(page, site) {
  await page.goto(site.origin);
  const text = await page.getByRole("listitem").filter({ hasText: "確認中" }).innerText();
  return /order-[0-9a-f-]+/.exec(text)[0];
}

/** Where サービスを利用する or OK would send the browser, without going there. */
export async function wayBack(page, link = "サービスを利用する") {
  const href = await page.getByRole("link", { name: link, exact: true }).getAttribute("href");
  const answer = await page.context().request.get(new URL(href, page.url()).href, { maxRedirects: 0 });
  return new URL(answer.headers().location);
}
