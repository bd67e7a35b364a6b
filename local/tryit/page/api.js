/** The API as an SDK in a browser uses it: forms out, JSON in, the client's cookie with both. */

const MASK = "••••••";
const SECRET_FIELDS = new Set(["password", "code"]);
const SECRET_MEMBERS = new Set(["jwt"]);

/** An answer that isn't a success, or none at all (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status HTTP's, or 0
   * @param {{code: string, message: string, field: string}[]} faults at least one; field is "" when a fault is about the whole request
   * @param {number} retryAfter seconds to wait, or 0
   * @param {?object} client the client as it is now, when the answer has it
   */
  constructor(status, faults, retryAfter, client) {
    super(faults[0].message);
    Object.assign(this, { status, faults, retryAfter, client });
  }

  /** Whether a fault has that code. */
  has(code) {
    return this.faults.some((fault) => fault.code === code);
  }
}

/**
 * Sends requests and tells about each.
 * @param {(exchange: {line: string, body: string, status: number, milliseconds: number, answer: any}) => void} tell gets every request with its
 * answer, secrets masked
 */
export function newAPI(tell) {
  /** Like SDKs in browsers, it only ever GETs and POSTs: other methods travel in the query. */
  return async function call(method, path, fields = {}) {
    const posted = method !== "GET";
    const url = posted && method !== "POST" ? `${path}?_method=${method}` : path;
    const init = posted ? { method: "POST", body: new URLSearchParams(fields) } : {};
    const began = performance.now();
    const exchange = { line: `${posted ? "POST" : "GET"} ${url}`, body: masked(fields), status: 0, milliseconds: 0, answer: null };
    try {
      const response = await fetch(url, init);
      exchange.status = response.status;
      exchange.answer = parse(await response.text());
      if (!response.ok) throw problemOf(response, exchange.answer);
      return exchange.answer;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(0, [{ code: "", message: "The API doesn't answer. Is it still running?", field: "" }], 0, null);
    } finally {
      exchange.milliseconds = Math.round(performance.now() - began);
      tell({ ...exchange, answer: withoutTokens(exchange.answer) });
    }
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function problemOf(response, body) {
  const faults = (body?.errors ?? []).map((error) => ({ code: error.code, message: error.long_message, field: error.meta?.param_name ?? "" }));
  if (faults.length === 0) faults.push({ code: "", message: `The API answered with status ${response.status}.`, field: "" });
  return new Problem(response.status, faults, Number(response.headers.get("Retry-After") ?? 0), body?.meta?.client ?? null);
}

function masked(fields) {
  return Object.entries(fields)
    .map(([name, value]) => (SECRET_FIELDS.has(name) ? `${name}=${MASK}` : `${new URLSearchParams([[name, value]])}`))
    .join("&");
}

function withoutTokens(value) {
  if (Array.isArray(value)) return value.map(withoutTokens);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, SECRET_MEMBERS.has(name) ? MASK : withoutTokens(member)]));
}
