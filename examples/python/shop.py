"""A provider's site in one file: login, purchase, cancellation, webhooks, reconciliation.

ISSUER, CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, PORT and STORE come from the environment;
examples/README.md says how to start it, docs/integration.md why it does what it does.
"""

import json
import os
import re
import sqlite3
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

import requests
from requests_oauth2client import OAuth2Client, OAuth2ClientCredentialsAuth
from requests_oauth2client.exceptions import AuthorizationResponseError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def needed(name):
    return os.environ.get(name) or sys.exit(f"set {name} in the environment")


ISSUER, CLIENT_ID, CLIENT_SECRET = needed("ISSUER"), needed("CLIENT_ID"), needed("CLIENT_SECRET")
WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET")
PORT = int(os.environ.get("PORT", "9876"))
STORE = os.environ.get("STORE", "shop.sqlite3")
ORIGIN = f"http://127.0.0.1:{PORT}"  # behind a proxy with TLS: your site's own address
RECONCILE_S = 60
LAPSE_S = 48 * 3_600  # no flow lives that long: what is not bought by then never will be
REMEMBER_S = 30 * 24 * 3_600  # longer than Linepass repeats a webhook
CATALOGUE = {"anime-1": ("名作アニメ1", 300), "cinema": ("映画館パック (月額)", 980)}


class Http(requests.Session):
    """Waits ten seconds at most, where the library would wait for ever."""

    def request(self, *args, **kwargs):
        return super().request(*args, **{"timeout": 10, **kwargs})


http = Http()


def discover():
    """Linepass as it describes itself, with the keys of today."""
    # `testing` lets plain HTTP pass: for the demo on this machine alone.
    local = urlsplit(ISSUER).hostname in ("127.0.0.1", "localhost")
    return OAuth2Client.from_discovery_endpoint(
        issuer=ISSUER, client_id=CLIENT_ID, client_secret=CLIENT_SECRET,
        redirect_uri=f"{ORIGIN}/callback", session=http, testing=local,
    )


linepass = discover()

# --- The store. ---

os.umask(0o077)  # the store is nobody else's


@contextmanager
def transaction():
    """All of it is kept, or nothing."""
    store = sqlite3.connect(STORE, timeout=10, isolation_level=None)
    store.row_factory = sqlite3.Row
    try:
        store.execute("BEGIN IMMEDIATE")
        yield store
        store.execute("COMMIT")
    finally:
        store.close()  # without COMMIT: nothing


with transaction() as store:
    for table in (
        "sessions (session PRIMARY KEY, sub, entitlements)",
        "flows (state PRIMARY KEY, session, verifier, nonce, reference, began, done DEFAULT 0)",
        "orders (reference PRIMARY KEY, session, began, lapsed DEFAULT 0, receipt, brought_by, sub)",
        "ended (contract PRIMARY KEY, reason, last_charge_month, brought_by)",
        "webhooks (id PRIMARY KEY, came)",
    ):
        store.execute(f"CREATE TABLE IF NOT EXISTS {table}")


def commit(change):
    """Makes a change, keeps it, and then says so."""
    with transaction() as store:
        news = change(store)
    if news:
        print(news, flush=True)


# --- What is owed: both are called by callback, webhook and reconciliation, and act once. ---


def deliver(store, receipt, by, sub=None):
    """Delivers what the receipt says, unless that was done."""
    reference = receipt["reference"]
    # Not known: bought before the store was lost.
    store.execute("INSERT OR IGNORE INTO orders (reference) VALUES (?)", (reference,))
    first = store.execute(
        "UPDATE orders SET receipt = ?, brought_by = ?, sub = ? WHERE reference = ? AND receipt IS NULL",
        (json.dumps(receipt), by, sub, reference),
    ).rowcount
    return f"delivered {reference} receipt {receipt['receipt_number']} by {by}" if first else None


