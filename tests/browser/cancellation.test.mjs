// A household cancels what it bought: the pages, in both languages, with and without a script, by
// keyboard alone, and what is refused.

import assert from "node:assert/strict";
import test from "node:test";
import {
  errorAtProvider, heading, LABELS, logIn, monthInJapan, openBrowser, receiptNumber, shows,
  startDemo, submitLogin, subscribe, tabTo, withMonthly,
} from "./support.mjs";

/** A window that has logged in to cancel this contract. */
async function toCancel(page, demo, contract, id = "sakura01", lang = "ja") {
  await page.goto(await demo.site.beginCancellation(contract));
  await logIn(page, demo, id, lang);
}

/** How many contracts were cancelled. */
const cancelled = (demo) =>
  demo.decisions("cancel").filter(({ outcome, reason }) => outcome === "accepted" && reason !== "repeated").length;

for (const lang of ["ja", "en"]) {
  test(`${lang}: the ID that bought cancels, in as many steps as it bought (R-120 to R-124)`, async (t) => {
    const demo = await startDemo(t, withMonthly);
    const locale = lang === "ja" ? "ja-JP" : "en-GB";
    const page = await (await openBrowser(t, { locale })).newPage();
    const words = LABELS[lang];
    const contract = await subscribe(page, demo, "sakura01", lang);
    await toCancel(page, demo, contract, "sakura01", lang);
    await heading(page, words.cancelTitle);
    // The last charged month stands before the button, with the contract and who bought it.
    const main = await page.locator("main").innerText();
    const before = main.slice(0, main.lastIndexOf(words.cancel));
    const [year, month] = monthInJapan().split("-").map(Number);
    const name = new Intl.DateTimeFormat("en-GB", { month: "short" }).format(new Date(year, month - 1));
    const said = lang === "ja" ? `${year}年${month}月` : `${name} ${year}`;
    for (const text of [said, contract, "映画館パック", "sakura01"]) assert.ok(before.includes(text), `${text}: ${main}`);
    await page.getByRole("button", { name: words.cancel, exact: true }).click();
    await heading(page, words.cancelledTitle);
    const number = await receiptNumber(page);
    await page.reload();
    assert.equal(await receiptNumber(page), number);
    await page.getByRole("link", { name: "OK", exact: true }).click();
    await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
    const receipt = demo.site.receipt();
    assert.deepEqual(
      [receipt.type, receipt.contract, receipt.status, receipt.receipt_number, receipt.last_charge_month],
      ["cancellation", contract, "completed", number, monthInJapan()],
    );
    assert.equal(cancelled(demo), 1);
  });
}

test("a double click cancels once, with and without a script", async (t) => {
  const demo = await startDemo(t, withMonthly);
  for (const [javaScriptEnabled, id] of [[true, "sakura01"], [false, "sakura02"]]) {
    const page = await (await openBrowser(t, { javaScriptEnabled })).newPage();
    const contract = await subscribe(page, demo, id);
    await toCancel(page, demo, contract, id);
    await page.getByRole("button", { name: "解約", exact: true }).dblclick();
    await heading(page, "解約手続き完了");
  }
  assert.equal(cancelled(demo), 2);
});

test("by keyboard alone a contract is cancelled", async (t) => {
  const demo = await startDemo(t, withMonthly);
  const page = await (await openBrowser(t)).newPage();
  const contract = await subscribe(page, demo);
  await toCancel(page, demo, contract);
  await tabTo(page, page.getByRole("button", { name: "解約", exact: true }));
  await page.keyboard.press("Enter");
  await heading(page, "解約手続き完了");
  await tabTo(page, page.getByRole("link", { name: "OK", exact: true }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
});

test("another ID, an ended contract: each is told why, and the provider learns access_denied", async (t) => {
  const demo = await startDemo(t, withMonthly);
  const page = await (await openBrowser(t)).newPage();
  const contract = await subscribe(page, demo);
  // only the ID that bought.
  await toCancel(page, demo, contract, "sakura02");
  await heading(page, "解約できません");
  assert.equal(await page.getByRole("button", { name: "解約", exact: true }).count(), 0);
  await page.getByRole("link", { name: "戻る", exact: true }).click();
  assert.equal(await errorAtProvider(page, demo), "access_denied");
  assert.equal(cancelled(demo), 0);

  await toCancel(page, demo, contract);
  await page.getByRole("button", { name: "解約", exact: true }).click();
  await heading(page, "解約手続き完了");
  await toCancel(page, demo, contract);
  await heading(page, "解約できません");
  await shows(page, "すでに");
  assert.equal(cancelled(demo), 1);
});

test("who turns back keeps the contract", async (t) => {
  const demo = await startDemo(t, withMonthly);
  const page = await (await openBrowser(t)).newPage();
  const contract = await subscribe(page, demo);
  await toCancel(page, demo, contract);
  await heading(page, "解約内容確認");
  await page.getByRole("link", { name: "解約せずに戻る", exact: true }).click();
  assert.equal(await errorAtProvider(page, demo), "access_denied");
  assert.equal(cancelled(demo), 0);
});

test("a login alone leads back with who it is and how it was checked (R-011)", async (t) => {
  const demo = await startDemo(t, withMonthly);
  const page = await (await openBrowser(t)).newPage();
  const contract = await subscribe(page, demo);
  const more = { scope: "openid entitlements", acr_values: "urn:linepass:acr:line", max_age: "0" };
  await page.goto(await demo.site.begin(undefined, more));
  await heading(page, "ログイン");
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
  const { claims, userinfo } = demo.site.returns.at(-1);
  assert.equal(claims.acr, "urn:linepass:acr:line");
  assert.deepEqual(userinfo.entitlements.map((one) => one.contract), [contract]);

  // 光プレミアム has no line authentication: right password, no acr.
  await page.goto(await demo.site.begin(undefined, more));
  await submitLogin(page, "tsubaki1", demo.password("tsubaki1"));
  await page.getByRole("alert").waitFor();
  await page.getByRole("link", { name: "戻る", exact: true }).click();
  assert.equal(await errorAtProvider(page, demo), "unmet_authentication_requirements");
});
