// The household's own pages as a person uses them.

import { heading, openBrowser } from "./support.mjs";

/** What a person looks for, in both languages. */
export const WORDS = {
  ja: {
    customer: "お客さまID", key: "アクセスキー(アクセスパスワード)", signIn: "ログイン", next: "次へ",
    agree: "同意する", register: "新規登録", name: "お名前", phone: "ご連絡先電話番号", yes: "はい",
    id: "ご希望のフレッツ・パスポートID", password: "パスワード", again: "パスワード（再入力）",
    mail: "メールアドレス", mailAgain: "メールアドレス（再入力）", doRegister: "登録", change: "変更",
    back: "前画面へ戻る", toDetails: "ご利用状況詳細へ戻る", restrict: "利用規制", execute: "実行",
    signOut: "ログアウト", details: "詳細・申込・変更",
  },
  en: {
    customer: "Customer ID", key: "Access key (access password)", signIn: "Sign in", next: "Next",
    agree: "I agree", register: "Register a new ID", name: "Name", phone: "Phone number", yes: "Yes",
    id: "Passport ID you would like", password: "Password", again: "Password again",
    mail: "Mail address", mailAgain: "Mail address again", doRegister: "Register", change: "Change",
    back: "Back", toDetails: "Back to your usage", restrict: "Restrict use", execute: "Restrict",
    signOut: "Sign out", details: "Details, applications, changes",
  },
};

/** The demo's line of this service, the first one. */
export function lineOf(demo, service) {
  return demo.said.lines.find((line) => line.service === service);
}

/** Signs in at an entrance and stands on the menu. */
export async function signIn(page, demo, line, { base = "/wso", words = WORDS.ja } = {}) {
  await page.goto(`${demo.issuer}${base}/login`);
  await page.getByLabel(words.customer, { exact: true }).fill(line.customer_id);
  await page.getByLabel(words.key, { exact: true }).fill(line.access_key);
  await page.getByRole("button", { name: words.signIn, exact: true }).click();
}

/** Presses 次へ. */
export async function next(page, words = WORDS.ja) {
  await page.getByRole("button", { name: words.next, exact: true }).click();
}

/** Goes through the steps of a registration up to its confirmation. */
export async function fillRegistration(page, demo, { base = "/wso", words = WORDS.ja, id }) {
  await page.goto(`${demo.issuer}${base}/register`);
  await page.getByLabel(words.agree, { exact: true }).check();
  await next(page, words);
  await page.getByLabel(words.name, { exact: true }).fill("NTT 太郎");
  await page.getByLabel(words.phone, { exact: true }).fill("０３－１２３４－５６７８");
  await page.getByLabel(words.yes, { exact: true }).check();
  await next(page, words);
  await page.getByLabel(words.id, { exact: true }).fill(id);
  await page.getByLabel(words.password, { exact: true }).fill("Q7mz-ok9");
  await page.getByLabel(words.again, { exact: true }).fill("Q7mz-ok9");
  await page.getByLabel(words.mail, { exact: true }).fill("tarou1234@ngn.com");
  await page.getByLabel(words.mailAgain, { exact: true }).fill("tarou1234@ngn.com");
  await next(page, words);
}

/** Signs in and waits for the menu. */
export async function enter(page, demo, line, options = {}) {
  await signIn(page, demo, line, options);
  await page.waitForURL((url) => url.pathname === `${options.base ?? "/wso"}/`);
}

/** Registers an ID and stands on the completion. */
export async function register(page, demo, id, options = {}) {
  const words = options.words ?? WORDS.ja;
  await fillRegistration(page, demo, { ...options, id });
  await page.getByRole("button", { name: words.doRegister, exact: true }).click();
  await page.waitForURL(/\/register\/done$/);
}

/** Presses the one button of a confirmation or form with this name. */
export async function press(page, name) {
  await page.getByRole("button", { name, exact: true }).click();
}