def end(store, told, by):
    """Ends a contract, unless that was done."""
    contract, reason = told["contract"], told.get("reason", "customer")
    first = store.execute(
        "INSERT OR IGNORE INTO ended VALUES (?, ?, ?, ?)", (contract, reason, told.get("last_charge_month"), by)
    ).rowcount
    return f"ended {contract} because of {reason} by {by}" if first else None


# --- Login, purchase, cancellation. ---


def request_of(**kept):
    """An authorization request, a new one or one that was kept. It insists on `iss` (RFC 9207)."""
    return linepass.authorization_request(
        scope="openid entitlements", authorization_response_iss_parameter_supported=True, **kept
    )


def begin(session, order=None):
    """Keeps what the callback will need, pushes the order, and says where the browser goes."""
    request = request_of(**({"authorization_details": json.dumps([order])} if order else {}))
    reference, now = order and order["reference"], time.time()

    def keep(store):
        store.execute("DELETE FROM flows WHERE began < ?", (now - LAPSE_S,))
        store.execute(
            "INSERT INTO flows (state, session, verifier, nonce, reference, began) VALUES (?, ?, ?, ?, ?, ?)",
            (request.state, session, request.code_verifier, request.nonce, reference, now),
        )
        if order and order["type"] == "purchase":
            store.execute("INSERT INTO orders (reference, session, began) VALUES (?, ?, ?)", (reference, session, now))

    commit(keep)
    return linepass.pushed_authorization_request(request).uri


def purchase(service):
    return {
        "type": "purchase", "reference": f"order-{uuid.uuid4()}",
        "service": service, "quantity": 1, "amount": CATALOGUE[service][1], "currency": "JPY",
    }


def cancellation(contract):
    return {"type": "cancellation", "reference": f"cancel-{uuid.uuid4()}", "contract": contract}


def callback(session, url):
    """The browser is back. The library checks state, iss, PKCE, the id_token and its nonce."""
    state = parse_qs(urlsplit(url).query).get("state", [None])[0]
    with transaction() as store:
        flow = store.execute("SELECT * FROM flows WHERE state = ?", (state,)).fetchone()
    if flow is None or flow["session"] != session:
        raise ValueError("no flow of this browser has this state")
    if flow["done"]:
        return  # opened again: the order is on the first page
    request = request_of(state=state, nonce=flow["nonce"], code_verifier=flow["verifier"])
    tokens = linepass.authorization_code(request.validate_callback(url))
    # The library lets a missing id_token pass, and does not compare its issuer.
    if tokens.id_token is None or tokens.id_token.issuer != ISSUER:
        raise ValueError("there is no id_token of this issuer")
    sub = tokens.id_token.subject
    receipt = (tokens.kwargs.get("authorization_details") or [None])[0]
    if (receipt and receipt["reference"]) != flow["reference"]:
        raise ValueError("the receipt is of another order")

    def take(store):
        store.execute("UPDATE flows SET done = 1 WHERE state = ?", (state,))
        store.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, '[]')", (session, sub))
        if receipt:
            return deliver(store, receipt, "callback", sub) if receipt["type"] == "purchase" else end(store, receipt, "callback")

    commit(take)
    # Delivered is delivered: what fails from here on costs the list of contracts, no more.
    try:
        told = json.dumps(linepass.userinfo(tokens)["entitlements"])
        commit(lambda store: store.execute("UPDATE sessions SET entitlements = ? WHERE session = ?", (told, session)) and None)
    except (requests.RequestException, KeyError) as error:
        print(f"no entitlements: {error}", file=sys.stderr)


# --- What the browser did not bring: webhooks, and asking. ---


