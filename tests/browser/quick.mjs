// Purchases without a browser, for tests that need many of them: the pages' own forms, posted as a
// household's browser would.

import assert from "node:assert/strict";

/** A cookie jar and redirects by hand, for one flow. */
class Visitor {
  cookies = new Map();

  constructor(issuer) {
    this.issuer = issuer;
  }

  async #ask(path, options = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { cookie, origin: this.issuer, ...options.headers };
    const response = await fetch(new URL(path, this.issuer), { redirect: "manual", ...options, headers });
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(";")[0].split(/=(.*)/s);
      this.cookies.set(name, value);
    }
    return response;
  }

  /** A page; its hidden fields. */
  async open(path) {
    const response = await this.#ask(path);
    const html = await response.text();
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const fields = Object.fromEntries(hidden.map(([, name, value]) => [name, value]));
    return { status: response.status, html, fields, location: response.headers.get("location") };
  }

  /** A form posted; where it leads. */
  async post(path, fields) {
    const response = await this.#ask(path, {
      method: "POST",
      body: new URLSearchParams(fields),
    });
    await response.text();
    assert.equal(response.status, 303, `${path}: ${response.status}`);
    return response.headers.get("location");
  }
}

/** Buys what was pushed with this authorization address. */
export async function buyQuickly(demo, address, id, password) {
  const visitor = new Visitor(demo.issuer);
  const { location } = await visitor.open(address);
  const login = await visitor.open(location);
  await visitor.post(location, { ...login.fields, passport_id: id, password });
  const path = location.replace(/login.*$/, "confirm");
  const confirmation = await visitor.open(path);
  await visitor.post(path, { ...confirmation.fields, consent: "yes" });
}
