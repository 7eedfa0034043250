// Runs a script for k6 by Node where there is no k6: the modules that such a script imports are stood in for by
// those beside this one, as far as tests/load/ uses them.
//
//   node tests/shim/k6/run.mjs SCRIPT ITERATIONS      settings of the script (k6's -e) in the environment
//
// One virtual user makes so many iterations, one after the other. Prints one object: the script's options,
// iterations, what failed, checks by name, and each metric's values. Ends with 0 if no iteration failed.
// What it cannot show: k6's own scheduling, its percentiles, and that its engine takes the syntax.
import fs from "node:fs";
import { register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { book } from "./book.mjs";

register("./modules.mjs", import.meta.url);
const [file, iterations] = process.argv.slice(2);
globalThis.__ENV = process.env;
// As k6 does: a relative path begins at the script's folder.
globalThis.open = (name) => fs.readFileSync(path.resolve(path.dirname(file), name), "utf8");

const script = await import(pathToFileURL(file).href);
for (; book.iterations < Number(iterations); book.iterations += 1) {
  book.jar = new Map();
  try {
    script.default();
  } catch (error) {
    book.failures.push(String(error.message));
  }
}
const { jar: _, ...found } = book;
console.log(JSON.stringify({ options: script.options, ...found }));
process.exitCode = book.failures.length === 0 ? 0 : 1;