def webhook(headers, body):
    """The status of the answer to a webhook."""
    try:
        # A malformed header or body is a ValueError of one kind or another.
        event = Webhook(WEBHOOK_SECRET).verify(body, headers)
    except (WebhookVerificationError, ValueError) as error:
        print(f"a webhook was refused: {error}", file=sys.stderr)
        return 401
    now = time.time()

    def take(store):
        store.execute("DELETE FROM webhooks WHERE came < ?", (now - REMEMBER_S,))
        webhook_id = next(value for name, value in headers.items() if name.lower() == "webhook-id")
        if not store.execute("INSERT OR IGNORE INTO webhooks VALUES (?, ?)", (webhook_id, now)).rowcount:
            return None
        if event["type"] == "purchase.completed":
            return deliver(store, event["data"], "webhook")
        if event["type"] == "contract.cancelled":
            return end(store, event["data"], "webhook")
        return None  # a type that this site does not know yet

    commit(take)
    return 204


def reconcile():
    """Asks for every order that is open and every contract that is live here."""
    with transaction() as store:
        orders = store.execute("SELECT reference, began FROM orders WHERE receipt IS NULL AND NOT lapsed").fetchall()
        live = store.execute(
            "SELECT json_extract(receipt, '$.contract') AS contract FROM orders "
            "WHERE contract IS NOT NULL AND contract NOT IN (SELECT contract FROM ended)"
        ).fetchall()
    auth = OAuth2ClientCredentialsAuth(linepass, scope="purchases:read")

    def ask(path):
        response = http.get(f"{ISSUER}/provider/v1/{path}", auth=auth)
        # By its code, so that some other 404 on the way here closes no order.
        if response.status_code == 404 and response.json()["code"] == "not_found":
            return None
        response.raise_for_status()  # 429, 503: the next round asks again
        return response.json()

    for order in orders:
        receipt = ask(f"purchases?reference={quote(order['reference'])}")
        if receipt:
            commit(lambda store, receipt=receipt: deliver(store, receipt, "reconciliation"))
        elif order["began"] < time.time() - LAPSE_S:
            lapse = ("UPDATE orders SET lapsed = 1 WHERE reference = ?", (order["reference"],))
            commit(lambda store, lapse=lapse: store.execute(*lapse) and None)
    for row in live:
        told = ask(f"contracts/{row['contract']}")
        if told and told["status"] == "ended":
            commit(lambda store, told=told: end(store, told, "reconciliation"))


def reconcile_once():
    """One round. What fails is told, and asked again in the next one."""
    global linepass
    try:
        linepass = discover()  # Linepass changes its signing keys now and then
        reconcile()
    except Exception as error:
        print(f"not reconciled: {error}", file=sys.stderr)


def keep_reconciling():
    while True:
        time.sleep(RECONCILE_S)
        reconcile_once()


# --- Pages. ---


def form(action, name, value, label):
    return (
        f'<form method="post" action="{action}">'
        f'<button name="{name}" value="{escape(value)}">{escape(label)}</button></form>'
    )


def page(title, main):
    return (
        f'<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>'
        f"<body><main><h1>{title}</h1>{main}</main></body></html>"
    )


def failed(text, english):
    return page(text, f'<p lang="en">{english}</p><p><a href="/">最初のページへ</a></p>')


def home(session):
    with transaction() as store:
        who = store.execute("SELECT * FROM sessions WHERE session = ?", (session,)).fetchone()
        sub = who["sub"] if who else None
        own = store.execute(
            "SELECT * FROM orders LEFT JOIN (SELECT contract, last_charge_month FROM ended) "
            "ON contract = json_extract(receipt, '$.contract') WHERE session = ? OR sub = ?", (session, sub)
        ).fetchall()
    if who:
        contracts = [f"{one['service']} ({one['contract']})" for one in json.loads(who["entitlements"])]
        login = f"<p>ログイン中: {escape(sub)}</p><p>ご契約: {escape(', '.join(contracts) or 'なし')}</p>"
    else:
        login = form("/login", "login", "1", "ログイン")
    sold = [
        form("/buy", "service", service, f"{name} {amount}円 フレッツ・まとめて支払いで購入")
        for service, (name, amount) in CATALOGUE.items()
    ]
    lines = "".join(f"<li>{line(order)}</li>" for order in own)
    greeting = '<p lang="en">Sample shop: log in, buy, and see what was delivered.</p>'
    return page("サンプルショップ", f"{greeting}{login}{''.join(sold)}<h2>ご注文</h2><ul>{lines}</ul>")


