// A provider's site as a provider would write it, with openid-client: it pushes an order, sends the
// browser to Linepass, and believes what came back once the library has checked it.

import { createServer } from "node:http";
import * as oidc from "openid-client";

const PAGE = (text) =>
  `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Site</title>` +
  `<link rel="icon" href="data:,"></head><body><main><h1>${text}</h1></main></body></html>`;

export class ProviderSite {
  /** Orders under way, by their state. */
  #flows = new Map();
  #references = 0;
  /** What each return of the browser came to. */
  returns = [];

  static async listen() {
    const site = new ProviderSite();
    site.server = createServer((request, response) => site.#answer(request, response));
    await new Promise((ready) => site.server.listen(0, "127.0.0.1", ready));
    site.origin = `http://127.0.0.1:${site.server.address().port}`;
    site.redirectUri = `${site.origin}/callback`;
    return site;
  }

  /** Discovers Linepass; the library takes `id_token`s of the registered algorithm alone. `allowInsecureRequests` is the switch for plain HTTP on loopback. */
  async connect(issuer, { client_id, client_secret, id_token_signed_response_alg }) {
    const metadata = { client_secret, id_token_signed_response_alg };
    const options = { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] };
    this.config = await oidc.discovery(new URL(issuer), client_id, metadata, undefined, options);
  }

  /** A token of the provider's own, for nobody's login. */
  forItself(scope) {
    return oidc.clientCredentialsGrant(this.config, { scope });
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** Pushes an order and gives the address to send the browser to. Without an order: login only. */
  begin(order, more = {}) {
    return this.#push(order && this.order(order), more);
  }

  /** Pushes a cancellation of this contract. */
  beginCancellation(contract, more = {}) {
    return this.#push({ type: "cancellation", reference: this.#reference(), contract }, more);
  }

  /** What the last return of the browser brought: the receipt. */
  receipt() {
    return this.returns.at(-1).tokens.authorization_details[0];
  }

  async #push(details, more) {
    const verifier = oidc.randomPKCECodeVerifier();
    const flow = { verifier, nonce: oidc.randomNonce(), state: oidc.randomState() };
    this.#flows.set(flow.state, flow);
    const url = await oidc.buildAuthorizationUrlWithPAR(this.config, {
      redirect_uri: this.redirectUri,
      scope: "openid",
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...(details && { authorization_details: JSON.stringify([details]) }),
      ...more,
    });
    return url.href;
  }

  /** One 名作アニメ1 for 300 yen, unless told otherwise. */
  order(changes = {}) {
    const usual = { service: "anime-1", quantity: 1, amount: 300, currency: "JPY" };
    return { type: "purchase", reference: this.#reference(), ...usual, ...changes };
  }

  #reference() {
    this.#references += 1;
    return `order-${this.#references}`;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname !== "/callback") {
      response.writeHead(404).end();
      return;
    }
    const came = await this.#settle(url);
    this.returns.push(came);
    const text = came.error ? `Not bought: ${came.error}` : `Welcome back ${came.claims.sub}`;
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE(text));
  }

  async #settle(url) {
    const flow = this.#flows.get(url.searchParams.get("state"));
    try {
      const tokens = await oidc.authorizationCodeGrant(this.config, url, {
        pkceCodeVerifier: flow?.verifier,
        expectedNonce: flow?.nonce,
        expectedState: flow?.state,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      const userinfo = await oidc.fetchUserInfo(this.config, tokens.access_token, claims.sub);
      return { tokens, claims, userinfo, nonce: flow.nonce };
    } catch (error) {
      return { error: error.error ?? error.code ?? error.message };
    }
  }
}
