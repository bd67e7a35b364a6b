// What the tests run against, and a browser that visits it.
import { request } from "node:http";
import * as two from "clerk-backend-2";
import * as three from "clerk-backend-3";
import * as jose from "jose";

export const world = JSON.parse(process.env.WORLD);

/** The majors of @clerk/backend. */
export const packages = { "clerk-backend-2": two, "clerk-backend-3": three };

/** A publishable key names the issuer's host. */
export const publishableKey = (kind) => `pk_${kind}_${btoa(`${new URL(world.issuer).host}$`)}`;

/** What an application's back end is configured with: the API in the place of Clerk's. The secret key is nobody's: nothing asks for it. */
export const options = { apiUrl: world.api, secretKey: "sk_live_unused", publishableKey: publishableKey("live"), telemetry: { disabled: true } };

/** The issuer's keys, fetched from the stack. */
export const keySet = () => jose.createRemoteJWKSet(new URL(`${world.api}/.well-known/jwks.json`));

/** Sends a request to the stack under the issuer's name. */
const askIssuer = (url, method, headers, body) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(world.api);
  const sent = request({ hostname, port, method, path: url.pathname + url.search, headers: { ...headers, host: url.host } }, (answer) => {
    const chunks = [];
    answer.on("data", (chunk) => chunks.push(chunk)).on("end", () => resolve({
      status: answer.statusCode, location: answer.headers.location, cookies: answer.headers["set-cookie"] ?? [], body: Buffer.concat(chunks).toString(),
    }));
  });
  sent.on("error", reject).end(body);
});

/** A browser with a cookie jar. */
export class Browser {
  cookies = [];
  visited = [];

  /** app answers a Request of a page with { status, headers }. */
  constructor(app) {
    this.app = app;
  }

  header(url) {
    const sees = ({ domain, host }) => domain ? `.${url.hostname}`.endsWith(`.${domain}`) : host === url.hostname;
    return this.cookies.filter(sees).map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  keep(url, line) {
    const [pair, ...rest] = line.split(/; */);
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const attribute = (wanted) => rest.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const domain = attribute("domain")?.replace(/^\./, "");
    this.cookies = this.cookies.filter((one) => !(one.name === name && one.domain === domain && (domain || one.host === url.hostname)));
    const over = Number(attribute("max-age") ?? 1) <= 0 || new Date(attribute("expires") ?? "9999-01-01") < new Date();
    if (!over) this.cookies.push({ name, value, domain, host: url.hostname });
  }

  cookie(address, name) {
    return this.header(new URL(address)).split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  /** Asks the API as a page of the app does. */
  async call(path, fields) {
    const url = new URL(world.issuer + path);
    const body = fields && new URLSearchParams(fields).toString();
    const headers = { origin: world.app, cookie: this.header(url), ...(body && { "content-type": "application/x-www-form-urlencoded" }) };
    const answer = await askIssuer(url, body === undefined ? "GET" : "POST", headers, body);
    for (const line of answer.cookies) this.keep(url, line);
    return JSON.parse(answer.body);
  }

  /** Opens a page and follows redirects, at most ten; what the last one answered. */
  async open(address) {
    this.visited = [];
    for (let url = new URL(address); this.visited.length < 10;) {
      this.visited.push(url.href);
      const headers = { cookie: this.header(url), accept: "text/html", "sec-fetch-dest": "document" };
      const answer = url.origin === world.issuer ? await askIssuer(url, "GET", headers) : await this.app(new Request(url, { headers }));
      for (const line of answer.cookies) this.keep(url, line);
      if (!answer.location) return answer;
      url = new URL(answer.location, url);
    }
    throw new Error(`redirected without end: ${this.visited.join(" ")}`);
  }
}

/** A server-rendered application, as the middleware of @clerk/backend's users is. */
export const application = ({ createClerkClient }, configured) => {
  const clerk = createClerkClient(configured);
  return async (pageRequest) => {
    const state = await clerk.authenticateRequest(pageRequest, { authorizedParties: [world.app], audience: world.audience });
    const location = state.headers.get("location");
    return { status: location ? 307 : 200, location, cookies: state.headers.getSetCookie(), state };
  };
};

/** jwtKey is the current key as PEM, for @clerk/backend without the network. */
export const jwtKey = async () => {
  const { kid } = jose.decodeProtectedHeader(world.session);
  const { keys } = await (await fetch(`${world.api}/.well-known/jwks.json`)).json();
  return jose.exportSPKI(await jose.importJWK(keys.find((key) => key.kid === kid), "RS256", { extractable: true }));
};
