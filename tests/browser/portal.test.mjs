// サービス申込受付ページ: each service of the guide from sign-in to completion, in a real browser.

import assert from "node:assert/strict";
import test from "node:test";
import {
  buy, heading, logIn, openBrowser, shows, startDemo, submitLogin, subscribe, tabTo, withMonthly,
} from "./support.mjs";
import { buyQuickly } from "./quick.mjs";
import { enter, fillRegistration, lineOf, next, press, register, signIn, WORDS } from "./portal.mjs";

const words = WORDS.ja;

async function household(t, options, change) {
  const demo = await startDemo(t, change);
  const page = await (await openBrowser(t, options)).newPage();
  return { demo, page, line: lineOf(demo, "hikari_next") };
}

test("① an ID is registered in its steps, and buys at once", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  await page.getByRole("link", { name: words.details, exact: true }).click();
  await page.getByRole("link", { name: /^新規登録/ }).click();
  await register(page, demo, "ume03");
  await heading(page, "登録受付が完了しました");
  await shows(page, "ume03");
  assert.equal(await page.getByText("Q7mz-ok9").count(), 0, "the password is never shown (R-076)");
  await page.getByRole("link", { name: words.toDetails, exact: true }).click();
  await shows(page, "ume03");
  await page.goto(await demo.site.begin({}));
  await submitLogin(page, "ume03", "Q7mz-ok9");
  await page.waitForURL(/\/confirm$/);
  await buy(page);
  assert.equal(demo.purchases(), 1);
  const [made] = demo.decisions("register_passport");
  assert.equal(made.outcome, "accepted");
});

test("① typed data come back on 前画面へ戻る, passwords excepted, and no step can be skipped", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  for (const step of ["applicant", "id", "confirm", "done"]) {
    await page.goto(`${demo.issuer}/wso/register/${step}`);
    await page.waitForURL(/\/register\?again=1$/);
    await shows(page, "お手続きは完了していません");
  }
  await fillRegistration(page, demo, { id: "ume03" });
  await page.waitForURL(/\/confirm$/);
  await page.getByRole("link", { name: words.back }).click();
  await page.waitForURL(/\/register\/id$/);
  assert.equal(await page.getByLabel(words.id, { exact: true }).inputValue(), "ume03");
  assert.equal(await page.getByLabel(words.mail, { exact: true }).inputValue(), "tarou1234@ngn.com");
  assert.equal(await page.getByLabel(words.password, { exact: true }).inputValue(), "");
  await page.getByRole("link", { name: words.back }).click();
  await page.waitForURL(/\/register\/applicant$/);
  assert.equal(await page.getByLabel(words.name, { exact: true }).inputValue(), "NTT 太郎");
  assert.ok(await page.getByLabel(words.yes, { exact: true }).isChecked());
  assert.equal(demo.decisions("register_passport").length, 0);
});

test("① each field's error stands by the field and in the summary, and typed values stay", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  await fillRegistration(page, demo, { id: "SAKURA01" });
  const taken = page.getByLabel(words.id, { exact: true });
  await shows(page, "すでに使われているか");
  assert.equal(await taken.getAttribute("aria-invalid"), "true");
  assert.match(await taken.getAttribute("aria-describedby"), /passport_id-error/);
  assert.equal(await taken.inputValue(), "SAKURA01");
  assert.equal(await page.getByLabel(words.mail, { exact: true }).inputValue(), "tarou1234@ngn.com");
  assert.match(await page.title(), /^エラー：/);
  assert.ok(await page.locator("#errors").evaluate((it) => it === document.activeElement));
  for (const [password, again, said] of [
    ["1234", "1234", "推測されやすい"],
    ["ume03", "ume03", "同じパスワード"],
    ["ｑ７ｍｚ", "ｑ７ｍｚ", "全角文字は使えません"],
    ["q7mz ok", "q7mz ok", "空白"],
    ["Q7mz-ok9", "Q7mz-ok8", "一致しません"],
    ["a1".repeat(33), "a1".repeat(33), "4～64文字"],
  ]) {
    await taken.fill("ume03");
    await page.getByLabel(words.password, { exact: true }).fill(password);
    await page.getByLabel(words.again, { exact: true }).fill(again);
    await next(page);
    await page.locator("#errors").getByText(said).waitFor();
  }
  assert.equal(demo.decisions("register_passport").length, 0);
});

