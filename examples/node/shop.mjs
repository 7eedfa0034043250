// A provider's site in one file: login, purchase, cancellation, webhooks, reconciliation.
// ISSUER, CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, PORT and STORE come from the environment;
// examples/README.md says how to start it, docs/integration.md why it does what it does.

import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import * as oidc from "openid-client";
import { Webhook } from "standardwebhooks";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, PORT = "9876", STORE = "shop.json" } = process.env;
const ORIGIN = `http://127.0.0.1:${PORT}`; // behind a proxy with TLS: your site's own address
const RECONCILE_MS = 60_000;
const LAPSE_MS = 48 * 3_600_000; // no flow lives that long: what is not bought by then never will be
const REMEMBER_MS = 30 * 24 * 3_600_000; // longer than Linepass repeats a webhook
const CATALOGUE = {
  "anime-1": { name: "名作アニメ1", amount: 300 },
  cinema: { name: "映画館パック (月額)", amount: 980 },
};

for (const name of ["ISSUER", "CLIENT_ID", "CLIENT_SECRET"]) {
  if (!process.env[name]) throw new Error(`set ${name} in the environment`);
}
// Plain HTTP is for the demo on this machine alone; everywhere else the library insists on HTTPS.
const local = ["127.0.0.1", "localhost"].includes(new URL(ISSUER).hostname);
const linepass = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
  execute: [oidc.enableNonRepudiationChecks, ...(local ? [oidc.allowInsecureRequests] : [])],
  timeout: 10,
});

// --- The store: one file, replaced as a whole, so that a crash leaves the old or the new one. ---

const kept = load();
const part = (name) => new Map(kept[name]);
const store = {
  sessions: part("sessions"), // cookie → who logged in
  flows: part("flows"), // state → what the callback needs
  orders: part("orders"), // reference → the order, then its receipt
  ended: part("ended"), // contract → how it ended
  webhooks: part("webhooks"), // webhook-id → when it came
};

