// What is refused, how it is said, and what the provider learns of it.

import assert from "node:assert/strict";
import test from "node:test";
import {
  agree, buy, errorAtProvider, goToService, heading, logIn, openBrowser, pressBuy, receiptNumber,
  shows, startDemo, submitLogin,
} from "./support.mjs";

/** What the sample IDs may use a month, in yen. */
const LIMIT = 10_000;

/** A window that stands on the login page of an order. */
async function arrive(t, demo, order = {}, more = {}) {
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin(order, more));
  await heading(page, "ログイン");
  return page;
}

/** The status of the answer that `act` brings. */
async function statusAfter(page, act) {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    act(),
  ]);
  return answer.status();
}

/** The page's text without what differs on every answer. */
async function textOf(page) {
  const text = await page.locator("body").innerText();
  return text.replace(/お問い合わせ番号: \S+/, "");
}

/** Opens エラーについて. It has a tab of its own: the page answers a POST, and a browser that leaves
 * such a page cannot come back to it. */
async function readAboutErrors(page) {
  const link = page.getByRole("main").getByRole("link", { name: /^エラーについて/ });
  const opened = page.context().waitForEvent("page");
  await link.click();
  const help = await opened;
  await heading(help, "エラーについて");
  await help.close();
}

test("every failed login gets one page, whatever its cause (R-170)", async (t) => {
  const demo = await startDemo(t);
  const attempts = [
    ["sakura01", "not-the-password"],
    ["nobody99", "not-the-password"],
    ["momiji01", demo.password("momiji01")],
  ];
  const texts = [];
  for (const [id, password] of attempts) {
    const page = await arrive(t, demo);
    assert.equal(await statusAfter(page, () => submitLogin(page, id, password)), 403, id);
    await heading(page, "ログインエラー");
    texts.push(await textOf(page));
    await readAboutErrors(page);
    await page.getByRole("link", { name: /^←?戻る$/ }).click();
    assert.equal(await errorAtProvider(page, demo), "access_denied", id);
  }
  const plain = texts.map((text) => text.replaceAll(demo.site.origin, ""));
  assert.deepEqual(new Set(plain).size, 1, texts.join("\n----\n"));
});

test("after a wrong password the right one goes on", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo);
  await submitLogin(page, "sakura01", "not-the-password");
  await page.getByRole("link", { name: "もう一度ログインする" }).click();
  await logIn(page, demo);
  await buy(page);
});

test("an ID whose line cannot be checked is told so, and the provider learns why", async (t) => {
  const demo = await startDemo(t);
  for (const id of ["kaede001", "tsubaki1"]) {
    const page = await arrive(t, demo, {}, { acr_values: "urn:linepass:acr:line" });
    const press = () => submitLogin(page, id, demo.password(id));
    assert.equal(await statusAfter(page, press), 403);
    await heading(page, "購入できません");
    await shows(page, "IDを取得した回線からのログインが必要です");
    await page.getByRole("link", { name: "戻る", exact: true }).click();
    assert.equal(await errorAtProvider(page, demo), "unmet_authentication_requirements");
  }
});

test("an order over the limit is said before the tick, and refused when pressed anyway", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo, { service: "support", amount: LIMIT + 1 });
  await logIn(page, demo);
  const said = page.getByText("ご利用限度額を超えるため、ご購入いただけません");
  const tick = page.getByLabel("承諾する", { exact: true });
  const isBefore = await said.evaluate(
    (notice, box) => Boolean(notice.compareDocumentPosition(box) & Node.DOCUMENT_POSITION_FOLLOWING),
    await tick.elementHandle(),
  );
  assert.ok(isBefore);
  await shows(page, "1円足りません");
  await agree(page);
  assert.equal(await statusAfter(page, () => pressBuy(page)), 409);
  await heading(page, "購入できません");
  await page.getByRole("link", { name: "戻る", exact: true }).click();
  assert.equal(await errorAtProvider(page, demo), "access_denied");
  assert.equal(demo.purchases(), 0);
});

test("an order that reaches the limit exactly is bought, and one yen more is not (R-115)", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo, { service: "support", amount: LIMIT });
  await logIn(page, demo);
  assert.equal(await page.getByText("ご利用限度額を超えるため").count(), 0);
  await shows(page, "残り 0円");
  await buy(page);

  const next = await arrive(t, demo, { service: "support", amount: 1 });
  await logIn(next, demo);
  await shows(next, "ご利用限度額を超えるため、ご購入いただけません");
});

