// A reporter for node:test that says what became of each test, a line of JSON each, for sdk_test.go.
export default async function* report(events) {
  const names = [];
  for await (const { type, data } of events) {
    if (type === "test:start") names.splice(data.nesting, Infinity, data.name);
    if (type === "test:stderr" || type === "test:stdout") yield `${JSON.stringify({ output: data.message })}\n`;
    if ((type !== "test:pass" && type !== "test:fail") || data.details.type === "suite") continue;
    const error = data.details.error?.cause ?? data.details.error;
    const failure = type === "test:fail" ? `${error?.stack ?? error}` : undefined;
    yield `${JSON.stringify({ test: [...names.slice(0, data.nesting), data.name].join("/"), seconds: data.details.duration_ms / 1000, failure })}\n`;
  }
}
