// The reference client library, openid-client, works as it is (interfaces.md 1).

import assert from "node:assert/strict";
import test from "node:test";
import {
  buy, goToService, heading, isReceiptNumber, logIn, monthInJapan, openBrowser, receiptNumber,
  startDemo, submitLogin,
} from "./support.mjs";

const LINE = "urn:linepass:acr:line";
const PASSWORD = "urn:linepass:acr:password";

test("discovery says what the library needs, and nothing of a session's end", async (t) => {
  const { site, issuer } = await startDemo(t);
  const said = site.config.serverMetadata();
  assert.equal(said.issuer, issuer);
  assert.equal(said.require_pushed_authorization_requests, true);
  assert.equal(said.authorization_response_iss_parameter_supported, true);
  assert.deepEqual(said.code_challenge_methods_supported, ["S256"]);
  assert.equal(said.end_session_endpoint, undefined);
});

test("an order is bought, and the library verifies token, nonce, issuer and receipt", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  const order = demo.site.order({ service: "anime-2", quantity: 2, amount: 600 });
  await page.goto(await demo.site.begin(order, { acr_values: LINE }));
  await logIn(page, demo);
  await buy(page);
  const number = await receiptNumber(page);
  await goToService(page);
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();

  assert.equal(new URL(page.url()).searchParams.get("iss"), demo.issuer);
  const [came] = demo.site.returns;
  const { claims, tokens } = came;
  const header = JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url"));
  assert.equal(header.alg, "RS256");
  assert.equal(claims.iss, demo.issuer);
  assert.equal(claims.aud, demo.site.config.clientMetadata().client_id);
  assert.equal(claims.nonce, came.nonce);
  assert.equal(claims.acr, LINE);
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(came.userinfo.sub, claims.sub);
  assert.equal(came.userinfo.entitlements, undefined, "not asked for");
  const [receipt, ...more] = tokens.authorization_details;
  assert.deepEqual(more, []);
  const { completed_at, ...rest } = receipt;
  assert.match(completed_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00$/);
  assert.ok(completed_at.startsWith(monthInJapan()), completed_at);
  assert.deepEqual(rest, { ...order, status: "completed", receipt_number: number });
  assert.ok(isReceiptNumber(number), number);
});

test("an order pushed again gives its buyer the same receipt and costs nothing more", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  const order = demo.site.order();
  await page.goto(await demo.site.begin(order));
  await logIn(page, demo);
  await buy(page);
  const number = await receiptNumber(page);

  await page.goto(await demo.site.begin(order));
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  await heading(page, "購入手続き完了");
  assert.equal(await receiptNumber(page), number);

  await page.goto(await demo.site.begin(order));
  await submitLogin(page, "sakura02", demo.password("sakura02"));
  await heading(page, "購入できません");
  await page.getByRole("link", { name: "戻る", exact: true }).click();
  await heading(page, "Not bought: access_denied");
  assert.equal(demo.purchases(), 1);

  const other = { ...order, amount: 600, quantity: 2 };
  await assert.rejects(demo.site.begin(other), { error: "invalid_authorization_details" });
});

test("a login without an order buys nothing and tells the entitlements", async (t) => {
  const demo = await startDemo(t);
  const table = [["sakura01", LINE], ["sakura01", LINE], ["tsubaki1", PASSWORD], ["kaede001", PASSWORD]];
  for (const [id] of table) {
    const page = await (await openBrowser(t)).newPage();
    await page.goto(await demo.site.begin(undefined, { scope: "openid entitlements" }));
    await logIn(page, demo, id);
    await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
  }
  const { returns } = demo.site;
  assert.deepEqual(returns.map(({ claims }) => claims.acr), table.map(([, acr]) => acr));
  for (const { userinfo, tokens } of returns) {
    assert.deepEqual(userinfo.entitlements, []);
    assert.equal(tokens.authorization_details, undefined);
  }
  // `sub` follows the passport ID.
  const subs = returns.map(({ claims }) => claims.sub);
  assert.equal(subs[0], subs[1]);
  assert.equal(new Set(subs).size, 3);
  assert.equal(demo.purchases(), 0);
});

test("a client registered for ES256 gets it, and the library verifies it by the published keys", async (t) => {
  const demo = await startDemo(t, (sample) => {
    sample.providers[1].id_token_signed_response_alg = "ES256";
  });
  const said = demo.site.config.serverMetadata();
  assert.deepEqual(said.id_token_signing_alg_values_supported, ["RS256", "ES256"]);
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin());
  await logIn(page, demo);
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
  const [{ tokens, claims, userinfo }] = demo.site.returns;
  const header = JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url"));
  assert.equal(header.alg, "ES256");
  assert.equal(userinfo.sub, claims.sub);
});

test("a provider's own token is what the library asks client_credentials for", async (t) => {
  const { site } = await startDemo(t);
  const tokens = await site.forItself("purchases:read");
  assert.equal(tokens.scope, "purchases:read");
  assert.equal(tokens.id_token, undefined);
  await assert.rejects(site.forItself("openid"), { error: "invalid_scope" });
});