def line(order):
    if order["receipt"] is None:
        return f"{escape(order['reference'])} {'購入されませんでした' if order['lapsed'] else '確認中'}"
    receipt = json.loads(order["receipt"])
    text = f"{escape(receipt['service'])} お届け済み 受付番号 {escape(receipt['receipt_number'])} ({order['brought_by']})"
    if "contract" not in receipt:
        return text
    if order["contract"]:
        return f"{text} 解約済み 最終課金月 {escape(str(order['last_charge_month']))}"
    return text + form("/cancel", "contract", receipt["contract"], f"{receipt['contract']} を解約")


# --- The server. ---


class Shop(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        self.answer(self.get)

    def do_POST(self):
        self.answer(self.post)

    def log_message(self, *_):
        """Requests are not logged: an address may hold a code."""

    def answer(self, handle):
        try:
            handle(urlsplit(self.path).path)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            self.send(502, failed("ただいまご利用いただけません", "Please try again later."))

    def get(self, path):
        if path == "/":
            return self.send(200, home(self.session()))
        if path != "/callback":
            return self.send(404, failed("ページがありません", "There is no such page."))
        try:
            callback(self.session(), ORIGIN + self.path)
        # The order stays open: it may have been bought in another tab. Reconciliation will tell.
        except AuthorizationResponseError as error:
            print(f"not bought: {error.error}", file=sys.stderr)
            if error.error != "access_denied":
                return self.send(400, failed("確認できませんでした", "This could not be verified."))
            return self.send(200, failed("手続きは完了していません", "Nothing was completed."))
        except Exception as error:
            print(f"not verified: {type(error).__name__}", file=sys.stderr)
            return self.send(400, failed("確認できませんでした", "This could not be verified."))
        return self.redirect("/")

    def post(self, path):
        length = self.headers.get("content-length", "")
        if not length.isascii() or not length.isdigit():
            return self.send(411, failed("長さがありません", "The length is missing."))
        if int(length) > 65_536:
            return self.send(413, failed("長すぎます", "The body is too large."))
        body = self.rfile.read(int(length))
        if path == "/webhook" and WEBHOOK_SECRET:
            return self.send(webhook(dict(self.headers.items()), body))
        if path not in ("/login", "/buy", "/cancel"):
            return self.send(404, failed("ページがありません", "There is no such page."))
        posted = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        session = self.session() or str(uuid.uuid4())
        if path == "/login":
            return self.redirect(begin(session), session)
        if path == "/cancel":
            return self.redirect(begin(session, cancellation(posted.get("contract", ""))), session)
        if posted.get("service") not in CATALOGUE:
            return self.send(400, failed("取り扱いのない商品です", "Not sold here."))
        return self.redirect(begin(session, purchase(posted["service"])), session)

    def session(self):
        found = re.search(r"(?:^|; *)shop_python=([0-9a-f-]{36})", self.headers.get("cookie", ""))
        return found and found[1]

    def redirect(self, to, session=None):
        # With HTTPS: add Secure, and the prefix __Host- to the name.
        cookie = {"set-cookie": f"shop_python={session}; Path=/; HttpOnly; SameSite=Lax"} if session else {}
        self.send(303, "", {"location": to, **cookie})

    def send(self, status, html="", headers=None):
        issuer = "{0.scheme}://{0.netloc}".format(urlsplit(ISSUER))
        self.send_response(status)
        for name, value in {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "content-security-policy":
                f"default-src 'none'; img-src data:; form-action 'self' {issuer}; frame-ancestors 'none'; base-uri 'none'",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(html.encode())


reconcile_once()  # before the first page: what was missed while the site was down
server = ThreadingHTTPServer(("127.0.0.1", PORT), Shop)
threading.Thread(target=keep_reconciling, daemon=True).start()
print(f"listening on {ORIGIN}", flush=True)
server.serve_forever()
