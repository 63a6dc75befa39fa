/** Bundles the tests, because older node versions do not read TypeScript, and runs them with node's own runner. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const built = mkdtempSync(join(tmpdir(), "answerable-widget-"));
try {
  await build({
    entryPoints: readdirSync(here)
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join(here, name)),
    outdir: built,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    sourcemap: "inline",
  });
  const files = readdirSync(built).map((name) => join(built, name));
  process.exitCode =
    spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(built, { recursive: true });
}