test("④ ⑤ details, then a change of ID, password, mail and line authentication", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/ids/1`);
  await shows(page, "sakura01@example.jp");
  await page.getByRole("link", { name: words.change, exact: true }).click();
  await next(page);
  await page.waitForURL(/\/items$/);
  await page.locator("#passport_id").fill("momo01");
  await page.locator("#password").fill("Z9nb-ok7");
  await page.locator("#password_again").fill("Z9nb-ok7");
  await page.locator("#mail").fill("momo@example.jp");
  await page.locator("#mail_again").fill("momo@example.jp");
  await page.locator("#line_authentication-off").check();
  await next(page);
  await page.locator("#errors").getByText("現在のパスワードをご入力").waitFor();
  await page.locator("#current_password").fill("not-the-one");
  await page.locator("#password").fill("Z9nb-ok7");
  await page.locator("#password_again").fill("Z9nb-ok7");
  await next(page);
  await page.locator("#errors").getByText("現在のパスワードが正しくありません").waitFor();
  await page.locator("#current_password").fill(demo.password("sakura01"));
  await page.locator("#password").fill("Z9nb-ok7");
  await page.locator("#password_again").fill("Z9nb-ok7");
  await next(page);
  await page.waitForURL(/\/confirm$/);
  await heading(page, "フレッツ・パスポートID登録情報変更 変更情報確認");
  await shows(page, "通常どおりお支払いいただきます");
  for (const text of ["sakura01", "momo01", "momo@example.jp", "利用しない"]) await shows(page, text);
  await press(page, words.change);
  await page.waitForURL(/\/done$/);
  await shows(page, "登録情報の変更申込みの受付が完了しました。");
  await page.goto(await demo.site.begin({}));
  await submitLogin(page, "momo01", "Z9nb-ok7");
  await page.waitForURL(/\/confirm$/);
});

test("⑥ deletion goes through the desk: the page and the form that reaches it", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/ids/2`);
  await page.getByRole("link", { name: "廃止について", exact: true }).click();
  await shows(page, "オンライン上では実施いただけません");
  await page.getByRole("link", { name: "お問い合わせフォームへ", exact: true }).click();
  assert.match(await page.getByLabel("サービス名").inputValue(), /sakura02.*廃止/);
  await page.getByLabel("ご連絡先", { exact: true }).fill("03-1234-5678");
  await page.getByLabel("お問い合わせ内容").fill("廃止をお願いします。\n以上です。");
  await press(page, "送信");
  await page.waitForURL(/\/inquiry\/done$/);
  await heading(page, "お問い合わせを受け付けました");
  assert.equal(demo.decisions("inquire").length, 1);
  // The operator reads it, and the log does not.
  const { inquiries } = JSON.parse(demo.operate("line", "inquiries", line.customer_id));
  assert.equal(inquiries[0].text, "廃止をお願いします。\n以上です。");
  assert.match(inquiries[0].service, /sakura02.*廃止/);
  assert.ok(!demo.decisions("inquire").some((one) => JSON.stringify(one).includes("廃止を")));
});