test("without 承諾する nothing is bought, and the error stands beside the box", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo);
  await logIn(page, demo);
  assert.equal(await statusAfter(page, () => pressBuy(page)), 422);
  const box = page.getByLabel("承諾する", { exact: true });
  assert.equal(await box.getAttribute("aria-invalid"), "true");
  const described = (await box.getAttribute("aria-describedby")).split(" ");
  assert.ok(described.includes("consent-error"));
  await page.locator("#consent-error").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "errors");
  assert.match(await page.title(), /^エラー：/);
  assert.equal(demo.purchases(), 0);
  await buy(page);
  assert.equal(demo.purchases(), 1);
});

test("missing fields are told at the form, and the typed ID stays", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo);
  assert.equal(await statusAfter(page, () => submitLogin(page, "sakura01", "")), 422);
  await page.locator("#password-error").waitFor();
  assert.equal(await page.locator("#passport_id-error").count(), 0);
  assert.equal(await page.getByLabel("フレッツ・パスポートID", { exact: true }).inputValue(), "sakura01");
  await logIn(page, demo);
});

test("two tabs with two orders keep apart", async (t) => {
  const demo = await startDemo(t);
  const context = await openBrowser(t);
  const [one, two] = [await context.newPage(), await context.newPage()];
  await one.goto(await demo.site.begin({ reference: "first" }));
  await two.goto(await demo.site.begin({ reference: "second", service: "anime-2", quantity: 3, amount: 900 }));
  await logIn(one, demo, "sakura01");
  await logIn(two, demo, "sakura02");
  await shows(one, "sakura01");
  await shows(two, "sakura02");
  await agree(one);
  await buy(two);
  await pressBuy(one);
  await heading(one, "購入手続き完了");
  await shows(one, "名作アニメ1");
  await shows(two, "名作アニメ2");
  assert.notEqual(await receiptNumber(one), await receiptNumber(two));
  await goToService(one);
  await goToService(two);
  await Promise.all([one, two].map((page) => page.getByRole("heading", { name: /^Welcome/ }).waitFor()));
  const receipts = demo.site.returns.map(({ tokens }) => tokens.authorization_details[0]);
  const bought = receipts.map(({ reference, amount }) => `${reference} ${amount}`).sort();
  assert.deepEqual(bought, ["first 300", "second 900"]);
});

test("購入せずに戻る is on the way at every step and tells access_denied", async (t) => {
  const demo = await startDemo(t);
  for (const isLoggedIn of [false, true]) {
    const page = await arrive(t, demo);
    if (isLoggedIn) await logIn(page, demo);
    await page.getByRole("link", { name: "購入せずに戻る" }).click();
    assert.equal(await errorAtProvider(page, demo), "access_denied");
  }
  assert.equal(demo.purchases(), 0);
});

test("a flow's address continues nobody's flow without its cookie", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo);
  await logIn(page, demo);
  const base = page.url().replace(/\/confirm$/, "");
  for (const step of ["login", "success", "confirm", "complete", "return", "back"]) {
    const stranger = await (await openBrowser(t)).newPage();
    const answer = await stranger.goto(`${base}/${step}`);
    await heading(stranger, "はじめからやり直してください");
    assert.ok(answer.status() >= 400, `${step}: ${answer.status()}`);
  }
  await buy(page);
});

test("Back and reload never ask whether to post again, and lead to the form", async (t) => {
  const demo = await startDemo(t);
  const page = await arrive(t, demo);
  const wrong = async () => {
    await submitLogin(page, "sakura01", "not-the-password");
    await heading(page, "ログインエラー");
    await page.waitForLoadState();
  };
  await wrong();
  await page.reload();
  await heading(page, "ログイン");
  await wrong();
  await page.getByRole("link", { name: "もう一度ログインする" }).click();
  await heading(page, "ログイン");
  await page.goBack();
  await heading(page, "ログイン");
  assert.equal(demo.decisions("login").length, 2, "nothing was posted a third time");

  await logIn(page, demo);
  await pressBuy(page);
  await page.locator("#errors").waitFor();
  await page.waitForLoadState();
  await page.reload();
  await heading(page, "購入内容確認");
  assert.equal(await page.locator("#errors").count(), 0);
  await buy(page);
  for (let back = 0; back < 2; back += 1) {
    await page.goBack();
    await heading(page, "購入手続き完了");
  }
  assert.equal(demo.purchases(), 1);
});
