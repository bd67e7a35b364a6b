/** Small helpers for building the page. Text always goes in as text, never as markup. */

/** The element with that id. */
export const byId = (id) => document.getElementById(id);

/**
 * A new element. Properties are DOM properties (`className`, `type`, `hidden` …); names with a hyphen and `role` are attributes. Children are
 * elements or text; null and false are left out.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** Gives parent exactly these children. Those that are there already aren't touched, so they keep the focus. */
export function arrange(parent, children) {
  const same = parent.childNodes.length === children.length && children.every((child, i) => parent.childNodes[i] === child);
  if (!same) parent.replaceChildren(...children);
}

/** A field's name as words: `email_address` is "Email address". */
export function wordsOf(name) {
  const words = name === "legal_accepted" ? "consent to the legal terms" : name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** A field's name as the wire spells it, which may break after an underscore. */
export function spelled(name) {
  const parts = name.split(/(?<=_)/).flatMap((part, i) => (i === 0 ? [part] : [make("wbr"), part]));
  return make("code", {}, ...parts);
}

/** Several words as a sentence's part: "a, b and c". */
export const listOf = (words) => new Intl.ListFormat("en-GB").format(words);

/** A time of the wire, in Unix milliseconds, for a person. */
export const timeOf = (milliseconds) => make("time", {
  dateTime: new Date(milliseconds).toISOString(),
  textContent: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(milliseconds),
});

/** The rows of a description list, from pairs of a term and an element or text. */
export function rowsOf(pairs) {
  return pairs.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)));
}

/** An outside link that opens in a tab of its own, and says so. */
export function outsideLink(url, text) {
  return make("a", { href: url, target: "_blank", rel: "noopener" }, text, make("span", { className: "unseen" }, " (in a new tab)"));
}
