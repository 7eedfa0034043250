// The harness: the real binary with a folder of its own, a real browser, and a provider's site
// that uses openid-client. Every test has its own ports and folders.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { ProviderSite } from "./provider.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Cargo's folder: where the binary under test is, and where screenshots go. */
export const TARGET = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
const BINARY = process.env.LINEPASS_BIN ?? path.join(TARGET, "debug", "linepass");
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A password hash that costs next to nothing, little free space, and patience with a machine that other
 * tests keep busy: settings, not code paths. */
const SETTINGS = {
  LINEPASS__PASSWORD__HASH_MEMORY_KIB: "64",
  LINEPASS__PASSWORD__HASH_PASSES: "1",
  LINEPASS__STORE__MIN_FREE_SPACE_BYTES: "16777216",
  LINEPASS__OVERLOAD__QUEUE_TARGET_MS: "1000",
};

/** What a person looks for on the pages, in both languages. */
export const LABELS = {
  ja: {
    id: "フレッツ・パスポートID", password: "パスワード", login: "ログイン", here: "ここ",
    consent: "承諾する", buy: "購入", use: "サービスを利用する", back: "購入せずに戻る",
    confirmTitle: "購入内容確認", completeTitle: "購入手続き完了",
    cancel: "解約", cancelTitle: "解約内容確認", cancelledTitle: "解約手続き完了",
  },
  en: {
    id: "Passport ID", password: "Password", login: "Log in", here: "here",
    consent: "I agree", buy: "Buy", use: "Use the service", back: "Go back without buying",
    confirmTitle: "Check your order", completeTitle: "Purchase complete",
    cancel: "Cancel contract", cancelTitle: "Check what you cancel", cancelledTitle: "Contract cancelled",
  },
};

/** A running `linepass demo` and the site of a provider that is registered with it. */
class Demo {
  constructor(child, folder, said, site) {
    Object.assign(this, { child, folder, said, site, issuer: said.issuer, shop: said.shop });
  }

  password(id) {
    const all = this.said.lines.flatMap((line) => line.passport_ids);
    return all.find((one) => one.passport_id === id).password;
  }

  /** The decision lines of its log with this action. */
  decisions(action) {
    const lines = readFileSync(path.join(this.folder, "stderr.log"), "utf8").split("\n");
    const read = lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
    return read.filter((line) => line.action === action);
  }

  /** How many purchases were made, repeated presses left out. */
  purchases() {
    const made = this.decisions("purchase").filter((one) => one.outcome === "accepted");
    return made.filter((one) => one.reason !== "repeated").length;
  }

  /** One of the operator's commands against this server; what it printed. */
  operate(...command) {
    const env = {
      ...process.env,
      LINEPASS_OPERATOR_URL: this.said.operator,
      LINEPASS_OPERATOR_TOKEN_FILE: this.said.operator_token_file,
    };
    return execFileSync(BINARY, [...command, "--json"], { env, encoding: "utf8" });
  }

  /** Restricts the sample line of sakura01 and sakura02, or lifts that. */
  bar(verb, kind) {
    const { customer_id: line } = this.said.lines.find(({ passport_ids: ids }) =>
      ids.some(({ passport_id: id }) => id === "sakura01"));
    this.operate("line", verb, line, "--kind", kind, "--reason", "browser test");
  }

  async end() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
    await this.site.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts the demo and a provider's site; both end with the test. With `change` the demo is started
 * twice, and its sample is changed in between; `settings` are its environment; `listen` makes the
 * site, which may ask for more of the demo's arguments. */
export async function startDemo(t, change, settings = {}, listen = ProviderSite.listen) {
  assert.ok(existsSync(BINARY), `${BINARY} is missing: run cargo build`);
  const folder = mkdtempSync(path.join(tmpdir(), "linepass-browser-"));
  if (change) {
    const first = await run(folder, settings, listen);
    const ended = once(first.child, "exit");
    first.child.kill("SIGTERM");
    await ended;
    await first.site.close();
    const file = path.join(folder, "data", "demo.json");
    const sample = JSON.parse(readFileSync(file, "utf8"));
    change(sample);
    writeFileSync(file, JSON.stringify(sample));
  }
  const { child, said, site } = await run(folder, settings, listen);
  const demo = new Demo(child, folder, said, site);
  t.after(() => demo.end());
  const ours = said.providers.find((one) => one.redirect_uris.includes(site.redirectUri));
  await site.connect(said.issuer, ours);
  return demo;
}

/** One run of the demo in this folder, with a provider's site of its own. */
async function run(folder, settings, listen) {
  const site = await listen();
  const log = openSync(path.join(folder, "stderr.log"), "w");
  const args = ["demo", "--json", "--data", path.join(folder, "data"), "--redirect-uri", site.redirectUri];
  args.push(...(site.demoArguments ?? []));
  const env = { ...process.env, ...SETTINGS, ...settings };
  const child = spawn(BINARY, args, { env, stdio: ["ignore", "pipe", log] });
  closeSync(log);
  const lines = readline.createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => text),
    once(child, "exit").then(() => null),
  ]);
  if (line === null) {
    const why = readFileSync(path.join(folder, "stderr.log"), "utf8");
    await site.close();
    assert.fail(`the demo did not start: ${why}`);
  }
  return { child, said: JSON.parse(line), site };
}

