// Reads an AsyncAPI document with the AsyncAPI project's own parser and prints what it finds fault with, and which schemas of
// objects, of enumerations and of choices it has no name for.
// Exits 1 where that is an error, 2 where the document cannot be read at all.
//
//     node validate.mjs DOCUMENT
//
// The parser is taken from the node_modules of the working directory, so that none is needed beside this file.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { Parser } = require("@asyncapi/parser");

const SEVERITIES = ["error", "warning", "info", "hint"];

const path = process.argv[2];
let source;
try {
  source = readFileSync(path, "utf-8");
} catch (error) {
  console.error(`${path}: ${error.code ?? error.message}`);
  process.exit(2);
}
const { document, diagnostics } = await new Parser().parse(source);
for (const { severity, code, path: place, message } of diagnostics) {
  console.log(`${SEVERITIES[severity]}  ${code}  /${place.join("/")}  ${message}`);
}
for (const schema of document?.allSchemas().all() ?? []) {
  const json = schema.json();
  const isClass = json.properties ?? json.enum ?? json.oneOf ?? json.anyOf ?? json.allOf;
  const hasName = !schema.id()?.startsWith("<anonymous") || json.title;
  if ((isClass || typeof json.const === "string") && !hasName) console.log(`unnamed  ${schema.id()}`);
}
const isRefused = document === undefined || diagnostics.some(({ severity }) => severity === 0);
console.log(isRefused ? "refused" : `accepted: ${document.operations().all().length} operations`);
process.exit(isRefused ? 1 : 0);
