// Holds the built console to its budget: what a rep's browser loads before the inbox shows, and all that there is.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FIRST_JS_KB_MAX = 190;
const ALL_JS_KB_MAX = 240;
const CSS_KB_MAX = 16;

const folder = new URL("../../src/answerable/web/assets/console/", import.meta.url).pathname;
const page = readFileSync(join(folder, "index.html"), "utf8");
const files = readdirSync(join(folder, "assets"));
const kb = (names) =>
  names.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, "assets", name))).length, 0) / 1024;

const scripts = files.filter((name) => name.endsWith(".js"));
const rows = [
  ["first scripts", kb(scripts.filter((name) => page.includes(name))), FIRST_JS_KB_MAX],
  ["all scripts", kb(scripts), ALL_JS_KB_MAX],
  ["styles", kb(files.filter((name) => name.endsWith(".css"))), CSS_KB_MAX],
];
for (const [what, size, most] of rows) console.log(`${what}: ${size.toFixed(1)} kB gz of ${most}`);
if (rows.some(([, size, most]) => size > most)) process.exit(1);
