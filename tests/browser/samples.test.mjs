// The sample sites of examples/ do what docs/integration.md asks of a provider: log in, buy, cancel, and
// refuse what is not theirs (interfaces.md 1, 1.1, 1.2). Without webhooks: the browser brings it all.

import assert from "node:assert/strict";
import test from "node:test";
import { cancel, choose, openOrder, purchase, SAMPLES, start, wayBack } from "./samples.mjs";
import { buy, goToService, heading, openBrowser, receiptNumber, shows, submitLogin } from "./support.mjs";

const REFUSED = "確認できませんでした";

/** Logs in on the site, without an order. */
async function logInAlone(page, demo, id = "sakura01") {
  await page.getByRole("button", { name: "ログイン", exact: true }).click();
  await submitLogin(page, id, demo.password(id));
  await heading(page, "サンプルショップ");
  await shows(page, "ログイン中");
}

for (const name of Object.keys(SAMPLES)) {
  test(`${name}: a household logs in and sees its contracts`, async (t) => {
    const { demo, site, page } = await start(t, name, { webhooks: false });
    await logInAlone(page, demo);
    await shows(page, "ご契約: なし");
    await purchase(page, demo, "映画館パック");
    await goToService(page);
    await shows(page, /ご契約: cinema \(K-\d{12}\)/);
    // Who logs in elsewhere finds what that passport ID bought; nobody else does.
    for (const [id, seen] of [["sakura01", 1], ["sakura02", 0]]) {
      const other = await (await openBrowser(t)).newPage();
      await other.goto(site.origin);
      await logInAlone(other, demo, id);
      assert.equal(await other.getByText("お届け済み").count(), seen, id);
    }
    assert.equal(site.done().length, 1);
  });

  test(`${name}: the site is killed during a purchase, and delivers once when the browser is back`, async (t) => {
    const { demo, site, page } = await start(t, name, { webhooks: false });
    await choose(page, demo, "名作アニメ1");
    await site.kill();
    await buy(page);
    const number = await receiptNumber(page);
    const to = await wayBack(page);
    assert.equal(to.searchParams.get("iss"), demo.issuer);
    await site.start();
    // The new process knows the flow: it takes the code, though it found the purchase by asking.
    // Opened again, the same address finds the order delivered, and its code is not used twice.
    for (let visit = 0; visit < 2; visit += 1) {
      await page.goto(to.href);
      await heading(page, "サンプルショップ");
      await shows(page, number);
    }
    assert.equal(site.done().length, 1);
    assert.equal(demo.purchases(), 1);
  });

  test(`${name}: the browser brings the receipt, and the order is delivered by it`, async (t) => {
    const { demo, site, page } = await start(t, name, { webhooks: false });
    const number = await purchase(page, demo);
    await goToService(page);
    await heading(page, "サンプルショップ");
    await shows(page, `お届け済み 受付番号 ${number} (callback)`);
    await page.reload();
    await shows(page, `お届け済み 受付番号 ${number} (callback)`);
    assert.equal(site.done().length, 1);
    assert.match(site.done()[0], new RegExp(`^delivered order-[0-9a-f-]+ receipt ${number} by callback$`));
  });

  test(`${name}: who turns back has bought nothing`, async (t) => {
    const { demo, site, page } = await start(t, name, { webhooks: false });
    await choose(page, demo, "名作アニメ1");
    await page.getByRole("link", { name: "購入せずに戻る", exact: true }).click();
    await heading(page, "手続きは完了していません");
    await openOrder(page, site);
    assert.deepEqual(site.done(), []);
  });

  test(`${name}: a contract is cancelled on the site, and ends there`, async (t) => {
    const { demo, site, page } = await start(t, name, { webhooks: false });
    await purchase(page, demo, "映画館パック");
    await goToService(page);
    await cancel(page, demo);
    await page.getByRole("link", { name: "OK", exact: true }).click();
    await heading(page, "サンプルショップ");
    await shows(page, "解約済み 最終課金月");
    await shows(page, "ご契約: なし");
    assert.equal(await page.getByRole("button", { name: "を解約" }).count(), 0);
    assert.equal(site.done().length, 2);
    assert.match(site.done()[1], /^ended K-\d{12} because of customer by callback$/);
  });

  test(`${name}: a changed state, a wrong iss and a foreign code are refused (RFC 9700, RFC 9207)`, async (t) => {
    const { demo, site, page } = await start(t, name, { webhooks: false });
    const refuses = async (visitor, url) => {
      const answer = await visitor.goto(url.href);
      assert.equal(answer.status(), 400, url.href);
      await heading(visitor, REFUSED);
    };
    const changed = (url, key, value) => {
      const other = new URL(url);
      if (value === undefined) other.searchParams.delete(key);
      else other.searchParams.set(key, value);
      return other;
    };
    await purchase(page, demo);
    const first = await wayBack(page);
    await purchase(page, demo);
    const second = await wayBack(page);
    const stranger = await (await openBrowser(t)).newPage();
    await refuses(stranger, second);
    for (const state of [undefined, "x", "__proto__", first.searchParams.get("state")]) {
      await refuses(page, changed(second, "state", state));
    }
    for (const iss of [undefined, "https://linepass.example", `${demo.issuer}/`]) {
      await refuses(page, changed(second, "iss", iss));
    }
    for (const code of [undefined, "x", first.searchParams.get("code")]) {
      await refuses(page, changed(second, "code", code));
    }
    assert.deepEqual(site.done(), []);
    // None of that cost the household its order.
    await page.goto(second.href);
    await heading(page, "サンプルショップ");
    assert.equal(site.done().length, 1);
  });
}
