// The pages for everybody: without a script, by keyboard, on the narrowest screen, in both
// languages and colour schemes, by the rules of WCAG 2.2 AA as far as a program can tell.

import assert from "node:assert/strict";
import test from "node:test";
import axe from "axe-core";
import {
  buy, goToService, heading, LABELS, logIn, openBrowser, shows, startDemo, submitLogin, tabTo, withMonthly,
} from "./support.mjs";
import { portalTour } from "./portal.mjs";
import { tour } from "./tour.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The guide has ログイン成功 go on by itself. Nothing on it has to be read or done in time:
 * it holds one sentence and the same way on as a link, and the next page says who is logged in. */
const GOES_ON_BY_ITSELF = { success: ["meta-refresh"] };

/** The name of each page that breaks a rule, with the rule and where. */
async function violations(name, page) {
  await page.evaluate(axe.source);
  const left = (GOES_ON_BY_ITSELF[name] ?? []).map((rule) => [rule, { enabled: false }]);
  const options = { runOnly: RULES, rules: Object.fromEntries(left) };
  const found = await page.evaluate((given) => globalThis.axe.run(document, given), options);
  assert.ok(found.passes.length > 10, `${name}: axe looked at hardly anything`);
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${name}: ${id} (${help}): ${node.html} ${node.failureSummary}`));
}

/** The first walk past the provider's flow, the second past the household's own pages. */
const WALKS = [
  ["the flow", tour, ["complete-monthly", "cancelled", "restricted-customer", "maintenance"]],
  ["the portal", portalTour, ["portal-register-done", "portal-restrict-preview", "portal-statement"]],
];

for (const [what, walk, expected] of WALKS) {
  for (const lang of ["ja", "en"]) {
    for (const colorScheme of ["light", "dark"]) {
      test(`${what}, ${lang}, ${colorScheme}: no page scrolls sideways at 320 and 1280 px or breaks an axe rule`, async (t) => {
        const demo = await startDemo(t, withMonthly);
        const faults = [];
        const seen = [];
        const viewport = { width: 320, height: 640 };
        await walk(t, demo, lang, { colorScheme, viewport }, async (name, page) => {
          seen.push(name);
          for (const size of [{ width: 1280, height: 900 }, viewport]) {
            await page.setViewportSize(size);
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            if (width > size.width) faults.push(`${name}: ${width} px wide on ${size.width}`);
          }
          const code = await page.evaluate(() => document.documentElement.lang);
          if (code !== lang) faults.push(`${name}: in ${code}`);
          faults.push(...(await violations(name, page)));
        });
        assert.deepEqual(faults, []);
        assert.ok(expected.every((name) => seen.includes(name)), seen.join());
      });
    }
  }
}

test("without a script a whole purchase works", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t, { javaScriptEnabled: false })).newPage();
  await page.goto(await demo.site.begin({}));
  // What only a script could do is not offered.
  assert.equal(await page.getByRole("button", { name: /パスワードを\s*表示/ }).count(), 0);
  await submitLogin(page, "sakura01", demo.password("sakura01"));
  await page.waitForURL(/\/confirm$/);
  await buy(page);
  await goToService(page);
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
  assert.equal(demo.purchases(), 1);
});

test("by keyboard alone a whole purchase works", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  const button = (name) => page.getByRole("button", { name, exact: true });
  const words = LABELS.ja;
  await page.goto(await demo.site.begin({}));
  await tabTo(page, page.getByLabel(words.id, { exact: true }));
  await page.keyboard.type("sakura01");
  await tabTo(page, page.getByLabel(words.password, { exact: true }));
  await page.keyboard.type(demo.password("sakura01"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/confirm$/);
  await heading(page, words.confirmTitle);
  await tabTo(page, page.getByLabel(words.consent, { exact: true }));
  await page.keyboard.press("Space");
  await tabTo(page, button(words.buy));
  await page.keyboard.press("Enter");
  await heading(page, words.completeTitle);
  await tabTo(page, page.getByRole("link", { name: words.use, exact: true }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /^Welcome back/ }).waitFor();
});

test("the skip link is the first stop and leads to the content", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin({}));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "本文へ移動");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "main");
});

test("the language switch holds for the rest of the flow", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin({}));
  await page.getByRole("link", { name: "English" }).click();
  await heading(page, "Log in");
  await submitLogin(page, "sakura01", demo.password("sakura01"), "en");
  await page.waitForURL(/\/confirm$/);
  await heading(page, "Check your order");
  await shows(page, "¥300");
  await buy(page, "en");
});

test("a shown password is hidden again before it is sent", async (t) => {
  const demo = await startDemo(t);
  const page = await (await openBrowser(t)).newPage();
  await page.goto(await demo.site.begin({}));
  const field = page.getByLabel("パスワード", { exact: true });
  await page.getByRole("button", { name: /パスワードを\s*表示/ }).click();
  assert.equal(await field.getAttribute("type"), "text");
  await page.getByRole("button", { name: /パスワードを\s*隠す/ }).click();
  assert.equal(await field.getAttribute("type"), "password");
  await logIn(page, demo);
});

test("on a phone the whole order and 購入 stand within two screens", async (t) => {
  const demo = await startDemo(t);
  const height = 844;
  const page = await (await openBrowser(t, { viewport: { width: 390, height } })).newPage();
  await page.goto(await demo.site.begin({}));
  await logIn(page, demo);
  await heading(page, LABELS.ja.confirmTitle);
  const button = page.getByRole("button", { name: LABELS.ja.buy, exact: true });
  const end = await button.evaluate((it) => it.getBoundingClientRect().bottom + globalThis.scrollY);
  assert.ok(end <= 1.8 * height, `it ends at ${end} px`);
});