test("⑦ the statement by month and ID, with its file", async (t) => {
  const { demo, page, line } = await household(t, {}, withMonthly);
  const contract = await subscribe(page, demo);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/statement`);
  await shows(page, "映画館パック");
  await shows(page, "980円");
  await shows(page, contract.replace("K-", "").replaceAll(/(\d{4})(?=\d)/g, "$1 "));
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: /CSV/ }).click();
  assert.match((await download).suggestedFilename(), /^statement-\d{4}-\d{2}\.csv$/);
});

/** Nobody buys 442 times in a few seconds but a test. */
const MANY_LOGINS = {
  LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE: "1000000",
  LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND: "1000000",
};

test("⑦ 442 purchases are 30 pages of 15, with ten page links around the current one", async (t) => {
  const demo = await startDemo(t, undefined, MANY_LOGINS);
  const password = demo.password("sakura01");
  for (let bought = 0; bought < 442; bought += 1) {
    const address = await demo.site.begin({ service: "support", amount: 10 });
    await buyQuickly(demo, address, "sakura01", password);
  }
  const page = await (await openBrowser(t)).newPage();
  await enter(page, demo, lineOf(demo, "hikari_next"));
  await page.goto(`${demo.issuer}/wso/statement`);
  const linked = async () => (await page.locator(".pager li").allInnerTexts())
    .flatMap((text) => text.match(/\d+/g)?.slice(-1) ?? []).map(Number);
  const window = (from) => Array.from({ length: 10 }, (_, place) => from + place);
  const month = new URL(page.url()).searchParams.get("month") ?? new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7).replace("-", "/");
  for (const [number, from, rows] of [[1, 1, 15], [10, 5, 15], [30, 21, 7]]) {
    const query = new URLSearchParams({ month, page: String(number) });
    await page.goto(`${demo.issuer}/wso/statement?${query}`);
    await shows(page, `件数: 442件 (${number}ページ/30ページ)`);
    assert.deepEqual(await linked(), window(from), `page ${number}`);
    assert.equal(await page.locator(".rows tbody tr").count(), rows);
  }
});

test("⑧ the contacts of the providers and ours", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/contacts`);
  await heading(page, "お問合せ先一覧");
  for (const text of ["A社", "0120-000-000", "0120-116116"]) await shows(page, text);
});

test("⑨ a restriction names what it ends, and ends it", async (t) => {
  const { demo, page, line } = await household(t, {}, withMonthly);
  await subscribe(page, demo);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/restrict/confirm`);
  await page.waitForURL(/\/restrict\?again=1$/);
  await next(page);
  await page.locator("#errors").waitFor();
  await page.getByLabel(words.agree, { exact: true }).check();
  await next(page);
  await page.waitForURL(/\/restrict\/confirm$/);
  await shows(page, "映画館パック");
  await shows(page, "分までご請求");
  await press(page, words.execute);
  await page.waitForURL(/\/restrict\/done$/);
  await page.getByRole("link", { name: words.toDetails, exact: true }).click();
  await shows(page, "利用規制中は追加登録はできません。");
  // limits stay usable, a new ID does not.
  await page.goto(`${demo.issuer}/wso/register`);
  await heading(page, "お手続きできません");
  await page.goto(`${demo.issuer}/wso/limits`);
  await heading(page, "ご利用限度額の変更");
  await page.goto(await demo.site.begin({}));
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  await heading(page, "利用規制中");
});

test("⑨ what was bought after the preview is shown before it is ended", async (t) => {
  const { demo, page, line } = await household(t, {}, withMonthly);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/restrict`);
  await page.getByLabel(words.agree, { exact: true }).check();
  await next(page);
  await shows(page, "自動的に解約されるサービスはありません。");
  const other = await (await openBrowser(t)).newPage();
  await subscribe(other, demo);
  await press(page, words.execute);
  await shows(page, "お手続きは完了していません");
  await shows(page, "映画館パック");
  await press(page, words.execute);
  await page.waitForURL(/\/restrict\/done$/);
});

test("⑩ limits of all IDs in one form; a sum over the line's limit is refused", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  await page.goto(`${demo.issuer}/wso/limits`);
  await page.locator("#limit_1").fill("２０，００１");
  await shows(page, "30,001円");
  await next(page);
  await page.locator("#errors").getByText("30,001円になり、回線の限度額30,000円を超えています").waitFor();
  assert.equal(await page.locator("#limit_1").inputValue(), "２０，００１");
  await page.locator("#limit_1").fill("20,000");
  await next(page);
  await page.waitForURL(/\/limits\/confirm$/);
  await heading(page, "フレッツ・パスポートIDご利用限度額変更 変更情報確認");
  await shows(page, "再設定なし");
  await press(page, words.change);
  await page.waitForURL(/\/limits\/done$/);
  await shows(page, "ご利用限度額の変更申込の受付が完了しました。");
  assert.match(await page.locator("time").innerText(), /^\d{4}年\d{2}月\d{2}日 \d{2}:\d{2}:\d{2} \(JST\)$/);
});

