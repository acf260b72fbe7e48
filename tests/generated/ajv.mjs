// Holds messages against a published schema with Ajv, in strict mode but for the keywords x-…, and prints what does not fit.
//
//     node ajv.mjs SCHEMA MESSAGES
//
// Ajv is taken from the node_modules of the working directory, so that none is needed beside this file.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { Ajv2020 } = require("ajv/dist/2020");
const addFormats = require("ajv-formats");

const [path, messages] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(path, "utf-8"));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);
for (const keyword of new Set(readFileSync(path, "utf-8").match(/"x-[a-z-]+"/g))) ajv.addKeyword(JSON.parse(keyword));
const validate = ajv.compile(schema);
const files = readdirSync(messages);
let accepted = 0;
for (const file of files) {
  if (validate(JSON.parse(readFileSync(join(messages, file), "utf-8")))) accepted += 1;
  else console.log(`${file}: ${ajv.errorsText(validate.errors).slice(0, 300)}`);
}
console.log(`${accepted}/${files.length}`);
