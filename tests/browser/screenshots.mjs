// For the eye: every page at phone and desk width, light and dark, into target/screenshots/.
// Not a test: run it with `node tests/browser/screenshots.mjs`.

import path from "node:path";
import test from "node:test";
import { startDemo, TARGET, withMonthly } from "./support.mjs";
import { portalTour } from "./portal.mjs";
import { tour } from "./tour.mjs";

const FOLDER = path.join(TARGET, "screenshots");

for (const lang of ["ja", "en"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[390, 844], [1280, 900]]) {
      test(`portal ${lang} ${colorScheme} ${width}`, async (t) => {
        const demo = await startDemo(t, withMonthly);
        await portalTour(t, demo, lang, { colorScheme, viewport: { width, height } }, async (name, page) => {
          const file = `${name}-${lang}-${colorScheme}-${width}.png`;
          await page.screenshot({ path: path.join(FOLDER, file), fullPage: true, animations: "disabled" });
        });
      });
      test(`${lang} ${colorScheme} ${width}`, async (t) => {
        const demo = await startDemo(t, withMonthly);
        const options = { colorScheme, viewport: { width, height } };
        await tour(t, demo, lang, options, async (name, page) => {
          const file = `${name}-${lang}-${colorScheme}-${width}.png`;
          await page.screenshot({ path: path.join(FOLDER, file), fullPage: true, animations: "disabled" });
          if (!name.startsWith("confirm")) return;
          const button = page.locator("button[type=submit]");
          const end = await button.evaluate((it) => it.getBoundingClientRect().bottom + globalThis.scrollY);
          console.log(`${file}: the button ends ${(end / height).toFixed(2)} screens down`);
        });
      });
    }
  }
}
