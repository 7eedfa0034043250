// The commands of docs/integration.md are run as they stand there, with a household's browser in
// between.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import readline from "node:readline";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { wayBack } from "./samples.mjs";
import { buy, logIn, openBrowser, receiptNumber, startDemo } from "./support.mjs";

const GUIDE = readFileSync(fileURLToPath(new URL("../../docs/integration.md", import.meta.url)), "utf8");

/** The commands under this mark. */
function commands(mark) {
  const found = new RegExp(`<!-- by hand: ${mark} -->\n\`\`\`sh\n([^]*?)\`\`\``).exec(GUIDE);
  assert.ok(found, `the guide has no commands marked ${mark}`);
  return found[1];
}

test("the guide's purchase by hand works as it is written", async (t) => {
  const demo = await startDemo(t);
  const { client_id, client_secret } = demo.said.providers[1];
  const env = { PATH: process.env.PATH, ISSUER: demo.issuer, CLIENT_ID: client_id, CLIENT_SECRET: client_secret };
  const script = ["push", "exchange", "ask"].map(commands).join("\n");
  const shell = spawn("bash", ["--norc", "-euo", "pipefail", "-c", script], { env, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(shell, "close");
  const lines = readline.createInterface({ input: shell.stdout })[Symbol.asyncIterator]();

  const page = await (await openBrowser(t)).newPage();
  await page.goto((await lines.next()).value);
  await logIn(page, demo);
  await buy(page);
  const number = await receiptNumber(page);
  const to = await wayBack(page);
  assert.equal(to.origin + to.pathname, "http://127.0.0.1:9876/callback");
  shell.stdin.end(`${to.searchParams.get("code")}\n`);

  let rest = "";
  for await (const line of lines) rest += `${line}\n`;
  assert.deepEqual(await ended, [0, null]);
  const [exchanged, asked] = rest.split(/^(?=\{)/m).map((text) => JSON.parse(text));
  assert.deepEqual([asked], exchanged);
  assert.deepEqual([asked.reference, asked.receipt_number], ["hand-1", number]);
});
