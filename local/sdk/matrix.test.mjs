// Plays every scenario with every SDK in every mode in which it makes sense. sdk_test.go starts the stacks.
import { after, before, describe, test } from "node:test";
import { closeBrowser, device, openBrowser } from "./devices.mjs";
import { headless } from "./headless.mjs";
import { prebuilt } from "./prebuilt.mjs";

// MAJORS and MODES narrow a run by hand.
const MAJORS = (process.env.MAJORS ?? "5,6").split(",").map(Number);
const MODES = (process.env.MODES ?? "native,direct,proxied").split(",");

before(openBrowser);
after(closeBrowser);

for (const major of MAJORS) {
  for (const mode of MODES) {
    describe(`clerk-js ${major}, ${mode}`, { concurrency: 4 }, () => {
      for (const scenario of [...headless, ...prebuilt]) {
        if (scenario.modes?.includes(mode) ?? true) test(scenario.name, () => visit(major, mode, scenario));
      }
    });
  }
}

/** Plays the scenario with devices of its own, of which it gets the first and can have more arrive; keeps their pictures when that fails. */
async function visit(major, mode, { name, settings = "codes", path, play }) {
  const devices = [];
  const arrive = async (at = path) => {
    const picture = `${major}-${mode}-${name}-${devices.length + 1}`.replace(/[^\w-]+/g, "-");
    const arriving = device(picture, settings, major, mode);
    devices.push(arriving);
    await arriving.arrive(at);
    return arriving;
  };
  try {
    await play(await arrive(), arrive);
    for (const each of devices) await each.leave();
  } catch (error) {
    error.stack += devices.map(({ complaints }) => `\nThe console: ${complaints.join("\n") || "nothing"}`).join("");
    for (const each of devices) await each.picture?.("failed").catch(() => {});
    throw error;
  } finally {
    for (const each of devices) await each.close();
  }
}
