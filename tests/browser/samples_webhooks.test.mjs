// The sample sites of examples/ deliver exactly once, whether the browser comes back, or a webhook
// comes, or neither (interfaces.md 1.3, 1.4).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { cancel, choose, openOrder, purchase, SAMPLES, start } from "./samples.mjs";
import { buy, goToService, heading, receiptNumber, shows } from "./support.mjs";

/** A purchase's webhook, for an order of this reference. */
function completed(reference, receipt_number) {
  const data = {
    type: "purchase", reference, service: "anime-1", quantity: 1, amount: 300, currency: "JPY",
    status: "completed", receipt_number, completed_at: "2026-11-23T21:00:00+09:00",
  };
  return { type: "purchase.completed", timestamp: "2026-11-23T21:00:00+09:00", data };
}

for (const name of Object.keys(SAMPLES)) {
  test(`${name}: an order whose browser never comes back is delivered by the webhook alone`, async (t) => {
    const { demo, site, context, page } = await start(t, name);
    const number = await purchase(page, demo);
    await page.close();
    await site.says(new RegExp(`^delivered .* receipt ${number} by webhook$`));
    const again = await context.newPage();
    await again.goto(site.origin);
    await shows(again, `お届け済み 受付番号 ${number} (webhook)`);
    assert.equal(site.done().length, 1);
  });

  test(`${name}: webhook and browser deliver once between them`, async (t) => {
    const { demo, site, page } = await start(t, name);
    const number = await purchase(page, demo);
    await site.says(/by webhook$/);
    await goToService(page);
    await heading(page, "サンプルショップ");
    await shows(page, `お届け済み 受付番号 ${number} (webhook)`);
    assert.equal(site.done().length, 1);
  });

  test(`${name}: what the site missed while it was down is found by asking`, async (t) => {
    const { demo, site, context, page } = await start(t, name);
    await choose(page, demo, "映画館パック");
    await site.kill();
    await buy(page);
    const number = await receiptNumber(page);
    await page.close();
    await site.start();
    // It asks before it listens, so no webhook was faster.
    assert.match(site.done()[0], new RegExp(`^delivered .* receipt ${number} by reconciliation$`));

    const again = await context.newPage();
    await choose(again, demo, "を解約");
    await site.kill();
    await again.getByRole("button", { name: "解約", exact: true }).click();
    await heading(again, "解約手続き完了");
    await again.close();
    await site.start();
    assert.match(site.done()[1], /^ended K-\d{12} because of customer by reconciliation$/);
    assert.equal(site.done().length, 2);
  });

  test(`${name}: a contract's end comes by webhook, with its reason`, async (t) => {
    const { demo, site, page } = await start(t, name);
    for (const reason of ["customer", "operator"]) {
      await purchase(page, demo, "映画館パック");
      await goToService(page);
      await heading(page, "サンプルショップ");
      const label = await page.getByRole("button", { name: "を解約" }).innerText();
      const [contract] = /K-\d{12}/.exec(label);
      if (reason === "customer") await cancel(page, demo);
      else demo.operate("contract", "end", contract, "--line", "CAF0000012573", "--reason", "browser test");
      await site.says(new RegExp(`^ended ${contract} because of ${reason} by webhook$`));
    }
    await page.goto(site.origin);
    assert.equal(await page.getByText("解約済み").count(), 2);
    assert.equal(site.done().length, 4);
  });

  test(`${name}: a webhook that Linepass did not sign is refused and changes nothing`, async (t) => {
    const { demo, site, page } = await start(t, name);
    await choose(page, demo, "名作アニメ1");
    const reference = await openOrder(page, site);
    const event = completed(reference, "100000000016");
    const wrong = {
      "another key": { secret: `whsec_${Buffer.alloc(24, 7).toString("base64")}` },
      "another body": { forge: (body) => body.replace("anime-1", "anime-2") },
      "no JSON": { forge: () => "\u0000" },
      "six minutes old": { now_s: Date.now() / 1000 - 360 },
      "six minutes early": { now_s: Date.now() / 1000 + 360 },
    };
    for (const [what, changes] of Object.entries(wrong)) {
      assert.equal(await site.post(event, changes), 401, what);
    }
    for (const signature of ["", "v1", "v1,", "v2,AAAA", "v1,%%%", "nonsense"]) {
      const headers = { "webhook-id": "1", "webhook-timestamp": String(Math.floor(Date.now() / 1000)), "webhook-signature": signature };
      const answer = await fetch(`${site.origin}/webhook`, { method: "POST", headers, body: JSON.stringify(event) });
      assert.equal(answer.status, 401, signature);
    }
    const large = await fetch(`${site.origin}/webhook`, { method: "POST", body: "x".repeat(70_000) }).catch(() => null);
    assert.ok(large === null || large.status === 413, "a large body is not read to its end");
    assert.equal(await openOrder(page, site), reference);
    assert.deepEqual(site.done(), []);
  });

  test(`${name}: a webhook that comes again delivers once`, async (t) => {
    const { demo, site, page } = await start(t, name);
    await choose(page, demo, "名作アニメ1");
    const first = await openOrder(page, site);
    const id = "msg-1";
    assert.equal(await site.post(completed(first, "100000000016"), { id }), 204);
    assert.equal(await site.post(completed(first, "100000000016"), { id }), 204);
    // The same order under another id, as after a replay by the operator.
    assert.equal(await site.post(completed(first, "100000000016")), 204);
    await site.kill();
    await site.start();
    assert.equal(await site.post(completed(first, "100000000016"), { id }), 204);
    // The id alone decides, whatever else came with it.
    await choose(page, demo, "名作アニメ1");
    const second = await openOrder(page, site);
    assert.equal(await site.post(completed(second, "100000000024"), { id }), 204);
    assert.equal(await openOrder(page, site), second);
    // A type of a later version is taken and left alone.
    assert.equal(await site.post({ type: "purchase.later", data: {} }), 204);
    assert.deepEqual(site.done(), [`delivered ${first} receipt 100000000016 by webhook`]);
  });

  test(`${name}: client secret and webhook key are rotated without a gap`, async (t) => {
    const { demo, site, page } = await start(t, name);
    const works = async () => {
      const number = await purchase(page, demo);
      await site.says(new RegExp(`receipt ${number} by webhook$`));
      await goToService(page);
      await heading(page, "サンプルショップ");
    };
    const rotate = (what, ...how) => demo.operate(...what, "b-sha", ...how, "--reason", "browser test");
    const rotations = { CLIENT_SECRET: ["provider", "rotate-secret"], WEBHOOK_SECRET: ["webhook", "rotate-key"] };
    const drawn = (variable) => path.join(site.folder, variable);
    for (const [variable, command] of Object.entries(rotations)) {
      rotate(command, "--secret-file", drawn(variable));
    }
    await works();
    await site.kill();
    for (const variable of Object.keys(rotations)) {
      site.environment[variable] = readFileSync(drawn(variable), "utf8").trim();
    }
    await site.start();
    await works();
    for (const command of Object.values(rotations)) rotate(command, "--retire-old");
    await works();
    assert.equal(site.done().length, 3);
    // Each was needed: the old ones are over.
    const { client_secret } = demo.said.providers[1];
    const form = new URLSearchParams({ client_id: "b-sha", client_secret, grant_type: "client_credentials" });
    assert.equal((await fetch(`${demo.issuer}/oauth/token`, { method: "POST", body: form })).status, 401);
    assert.equal(await site.post(completed("order-x", "100000000016")), 401);
  });
}
