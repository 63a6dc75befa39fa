/** Makes the one file that customers' pages load, and keeps it small. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { minify } from "terser";

const BYTES_MAX = 12 * 1024;
const outfile = fileURLToPath(new URL("dist/answerable.js", import.meta.url));

// Names of ours that neither the server, nor the browser, nor what the browser keeps knows: they travel short.
const OWN_NAMES =
  /^(about|addAttributes|again|askForPerson|asked|attend|back|base|begin|catchUp|config|conversation|cut|did|discard|draw|element|failed|failures|heard|help|isCut|language|leave|listen|loadRows|long|makeCustomer|mark|markSeen|notice|nudge|of|often|opened|outbox|outgoing|panel|parts|past|prefix|put|rate|rename|resolved|retry|rows|seen|send|sendingId|showLauncher|source|spoken|take|thanks|unread|waiting|write|writing)$/;

/** Colours as short as they can be written; the style sheet has them in the space in which they were chosen. */
async function shortColour(colour) {
  const { code } = await transform(`a{color:${colour}}`, { loader: "css", minify: true, target: "chrome100" });
  return /color:([^;}]+)/.exec(code)[1];
}

async function squeezeCss(css) {
  const names = [...new Set(css.match(/--(?!answerable)[\w-]+(?=:)/g))];
  for (const [at, name] of names.entries())
    css = css.replaceAll(new RegExp(`${name}(?![\\w-])`, "g"), `--${at.toString(36)}`);
  for (const colour of css.match(/oklch\([^()]*\)/g)) css = css.replace(colour, await shortColour(colour));
  const { code } = await transform(css, { loader: "css", minify: true, target: "chrome123" });
  return code.trim().replaceAll(/(?<=[:,]) /g, "");
}

// No page can name a class within the shadow root: they travel short, too. Tests look for these.
const TOLD_CLASSES = ["mine", "small", "rep", "words", "foot", "sr"];
const shorts = new Map();

function shortClass(name) {
  if (TOLD_CLASSES.includes(name)) return name;
  if (!shorts.has(name)) shorts.set(name, `_${shorts.size.toString(36)}`);
  return shorts.get(name);
}

const squeeze = {
  name: "squeeze",
  setup(made) {
    made.onLoad({ filter: /src\/\w+\.ts$/ }, async ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (!path.endsWith("styles.ts")) {
        // As `make` takes them: "button.small link".
        const contents = source.replaceAll(
          /"(\w+)\.([a-z]+(?: [a-z]+)*)"/g,
          (_, tag, classes) => `"${tag}.${classes.split(" ").map(shortClass).join(" ")}"`,
        );
        return { contents, loader: "ts" };
      }
      const css = /= `([\s\S]*)`/.exec(source)[1].replaceAll(/\.([a-z]+)/g, (_, name) => `.${shortClass(name)}`);
      return { contents: `export const css = ${JSON.stringify(await squeezeCss(css))}`, loader: "ts" };
    });
  },
};

const bundle = await build({
  entryPoints: [fileURLToPath(new URL("src/main.ts", import.meta.url))],
  bundle: true,
  write: false,
  minifySyntax: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  mangleProps: OWN_NAMES,
  plugins: [squeeze],
});
// esbuild bundles fast; terser, slower, makes the result 600 bytes smaller.
const { code } = await minify(bundle.outputFiles[0].text, {
  ecma: 2020,
  toplevel: true,
  compress: { passes: 6, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false, unsafe: true, hoist_funs: true, inline: 1, module: true },
  format: { preamble: "/* Apache-2.0 */" },
});
mkdirSync(new URL("dist", import.meta.url), { recursive: true });
writeFileSync(outfile, code);

const bytes = gzipSync(code, { level: 9 }).length;
console.log(`answerable.js: ${bytes} bytes gzipped, of ${BYTES_MAX}`);
if (process.argv.includes("--check") && bytes > BYTES_MAX) process.exit(1);