function load() {
  try {
    return JSON.parse(readFileSync(STORE, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

/** Makes a change and keeps it. What cannot be kept must not be acted on: the process ends, and the
 * next start goes on from the file. */
function commit(change) {
  const news = change();
  try {
    const file = openSync(`${STORE}.new`, "w", 0o600);
    writeFileSync(file, JSON.stringify(store, (_, value) => (value instanceof Map ? [...value] : value)));
    fsyncSync(file);
    closeSync(file);
    renameSync(`${STORE}.new`, STORE);
  } catch (error) {
    console.error(`the store cannot be written: ${error.message}`);
    process.exit(1);
  }
  if (news) console.log(news);
}

// --- What is owed: both are called by callback, webhook and reconciliation, and act once. ---

/** Delivers what the receipt says, unless that was done. Inside a commit. */
function deliver(receipt, by, sub) {
  const order = store.orders.get(receipt.reference) ?? {}; // not known: bought before the store was lost
  if (order.receipt) return undefined;
  store.orders.set(receipt.reference, { ...order, receipt, by, sub });
  return `delivered ${receipt.reference} receipt ${receipt.receipt_number} by ${by}`;
}

/** Ends a contract, unless that was done. Inside a commit. */
function end({ contract, reason = "customer", last_charge_month }, by) {
  if (store.ended.has(contract)) return undefined;
  store.ended.set(contract, { reason, last_charge_month, by });
  return `ended ${contract} because of ${reason} by ${by}`;
}

// --- Login, purchase, cancellation. ---

/** Keeps what the callback will need, pushes the order, and says where the browser goes. */
async function begin(session, order) {
  const flow = { session, verifier: oidc.randomPKCECodeVerifier(), nonce: oidc.randomNonce() };
  const state = oidc.randomState();
  const now = Date.now();
  commit(() => {
    for (const [old, { began }] of store.flows) if (began < now - LAPSE_MS) store.flows.delete(old);
    store.flows.set(state, { ...flow, reference: order?.reference, began: now });
    if (order?.type === "purchase") store.orders.set(order.reference, { session, order, began: now });
  });
  const to = await oidc.buildAuthorizationUrlWithPAR(linepass, {
    redirect_uri: `${ORIGIN}/callback`,
    scope: "openid entitlements",
    state,
    nonce: flow.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: "S256",
    ...(order && { authorization_details: JSON.stringify([order]) }),
  });
  return to.href;
}

const purchase = (service) => ({
  type: "purchase", reference: `order-${randomUUID()}`,
  service, quantity: 1, amount: CATALOGUE[service].amount, currency: "JPY",
});
const cancellation = (contract) => ({ type: "cancellation", reference: `cancel-${randomUUID()}`, contract });

/** The browser is back. The library checks state, iss, PKCE, the id_token and its nonce. */
async function callback(session, url) {
  const state = url.searchParams.get("state");
  const flow = store.flows.get(state);
  if (!flow || flow.session !== session) throw new Error("no flow of this browser has this state");
  if (flow.done) return; // opened again: the order is on the first page
  const tokens = await oidc.authorizationCodeGrant(linepass, url, {
    pkceCodeVerifier: flow.verifier, expectedState: state, expectedNonce: flow.nonce, idTokenExpected: true,
  });
  const { sub } = tokens.claims();
  const [receipt] = tokens.authorization_details ?? [];
  if (receipt?.reference !== flow.reference) throw new Error("the receipt is of another order");
  commit(() => {
    store.flows.set(state, { ...flow, done: true });
    store.sessions.set(session, { sub });
    if (receipt) return receipt.type === "purchase" ? deliver(receipt, "callback", sub) : end(receipt, "callback");
  });
  // Delivered is delivered: what fails from here on costs the list of contracts, no more.
  await oidc.fetchUserInfo(linepass, tokens.access_token, sub).then(
    ({ entitlements }) => commit(() => void store.sessions.set(session, { sub, entitlements })),
    (error) => console.error(`no entitlements: ${error.message}`),
  );
}

// --- What the browser did not bring: webhooks, and asking. ---

/** Answers the status of the answer to a webhook. */
function webhook(headers, body) {
  let event;
  try {
    event = new Webhook(WEBHOOK_SECRET).verify(body, headers);
  } catch (error) {
    console.error(`a webhook was refused: ${error.message}`);
    return 401;
  }
  const id = headers["webhook-id"];
  if (store.webhooks.has(id)) return 204;
  commit(() => {
    const now = Date.now();
    for (const [old, came] of store.webhooks) if (came < now - REMEMBER_MS) store.webhooks.delete(old);
    store.webhooks.set(id, now);
    if (event.type === "purchase.completed") return deliver(event.data, "webhook");
    if (event.type === "contract.cancelled") return end(event.data, "webhook");
  });
  return 204; // also for a type that this site does not know yet
}

/** Asks for every order that is open and every contract that is live here. */
async function reconcile() {
  const orders = [...store.orders].filter(([, { receipt, lapsed }]) => !receipt && !lapsed);
  const contracts = [...store.orders.values()].map(({ receipt }) => receipt?.contract);
  const live = contracts.filter((contract) => contract && !store.ended.has(contract));
  if (orders.length + live.length === 0) return;
  const { access_token } = await oidc.clientCredentialsGrant(linepass, { scope: "purchases:read" });
  const ask = async (path) => {
    const url = new URL(`${ISSUER}/provider/v1/${path}`);
    const response = await oidc.fetchProtectedResource(linepass, access_token, url, "GET");
    // By its code, so that some other 404 on the way here closes no order.
    if (response.status === 404 && (await response.json()).code === "not_found") return undefined;
    if (!response.ok) throw new Error(`${path}: status ${response.status}`); // 429, 503: the next round asks again
    return response.json();
  };
  for (const [reference, order] of orders) {
    const receipt = await ask(`purchases?reference=${encodeURIComponent(reference)}`);
    if (receipt) commit(() => deliver(receipt, "reconciliation"));
    else if (order.began < Date.now() - LAPSE_MS) commit(() => void (order.lapsed = true));
  }
  for (const contract of live) {
    const told = await ask(`contracts/${contract}`);
    if (told?.status === "ended") commit(() => end(told, "reconciliation"));
  }
}

async function keepReconciling() {
  await reconcile().catch((error) => console.error(`not reconciled: ${error.message}`));
  setTimeout(keepReconciling, RECONCILE_MS).unref();
}

// --- Pages. ---

const esc = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const form = (action, name, value, label) =>
  `<form method="post" action="${action}"><button name="${name}" value="${esc(value)}">${esc(label)}</button></form>`;
const page = (title, main) =>
  `<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>${title}</title>` +
  `<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>` +
  `<body><main><h1>${title}</h1>${main}</main></body></html>`;
const failed = (text, english) => page(text, `<p lang="en">${english}</p><p><a href="/">最初のページへ</a></p>`);

function home(session) {
  const { sub, entitlements = [] } = store.sessions.get(session) ?? {};
  const own = [...store.orders].filter(([, order]) => (session && order.session === session) || (sub && order.sub === sub));
  const contracts = entitlements.map(({ service, contract }) => `${service} (${contract})`).join(", ") || "なし";
  return page("サンプルショップ",
    `<p lang="en">Sample shop: log in, buy, and see what was delivered.</p>` +
    (sub ? `<p>ログイン中: ${esc(sub)}</p><p>ご契約: ${esc(contracts)}</p>` : form("/login", "login", "1", "ログイン")) +
    Object.entries(CATALOGUE).map(([service, { name, amount }]) =>
      form("/buy", "service", service, `${name} ${amount}円 フレッツ・まとめて支払いで購入`)).join("") +
    `<h2>ご注文</h2><ul>${own.map(([reference, order]) => `<li>${line(reference, order)}</li>`).join("")}</ul>`);
}

function line(reference, { receipt, by, lapsed }) {
  if (lapsed) return `${esc(reference)} 購入されませんでした`;
  if (!receipt) return `${esc(reference)} 確認中`;
  const text = `${esc(receipt.service)} お届け済み 受付番号 ${esc(receipt.receipt_number)} (${by})`;
  if (!receipt.contract) return text;
  const ended = store.ended.get(receipt.contract);
  if (ended) return `${text} 解約済み 最終課金月 ${esc(ended.last_charge_month)}`;
  return `${text} ${form("/cancel", "contract", receipt.contract, `${receipt.contract} を解約`)}`;
}

// --- The server. ---

async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > 65_536) throw Object.assign(new Error("the body is too large"), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function answer(request, response) {
  const url = new URL(request.url, ORIGIN);
  const cookie = /(?:^|; *)shop_node=([0-9a-f-]{36})/.exec(request.headers.cookie ?? "")?.[1];
  const send = (status, html) => response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(html);
  const redirect = (to) => response.writeHead(303, { location: to }).end();
  response.setHeader("cache-control", "no-store");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("content-security-policy",
    `default-src 'none'; img-src data:; form-action 'self' ${new URL(ISSUER).origin}; frame-ancestors 'none'; base-uri 'none'`);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return send(200, home(cookie));
    case "GET /callback":
      return callback(cookie, url).then(() => redirect("/"), (error) => {
        // The order stays open: it may have been bought in another tab. Reconciliation will tell.
        console.error(`not bought, or not verified: ${error.error ?? error.code ?? error.message}`);
        if (error.error === "access_denied") return send(200, failed("手続きは完了していません", "Nothing was completed."));
        return send(400, failed("確認できませんでした", "This could not be verified."));
      });
    case "POST /webhook":
      return WEBHOOK_SECRET
        ? response.writeHead(webhook(request.headers, await read(request))).end()
        : response.writeHead(404).end();
    case "POST /login":
    case "POST /buy":
    case "POST /cancel": {
      const posted = new URLSearchParams(await read(request));
      const session = cookie ?? randomUUID(); // with HTTPS: add Secure, and the prefix __Host- to the name
      response.setHeader("set-cookie", `shop_node=${session}; Path=/; HttpOnly; SameSite=Lax`);
      if (url.pathname === "/login") return redirect(await begin(session));
      if (url.pathname === "/cancel") return redirect(await begin(session, cancellation(posted.get("contract"))));
      if (!Object.hasOwn(CATALOGUE, posted.get("service"))) return send(400, failed("取り扱いのない商品です", "Not sold here."));
      return redirect(await begin(session, purchase(posted.get("service"))));
    }
    default:
      return send(404, failed("ページがありません", "There is no such page."));
  }
}

await keepReconciling(); // before the first page: what was missed while the site was down
createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error.error_description ?? error.message);
    if (response.headersSent) return response.destroy();
    response.writeHead(error.status === 413 ? 413 : 502, { "content-type": "text/html; charset=utf-8" })
      .end(failed("ただいまご利用いただけません", "Please try again later."));
  });
}).listen(Number(PORT), "127.0.0.1", () => console.log(`listening on ${ORIGIN}`));
