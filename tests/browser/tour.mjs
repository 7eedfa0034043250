// One walk past every page of the flow, for tests that hold all of them to one rule.

import { agree, heading, LABELS, logIn, openBrowser, pressBuy, submitLogin, subscribe } from "./support.mjs";

/** Calls `look(name, page)` on each page; `options` are the window's. */
export async function tour(t, demo, lang, options, look) {
  const locale = lang === "ja" ? "ja-JP" : "en-GB";
  const page = await (await openBrowser(t, { locale, ...options })).newPage();
  const words = LABELS[lang];
  const see = async (name) => {
    await page.locator("h1").waitFor();
    await look(name, page);
  };

  await page.goto(demo.issuer);
  await see("landing");
  for (const topic of ["errors", "restriction", "notes", "contact", "privacy", "environment"]) {
    await page.goto(`${demo.issuer}/help/${topic}`);
    await see(`help-${topic}`);
  }
  await page.goto(`${demo.issuer}/flow/unknown/login`);
  await see("start-again");
  await page.goto(`${demo.issuer}/oauth/authorize?client_id=nobody`);
  await see("provider-error");

  await page.goto(await demo.site.begin({}));
  await see("login");
  await submitLogin(page, "", "", lang);
  await page.locator("#errors").waitFor();
  await see("login-missing");
  await submitLogin(page, "sakura01", "not-the-password", lang);
  await page.getByRole("alert").waitFor();
  await see("login-error");
  await page.locator('a[href$="/login"]').click();
  await success(page, demo, lang, see);
  await see("confirm-per-use");
  await pressBuy(page, lang);
  await page.locator("#errors").waitFor();
  await see("confirm-no-consent");
  await agree(page, lang);
  await see("confirm-ticked");
  await pressBuy(page, lang);
  await heading(page, words.completeTitle);
  await see("complete-per-use");

  await page.goto(await demo.site.begin({ service: "support", amount: 1_234_567 }));
  await logIn(page, demo, "sakura01", lang);
  await see("confirm-over");
  await agree(page, lang);
  await pressBuy(page, lang);
  await page.getByRole("alert").waitFor();
  await see("refusal");

  await monthly(page, demo, lang, see);
  await cancellation(page, demo, lang, see);
  await barred(page, demo, lang, see);
}

/** Logs in and stays on the page that goes on by itself for as long as it is looked at. */
async function success(page, demo, lang, see) {
  let goOn;
  const looked = new Promise((resolve) => (goOn = resolve));
  const confirmation = /\/confirm$/;
  await page.route(confirmation, async (route) => {
    await looked;
    await route.continue();
  });
  await submitLogin(page, "sakura01", demo.password("sakura01"), lang);
  await page.waitForURL(/\/success$/);
  await see("success");
  goOn();
  await page.waitForURL(confirmation);
  await page.unroute(confirmation);
}

/** A monthly purchase from the sample shop, which has the one monthly service. */
async function monthly(page, demo, lang, see) {
  await page.goto(demo.shop);
  await page.locator('a[href*="/pack"]').click();
  await page.waitForURL(/\/login$/);
  await see("login-monthly");
  await logIn(page, demo, "sakura02", lang);
  // A second tour with the same ID has the contract already.
  if (await page.getByRole("alert").count()) return;
  await see("confirm-monthly");
  await agree(page, lang);
  await pressBuy(page, lang);
  await heading(page, LABELS[lang].completeTitle);
  await see("complete-monthly");
}

/** A cancellation at the test's own provider, from the order to the slip and a refusal after it. */
async function cancellation(page, demo, lang, see) {
  const words = LABELS[lang];
  const contract = await subscribe(page, demo, "sakura02", lang);
  await page.goto(await demo.site.beginCancellation(contract));
  await see("login-cancellation");
  await logIn(page, demo, "sakura02", lang);
  await see("cancel");
  await page.getByRole("button", { name: words.cancel, exact: true }).click();
  await heading(page, words.cancelledTitle);
  await see("cancelled");
  await page.goto(await demo.site.beginCancellation(contract));
  await logIn(page, demo, "sakura02", lang);
  await page.getByRole("alert").waitFor();
  await see("cancel-refused");
}

/** What an operator sets off: 利用規制中 for both causes, and maintenance with a message. */
async function barred(page, demo, lang, see) {
  for (const kind of ["company", "customer"]) {
    demo.bar("restrict", kind);
    await page.goto(await demo.site.begin({}));
    await submitLogin(page, "sakura01", demo.password("sakura01"), lang);
    await page.getByRole("alert").waitFor();
    await see(`restricted-${kind}`);
    demo.bar("lift", kind);
  }
  const address = await demo.site.begin({});
  const why = ["--reason", "browser test"];
  demo.operate("maintenance", "on", "--message", "設備の更新を行っています。", "--until", "2030-01-01T05:00:00+09:00", ...why);
  await page.goto(address);
  await see("maintenance");
  demo.operate("maintenance", "off", ...why);
}
