// What an operator does while a household is in the middle of something: restriction, the company's
// stop, maintenance.

import assert from "node:assert/strict";
import test from "node:test";
import {
  agree, errorAtProvider, heading, logIn, openBrowser, pressBuy, shows, startDemo, submitLogin,
  subscribe, withMonthly,
} from "./support.mjs";

const WHY = ["--reason", "browser test"];

test("a restriction between the confirmation and the press: nothing is bought (R-143, R-148)", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin({}));
  await logIn(page, demo);
  await heading(page, "購入内容確認");
  await agree(page);
  demo.bar("restrict", "customer");
  await pressBuy(page);
  // The restriction ended the login; a new one says why, after a right password alone.
  await heading(page, "ログイン");
  assert.equal(demo.purchases(), 0);
  await submitLogin(page, "sakura01", "not-the-password");
  await heading(page, "ログインエラー");
  await page.goto(await demo.site.begin({}));
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  await heading(page, "利用規制中");
  await shows(page, "お客さまからのお申し込みにより、サービスのご利用を規制しています。");
  await page.getByRole("link", { name: "戻る", exact: true }).click();
  assert.equal(await errorAtProvider(page, demo), "access_denied");

  // Lifted, it buys again.
  demo.bar("lift", "customer");
  await page.goto(await demo.site.begin({}));
  await logIn(page, demo);
  await agree(page);
  await pressBuy(page);
  await heading(page, "購入手続き完了");
  assert.equal(demo.purchases(), 1);
});

test("a restriction by the customer ends every contract; they do not come back (R-144, R-147)", async (t) => {
  const demo = await startDemo(t, withMonthly);
  const page = await (await openBrowser(t)).newPage();
  const contract = await subscribe(page, demo);
  demo.bar("restrict", "customer");
  demo.bar("lift", "customer");
  await page.goto(await demo.site.beginCancellation(contract));
  await logIn(page, demo);
  await heading(page, "解約できません");
});

test("the company's stop bars buying in neutral words, and cancelling goes on (R-149, R-172)", async (t) => {
  const demo = await startDemo(t, withMonthly);
  const page = await (await openBrowser(t)).newPage();
  const contract = await subscribe(page, demo);
  demo.bar("restrict", "company");
  await page.goto(await demo.site.begin({}));
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  await heading(page, "利用規制中");
  const said = await page.locator("main").innerText();
  assert.doesNotMatch(said, /お客さまからのお申し込み|未払|滞納|料金のお支払/);
  await page.goto(await demo.site.beginCancellation(contract));
  await logIn(page, demo);
  await heading(page, "解約内容確認");
  await page.getByRole("button", { name: "解約", exact: true }).click();
  await heading(page, "解約手続き完了");
  assert.equal(demo.decisions("cancel").filter(({ outcome }) => outcome === "accepted").length, 1);
});

test("maintenance: the guide's words, a way back, and the flow goes on afterwards (R-171)", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin({}));
  await logIn(page, demo);
  await heading(page, "購入内容確認");
  await agree(page);
  demo.operate("maintenance", "on", "--message", "設備の更新を行っています。", ...WHY);
  await pressBuy(page);
  await heading(page, "システムメンテナンス中");
  for (const text of [
    "ただいまシステムメンテナンス中です。",
    "お客様には大変ご迷惑をお掛けいたしますが、しばらくお待ちくださいますようお願いいたします。",
    "設備の更新を行っています。",
  ]) await shows(page, text);
  assert.equal(demo.purchases(), 0);
  await page.getByRole("link", { name: "閉じる", exact: true }).click();
  assert.equal(await errorAtProvider(page, demo), "temporarily_unavailable");
  demo.operate("maintenance", "off", ...WHY);
  await page.goto(await demo.site.begin({}));
  await logIn(page, demo);
  await agree(page);
  await pressBuy(page);
  await heading(page, "購入手続き完了");
});
