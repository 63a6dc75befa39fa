// Writes src/api/schema.d.ts from the published OpenAPI document; with `--check [DOCUMENT]` only says whether it fits.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const schema = here("../src/api/schema.d.ts");
const [mode, document = here("../../docs/reference/openapi.json")] = process.argv.slice(2);

const wanted = COMMENT_HEADER + astToString(await openapiTS(pathToFileURL(document)));
if (mode !== "--check") writeFileSync(schema, wanted);
else if (readFileSync(schema, "utf8") !== wanted) {
  console.error(
    "console/src/api/schema.d.ts does not fit docs/reference/openapi.json: run `npm run types` in console/.",
  );
  process.exit(1);
}
