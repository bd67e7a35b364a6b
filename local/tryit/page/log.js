import { byId, make } from "./dom.js";

const KEPT = 50;
let count = 0;

/** Adds an exchange, as newAPI tells it, to the log. */
export function record({ line, body, status, milliseconds, answer }) {
  count++;
  byId("log-count").textContent = `${count}`;
  const entries = byId("log-entries");
  entries.prepend(make("li", { value: count }, make("details", {},
    make("summary", {},
      make("code", {}, line), " ",
      make("span", { className: status >= 200 && status < 300 ? "good" : "bad" }, status === 0 ? "no answer" : `${status}`), " ",
      make("span", { className: "hint" }, `${milliseconds} ms`)),
    body !== "" && make("pre", {}, body),
    make("pre", {}, typeof answer === "string" ? answer : JSON.stringify(answer, null, 2)))));
  while (entries.children.length > KEPT) entries.lastChild.remove();
}
