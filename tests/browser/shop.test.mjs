// A household buys on the sample shop through the pages it sees, by their labels.

import assert from "node:assert/strict";
import test from "node:test";
import {
  LABELS, agree, buy, goToService, heading, isReceiptNumber, logIn, monthInJapan, openBrowser, pressBuy,
  receiptNumber, shows, startDemo, submitLogin,
} from "./support.mjs";

/** Presses the shop's button beside this item. */
async function choose(page, demo, item) {
  await page.goto(demo.shop);
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: item, exact: true }) });
  await card.getByRole("link").first().click();
  await page.waitForURL(/\/login$/);
}

/** The value beside a term of the shop's slip. */
function fact(page, term) {
  const row = page.locator("dl > div").filter({ has: page.locator("dt", { hasText: term }) });
  return row.locator("dd").innerText();
}

test("a monthly service is bought, and the shop shows receipt, contract and first month", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await choose(page, demo, "パックサービス");
  await shows(page, "パックサービス");
  await shows(page, "A社");
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  // the page goes on by itself.
  await page.waitForURL(/\/confirm$/);
  await heading(page, "購入内容確認");
  const main = await page.locator("main").innerText();
  for (const said of [/月額\s*525\s*円/, /解約するまで毎月/, /6,300円/, /sakura01/]) {
    assert.match(main, said);
  }
  await buy(page);
  const number = await receiptNumber(page);
  assert.ok(isReceiptNumber(number), number);
  await goToService(page);
  await heading(page, "ご購入ありがとうございます");
  assert.equal((await fact(page, "申込受付番号")).replaceAll(/\s/g, ""), number);
  assert.equal(await fact(page, "契約番号"), `K-${number}`);
  const [year, month] = monthInJapan().split("-").map(Number);
  assert.equal(await fact(page, "ご請求の開始月"), `${year}年${month}月`);
  assert.equal(demo.purchases(), 1);
});

test("a per-use item is bought", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await choose(page, demo, "名作アニメ1");
  await logIn(page, demo);
  const main = await page.locator("main").innerText();
  for (const said of [/ご購入都度\s*300\s*円/, /解約・キャンセルはできません/, /ご購入から7日間/]) {
    assert.match(main, said);
  }
  await buy(page);
  const number = await receiptNumber(page);
  await goToService(page);
  await heading(page, "ご購入ありがとうございます");
  assert.equal((await fact(page, "申込受付番号")).replaceAll(/\s/g, ""), number);
  assert.match(await fact(page, "金額"), /ご購入都度\s*300円/);
});

test("the same ID cannot have a monthly service twice, another ID may buy it (R-119)", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await choose(page, demo, "パックサービス");
  await logIn(page, demo, "sakura01");
  await buy(page);

  await choose(page, demo, "パックサービス");
  await logIn(page, demo, "sakura01");
  await heading(page, "購入できません");
  await shows(page, "すでにご契約中です");
  await page.getByRole("link", { name: "戻る", exact: true }).click();
  await heading(page, "購入は完了していません");
  assert.equal(demo.purchases(), 1);

  await choose(page, demo, "パックサービス");
  await logIn(page, demo, "sakura02");
  await buy(page);
  assert.equal(demo.purchases(), 2);
});

test("a double click buys once, with and without the page's script (R-033)", async (t) => {
  const demo = await startDemo(t);
  for (const javaScriptEnabled of [true, false]) {
    const page = await (await openBrowser(t, { javaScriptEnabled })).newPage();
    await choose(page, demo, "名作アニメ2");
    await logIn(page, demo);
    await agree(page);
    await page.getByRole("button", { name: "購入", exact: true }).dblclick();
    await heading(page, "購入手続き完了");
  }
  // The next order sees what both of them used.
  const page = await (await openBrowser(t)).newPage();
  await choose(page, demo, "名作アニメ2");
  await logIn(page, demo);
  await shows(page, "今月のご利用 600円");
});

test("back and reload after the completion show it, and a second press buys nothing", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await choose(page, demo, "名作アニメ1");
  await logIn(page, demo);
  await buy(page);
  const number = await receiptNumber(page);
  await page.reload();
  assert.equal(await receiptNumber(page), number);

  await page.goBack();
  await page.locator("h1").waitFor();
  if (page.url().endsWith("/confirm")) {
    await agree(page);
    await pressBuy(page);
  }
  await heading(page, "購入手続き完了");
  assert.equal(await receiptNumber(page), number);
  assert.equal(demo.purchases(), 1);
});

for (const lang of ["ja", "en"]) {
  test(`${lang}: what was bought is cancelled through the shop (R-120 to R-126)`, async (t) => {
    const demo = await startDemo(t);
    const locale = lang === "ja" ? "ja-JP" : "en-GB";
    const page = await (await openBrowser(t, { locale })).newPage();
    const words = {
      ja: { cancel: "解約する", still: "解約は完了していません", done: "解約のお申込みが完了しました", last: "最終課金月", keep: "解約せずに戻る", receipt: "申込受付番号", contract: "契約番号", mine: "購入履歴" },
      en: { cancel: "Cancel", still: "The cancellation was not completed", done: "Your cancellation is complete", last: "Last month charged", keep: "Go back without cancelling", receipt: "Receipt number", contract: "Contract", mine: "Your purchases" },
    }[lang];
    const labels = LABELS[lang];
    await choose(page, demo, "パックサービス");
    await logIn(page, demo, "sakura01", lang);
    await buy(page, lang);
    await goToService(page, lang);
    const contract = await fact(page, words.contract);

    // Turned back, it is not cancelled.
    await page.getByRole("link", { name: words.cancel, exact: true }).click();
    await logIn(page, demo, "sakura01", lang);
    await heading(page, labels.cancelTitle);
    await page.getByRole("link", { name: words.keep, exact: true }).click();
    await heading(page, words.still);

    await page.getByRole("link", { name: words.mine, exact: true }).first().click();
    await page.getByRole("link", { name: words.cancel, exact: true }).click();
    await logIn(page, demo, "sakura01", lang);
    await heading(page, labels.cancelTitle);
    await page.getByRole("button", { name: labels.cancel, exact: true }).click();
    await heading(page, labels.cancelledTitle);
    const number = await receiptNumber(page);
    await page.getByRole("link", { name: "OK", exact: true }).click();
    await heading(page, words.done);
    assert.equal((await fact(page, words.receipt)).replaceAll(/\s/g, ""), number);
    assert.equal(await fact(page, words.contract), contract);
    const [year, month] = monthInJapan().split("-").map(Number);
    const name = new Intl.DateTimeFormat("en-GB", { month: "long" }).format(new Date(year, month - 1));
    const said = lang === "ja" ? `${year}年${month}月` : `${name} ${year}`;
    assert.equal(await fact(page, words.last), said);

    await page.getByRole("link", { name: words.mine, exact: true }).first().click();
    assert.equal(await fact(page, words.last), said);
    assert.equal(await page.getByRole("link", { name: words.cancel, exact: true }).count(), 0);
    assert.equal(demo.decisions("cancel").filter(({ outcome }) => outcome === "accepted").length, 1);
  });
}