test("sessions are listed, the others are signed out, and they are over at once", async (t) => {
  const { demo, page, line } = await household(t);
  await enter(page, demo, line);
  const other = await (await openBrowser(t)).newPage();
  await enter(other, demo, line);
  await page.goto(`${demo.issuer}/wso/sessions`);
  assert.equal(await page.getByText("にログイン ・").count(), 2);
  await press(page, "ほかの端末をすべてログアウトさせる");
  await page.waitForURL(/\/sessions\?ended=1$/);
  await other.goto(`${demo.issuer}/wso/details`);
  await other.waitForURL(/\/login\?over=1$/);
  await press(page, words.signOut);
  await page.waitForURL(/\/login\?out=1$/);
  // Back after signing out shows no data.
  await page.goBack();
  await page.waitForURL(/\/login/);
});

test("a Premium line at the wrong entrance is shown the right one", async (t) => {
  const { demo, page } = await household(t);
  const line = lineOf(demo, "hikari_premium");
  await signIn(page, demo, line);
  await heading(page, "入口が異なります");
  await page.getByRole("link", { name: /フレッツ・光プレミアム/ }).click();
  await enter(page, demo, line, { base: "/wso_v6" });
  await page.goto(`${demo.issuer}/wso/details`);
  await page.waitForURL(/\/wso_v6\/$/);
  await page.goto(`${demo.issuer}/wso_v6/ids/1/change`);
  await next(page);
  assert.equal(await page.locator("#line_authentication").count(), 0, "R-174: not on 光プレミアム");
});

test("an ineligible line may sign in and not register; a stopped line says so in neutral words", async (t) => {
  const { demo, page } = await household(t);
  await enter(page, demo, lineOf(demo, "b_flets"));
  await shows(page, "フレッツ・パスポートIDをご利用いただけません");
  await page.goto(`${demo.issuer}/wso/register`);
  await heading(page, "お手続きできません");
  await press(page, words.signOut);
  demo.bar("restrict", "company");
  await enter(page, demo, lineOf(demo, "hikari_next"));
  await shows(page, "現在、ご利用規制中です。");
  await page.getByRole("link", { name: words.details, exact: true }).click();
  await shows(page, "新たなご利用を中止しています");
  assert.equal(await page.getByText(/未払|お支払いがない/).count(), 0);
});

for (const javaScriptEnabled of [true, false]) {
  test(`registration by keyboard alone, JavaScript ${javaScriptEnabled ? "on" : "off"}`, async (t) => {
    const { demo, page, line } = await household(t, { javaScriptEnabled });
    const type = async (label, text) => {
      await tabTo(page, page.getByLabel(label, { exact: true }));
      await page.keyboard.type(text);
    };
    await page.goto(`${demo.issuer}/wso/login`);
    await type(words.customer, line.customer_id);
    await type(words.key, line.access_key);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/wso\/$/);
    await page.goto(`${demo.issuer}/wso/register`);
    await tabTo(page, page.getByLabel(words.agree, { exact: true }));
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/applicant$/);
    await type(words.name, "NTT Taro");
    await type(words.phone, "03-1234-5678");
    await tabTo(page, page.getByLabel(words.yes, { exact: true }));
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/register\/id$/);
    await type(words.id, "ume03");
    await type(words.password, "Q7mz-ok9");
    await type(words.again, "Q7mz-ok9");
    await type(words.mail, "tarou1234@ngn.com");
    await type(words.mailAgain, "tarou1234@ngn.com");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/register\/confirm$/);
    await tabTo(page, page.getByRole("button", { name: words.doRegister, exact: true }));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/register\/done$/);
    await heading(page, "登録受付が完了しました");
  });
}
