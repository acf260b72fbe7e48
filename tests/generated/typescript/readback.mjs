// Reads messages with the functions that quicktype made, or with JSON.parse where the classes are types alone, and writes them back.
//
//     node readback.mjs MODULE|- ROOT-CLASS SUFFIX MESSAGES OUTPUT
//
// Written is what ReadBack.java writes. Types are gone when this runs: the compiler has looked at them, in typed.ts.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [module, root, suffix, messages, output] = process.argv.slice(2);
const convert = module === "-" ? null : (await import(pathToFileURL(module))).Convert;
mkdirSync(output, { recursive: true });
for (const file of readdirSync(messages).sort()) {
  const text = readFileSync(join(messages, file), "utf-8");
  writeFileSync(join(output, file), readBack(root, text));
  JSON.parse(text).checks.forEach((check, index) => {
    const own = camel(check.check) + suffix;
    const title = convert === null || convert[`to${own}`] ? own : `OtherCheck${suffix}`;
    writeFileSync(join(output, file.replace(/json$/, `${index}.json`)), readBack(title, JSON.stringify(check)));
  });
}

function readBack(title, text) {
  if (convert === null) return JSON.stringify(JSON.parse(text));
  const writer = title[0].toLowerCase() + title.slice(1);
  return convert[`${writer}ToJson`](convert[`to${title}`](text));
}

function camel(name) {
  return name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