/** One walk past every page of the household's own; `look(name, page)` is called on each. */
export async function portalTour(t, demo, lang, options, look) {
  const words = WORDS[lang];
  const locale = lang === "ja" ? "ja-JP" : "en-GB";
  const page = await (await openBrowser(t, { locale, ...options })).newPage();
  const line = lineOf(demo, "hikari_next");
  const at = (path) => page.goto(`${demo.issuer}/wso/${path}`);
  const see = async (name) => {
    await page.locator("h1").waitFor();
    await look(`portal-${name}`, page);
  };

  await page.goto(`${demo.issuer}/wso_v6/login`);
  await see("sign-in-premium");
  await signIn(page, demo, { customer_id: "", access_key: "" }, { words });
  await page.locator("#errors").waitFor();
  await see("sign-in-missing");
  await signIn(page, demo, { ...line, access_key: "00000000" }, { words });
  await heading(page, lang === "ja" ? "ログインエラー" : "Sign-in error");
  await see("sign-in-error");
  await signIn(page, demo, lineOf(demo, "hikari_premium"), { words });
  await page.locator('a[href^="/wso_v6/login"]').waitFor();
  await see("wrong-entrance");
  await enter(page, demo, line, { words });
  await see("menu");
  await page.getByRole("link", { name: words.details, exact: true }).click();
  await see("details");
  for (const path of ["statement", "statement?month=2026%2F13", "contacts", "sessions", "ids/1", "ids/1/delete", "ids/99", "inquiry?id=1"]) {
    await at(path);
    await see(path.replaceAll(/[^a-z0-9]+/g, "-"));
  }
  await press(page, lang === "ja" ? "送信" : "Send");
  await page.locator("#errors").waitFor();
  await see("inquiry-missing");

  await at("register");
  await see("register-terms");
  await next(page, words);
  await see("register-terms-missing");
  await page.getByLabel(words.agree, { exact: true }).check();
  await next(page, words);
  await see("register-applicant");
  await next(page, words);
  await page.locator("#errors").waitFor();
  await see("register-applicant-missing");
  await page.getByLabel(words.name, { exact: true }).fill("NTT 太郎");
  await page.getByLabel(words.phone, { exact: true }).fill("03-1234-5678");
  await page.getByLabel(words.yes, { exact: true }).check();
  await next(page, words);
  await page.waitForURL(/\/register\/id$/);
  await see("register-id");
  await page.getByLabel(words.id, { exact: true }).fill("ab");
  await page.getByLabel(words.password, { exact: true }).fill("1234");
  await next(page, words);
  await page.locator("#errors").waitFor();
  await see("register-id-wrong");
  await fillRegistration(page, demo, { words, id: "ume03" });
  await page.waitForURL(/\/register\/confirm$/);
  await see("register-confirm");
  await press(page, words.doRegister);
  await page.waitForURL(/\/register\/done$/);
  await see("register-done");

  await at("ids/3/change");
  await see("change-applicant");
  await next(page, words);
  await page.waitForURL(/\/items$/);
  await see("change-items");
  await next(page, words);
  await page.locator("#errors").waitFor();
  await see("change-nothing");
  await page.locator("#passport_id").fill("ume04");
  await page.locator("#line_authentication-off").check();
  await page.locator("#current_password").fill("Q7mz-ok9");
  await next(page, words);
  await page.waitForURL(/\/change\/confirm$/);
  await see("change-confirm");
  await press(page, words.change);
  await page.waitForURL(/\/change\/done$/);
  await see("change-done");

  await at("limits");
  await see("limits");
  await page.locator("#limit_1").fill("30,000");
  await next(page, words);
  await page.locator("#errors").waitFor();
  await see("limits-over");
  await page.locator("#limit_1").fill("9000");
  await next(page, words);
  await page.waitForURL(/\/limits\/confirm$/);
  await see("limits-confirm");
  await press(page, words.change);
  await page.waitForURL(/\/limits\/done$/);
  await see("limits-done");

  await at("restrict");
  await see("restrict-terms");
  await page.getByLabel(words.agree, { exact: true }).check();
  await next(page, words);
  await page.waitForURL(/\/restrict\/confirm$/);
  await see("restrict-preview");
  await press(page, words.execute);
  await page.waitForURL(/\/restrict\/done$/);
  await see("restrict-done");
  await at("details");
  await see("details-restricted");
  await at("register");
  await see("register-refused");
  await press(page, words.signOut);
  await page.waitForURL(/\/login\?out=1$/);
  await see("signed-out");
  await enter(page, demo, lineOf(demo, "b_flets"), { words });
  await see("menu-ineligible");
}
