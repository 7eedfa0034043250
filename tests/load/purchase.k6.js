// A whole purchase for k6, from the provider's push to the tokens, for those who bring k6.
//
//   k6 run -e URL=http://127.0.0.1:8480 -e CREDENTIALS="$PWD/seed.jsonl" -e RATE=50 -e DURATION=1m \
//     tests/load/purchase.k6.js
//
// k6 takes a relative path of CREDENTIALS from this script's folder.
//
// An open loop: RATE purchases are begun each second whatever the server does. For a development
// certificate add --insecure-skip-tls-verify.

import { check, fail } from "k6";
import { SharedArray } from "k6/data";
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

const URL = __ENV.URL || "http://127.0.0.1:8480";
const RATE = Number(__ENV.RATE || 10);
// RFC 7636, appendix B.
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

export const options = {
  scenarios: {
    purchase: {
      executor: "constant-arrival-rate",
      rate: RATE,
      timeUnit: "1s",
      duration: __ENV.DURATION || "30s",
      preAllocatedVUs: Math.max(20, RATE * 2),
      maxVUs: Math.max(200, RATE * 10),
    },
  },
  thresholds: { checks: ["rate>0.99"], wrong_answers: ["count==0"] },
};

const pressed = new Trend("press_ms", true);
const wrong = new Counter("wrong_answers");

// The file is read once for all virtual users.
const lines = new SharedArray("lines", () => rows().filter((row) => row.kind === "line" && usable(row)));
const providers = new SharedArray("providers", () =>
  rows().filter((row) => row.kind === "provider").map((row) => ({ ...row, offer: cheapest(row.services) })).filter((row) => row.offer));

function rows() {
  return open(__ENV.CREDENTIALS || "credentials.jsonl").split("\n").filter(Boolean).map((row) => JSON.parse(row));
}

function usable(line) {
  return (!line.state || line.state === "open") && line.passport_ids.length > 0;
}

function cheapest(services) {
  const offers = services.filter((service) => service.kind === "per_use")
    .map((service) => ({ service: service.service, amount: service.unit_price === null ? 1 : service.unit_price }));
  return offers.sort((a, b) => a.amount - b.amount)[0];
}

const any = (list) => list[Math.floor(Math.random() * list.length)];

function expect(answer, status, step) {
  if (!check(answer, { [`${step} is answered ${status}`]: (r) => r.status === status })) {
    fail(`${step}: ${answer.status} ${answer.error || ""}`);
  }
  return answer;
}

function must(value, step, what) {
  if (!value) {
    wrong.add(1);
    fail(`${step}: ${what}`);
  }
  return value;
}

const found = (text, pattern) => (String(text).match(pattern) || [])[1];

// The last of a receipt number's twelve digits is its Luhn digit.
function isReceiptNumber(number) {
  if (!/^\d{12}$/.test(number)) return false;
  const sum = [...number].reverse().reduce((all, digit, place) => {
    const weighed = Number(digit) * (place % 2 ? 2 : 1);
    return all + (weighed > 9 ? weighed - 9 : weighed);
  }, 0);
  return sum % 10 === 0;
}

export default function () {
  const line = any(lines);
  const passport = any(line.passport_ids);
  const provider = any(providers);
  const { service, amount } = provider.offer;
  const reference = `k6-${exec.scenario.startTime}-${exec.scenario.iterationInTest}`;
  const browser = { redirects: 0, headers: { "X-Forwarded-For": line.network.split("/")[0] } };
  const posting = { redirects: 0, headers: { ...browser.headers, Origin: URL } };
  const secret = { client_id: provider.client_id, client_secret: provider.client_secret };

  const pushed = expect(http.post(`${URL}/oauth/par`, {
    ...secret,
    response_type: "code",
    redirect_uri: provider.redirect_uri,
    scope: "openid",
    state: "s",
    nonce: "n",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    authorization_details: JSON.stringify([
      { type: "purchase", reference, service, quantity: 1, amount, currency: "JPY" },
    ]),
  }), 201, "push");
  const query = `client_id=${encodeURIComponent(provider.client_id)}&request_uri=${encodeURIComponent(pushed.json("request_uri"))}`;
  const sent = expect(http.get(`${URL}/oauth/authorize?${query}`, browser), 303, "arrive");
  const flow = must(found(sent.headers.Location, /^(\/flow\/[^/]+)\/login$/), "arrive", "no flow");
  const at = (page) => ({ ...browser, tags: { name: page } });

  const door = expect(http.get(`${URL}${flow}/login`, at("login page")), 200, "login page");
  const typed = {
    csrf: must(found(door.body, /name="csrf" value="([^"]+)"/), "login page", "no form"),
    passport_id: passport.passport_id,
    password: passport.password,
  };
  expect(http.post(`${URL}${flow}/login`, typed, { ...posting, tags: { name: "login" } }), 303, "login");
  expect(http.get(`${URL}${flow}/success`, at("success")), 200, "success");
  const page = expect(http.get(`${URL}${flow}/confirm`, at("confirmation")), 200, "confirmation");
  must(page.body.includes(passport.passport_id), "confirmation", "another passport ID");
  const agreed = {
    csrf: must(found(page.body, /name="csrf" value="([^"]+)"/), "confirmation", "no form"),
    month: must(found(page.body, /name="month" value="([^"]+)"/), "confirmation", "no month"),
    consent: "yes",
  };
  const press = expect(http.post(`${URL}${flow}/confirm`, agreed, { ...posting, tags: { name: "press" } }), 303, "press");
  pressed.add(press.timings.duration);
  must(press.headers.Location === `${flow}/complete`, "press", `it leads to ${press.headers.Location}`);
  const slip = expect(http.get(`${URL}${flow}/complete`, at("completion")), 200, "completion");
  const number = (found(slip.body, /class="slip-number"[^>]*>([\d ]+)</) || "").replace(/ /g, "");
  must(isReceiptNumber(number), "completion", `${number} is no receipt number`);

  const back = expect(http.get(`${URL}${flow}/return`, at("return")), 303, "return");
  const code = must(found(back.headers.Location, /[?&]code=([^&]+)/), "return", "no code");
  const tokens = expect(http.post(`${URL}/oauth/token`, {
    ...secret,
    grant_type: "authorization_code",
    code: decodeURIComponent(code),
    redirect_uri: provider.redirect_uri,
    code_verifier: VERIFIER,
  }), 200, "exchange");
  const receipt = tokens.json("authorization_details")[0];
  must(receipt.receipt_number === number && receipt.reference === reference, "exchange", "another receipt");
}
