// A phone app: an SDK in Node that keeps its client token by itself. It is a worker because an SDK has one client for all of its process.
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { perform } from "./step.mjs";

const { major, key, api, token: kept } = workerData;
const { Clerk } = major === 5 ? createRequire(import.meta.url)("clerk-js-5/headless") : await import("clerk-js-6/no-rhc");
const tell = (message) => parentPort.postMessage(message);

for (const level of ["warn", "error"]) console[level] = (...words) => tell({ complaint: words.join(" ") });

let token = kept;

const nameOf = ({ method, url }) => `${url.searchParams.get("_method") ?? method} ${url.pathname.replace(/^.*\/v1/, "")}`;

async function before(request) {
  tell({ request: nameOf(request) });
  request.credentials = "omit";
  request.url.searchParams.append("_is_native", "1");
  request.headers.set("authorization", token);
  // Version 5 knows no proxy URL where there is no window.
  if (major === 5) request.url = new URL(`${request.url.pathname}${request.url.search}`, api);
}

async function after(request, response) {
  token = response.headers.get("authorization") ?? token;
  tell({ token });
  if (response.status >= 400) tell({ refusal: { status: response.status, request: nameOf(request) } });
}

const clerk = new Clerk(key, { proxyUrl: api });
const hook = major === 5 ? "__unstable__on" : "__internal_on";
clerk[`${hook}BeforeRequest`](before);
clerk[`${hook}AfterResponse`](after);
await clerk.load({ standardBrowser: false, telemetry: false });

parentPort.on("message", async ({ id, step, argument }) => tell({ id, result: await perform(clerk, (0, eval)(`(${step})`), argument) }));
tell({ ready: true });