let launched;
after(async () => (await launched)?.close());

/** One browser for a test file, with a profile folder of its own. */
function browser() {
  launched ??= chromium.launch({
    executablePath: BROWSER,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  return launched;
}

/** A household's own browser window: no cookies yet, and every complaint of a page is kept. */
export async function openBrowser(t, options = {}) {
  const context = await (await browser()).newContext({ locale: "ja-JP", ...options });
  const complaints = [];
  context.on("page", (page) => listen(page, complaints));
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, [], "a page complained to the console");
  });
  return context;
}

/** Console errors (a violated Content-Security-Policy is one) and uncaught exceptions. A page that
 * answers with 4xx is told to the console as well: that is the answer, not a fault of the page. */
function listen(page, complaints) {
  const documents = new Set();
  page.on("request", (request) => {
    if (request.isNavigationRequest()) documents.add(request.url());
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const from = message.location().url;
    const status = message.text().startsWith("Failed to load resource: the server responded");
    if (message.type() !== "error" || (status && documents.has(from))) return;
    complaints.push(`${page.url()}: ${message.text()} (${from})`);
  });
}

/** Types ID and password and presses ログイン. */
export async function submitLogin(page, id, password, lang = "ja") {
  const words = LABELS[lang];
  await page.getByLabel(words.id, { exact: true }).fill(id);
  await page.getByLabel(words.password, { exact: true }).fill(password);
  await page.getByRole("button", { name: words.login, exact: true }).click();
}

/** Logs in and goes on by the link ここ, or with the page if that is faster. */
export async function logIn(page, demo, id = "sakura01", lang = "ja") {
  await submitLogin(page, id, demo.password(id), lang);
  await page.waitForURL(/\/(success|confirm)$/);
  const link = page.getByRole("link", { name: LABELS[lang].here, exact: true });
  const arrived = page.waitForURL(/\/(confirm|callback.*)$/);
  await Promise.race([link.click().catch(() => {}).then(() => arrived), arrived]);
}

/** Ticks 承諾する. */
export async function agree(page, lang = "ja") {
  await page.getByLabel(LABELS[lang].consent, { exact: true }).check();
}

/** Presses 購入. */
export async function pressBuy(page, lang = "ja") {
  await page.getByRole("button", { name: LABELS[lang].buy, exact: true }).click();
}

/** Ticks, presses, and is on the completion page. */
export async function buy(page, lang = "ja") {
  await agree(page, lang);
  await pressBuy(page, lang);
  await page.waitForURL(/\/complete$/);
  await heading(page, LABELS[lang].completeTitle);
}

/** The change of the sample that gives the test's own provider a monthly service. */
export function withMonthly(sample) {
  const seller = sample.providers.find((one) => one.services.some(({ service }) => service === "anime-1"));
  const like = seller.services.find(({ service }) => service === "anime-1");
  seller.services.push({ ...like, ...MONTHLY });
}

const MONTHLY = { service: "cinema", name: "映画館パック", kind: "monthly", unit_price: 980 };

/** Buys that service; the contract's number. */
export async function subscribe(page, demo, id = "sakura01", lang = "ja") {
  await page.goto(await demo.site.begin({ service: MONTHLY.service, amount: MONTHLY.unit_price }));
  await logIn(page, demo, id, lang);
  await buy(page, lang);
  await goToService(page, lang);
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
  return demo.site.receipt().contract;
}

/** Goes to the provider by サービスを利用する. */
export async function goToService(page, lang = "ja") {
  await page.getByRole("link", { name: LABELS[lang].use, exact: true }).click();
}

/** Presses Tab until this has the focus, and sees that the focus can be seen. */
export async function tabTo(page, locator) {
  const hasFocus = () => locator.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await hasFocus()) {
      const outline = await locator.evaluate((element) => {
        const width = (one) => parseFloat(getComputedStyle(one).outlineWidth);
        const drawn = (one) => getComputedStyle(one).outlineStyle !== "none" && width(one) >= 2;
        return drawn(element) || drawn(element.closest("label") ?? element);
      });
      assert.ok(outline, "the focus cannot be seen");
      return;
    }
  }
  assert.fail(`Tab never reached ${locator}`);
}

/** Waits for the page with this heading. */
export async function heading(page, name) {
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
}

/** Waits for a text on the page. */
export async function shows(page, text) {
  await page.getByText(text).first().waitFor();
}

/** The error that the provider's site was told, once the browser is back there. */
export async function errorAtProvider(page, demo) {
  await page.waitForURL((url) => url.href.startsWith(demo.site.redirectUri));
  return new URL(page.url()).searchParams.get("error");
}

/** The receipt number on the completion page, without its spaces. */
export async function receiptNumber(page) {
  return (await page.locator(".slip-number").innerText()).replaceAll(/\s/g, "");
}

/** Whether the number's last digit is right (Luhn). */
export function isReceiptNumber(number) {
  if (!/^\d{12}$/.test(number)) return false;
  const digits = [...number].reverse().map(Number);
  const parts = digits.map((digit, place) => (place % 2 ? digit * 2 - (digit > 4 ? 9 : 0) : digit));
  return parts.reduce((sum, part) => sum + part) % 10 === 0;
}

/** This month in Japan, as receipts write it. */
export function monthInJapan() {
  return new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7);
}
