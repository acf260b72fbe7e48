// Makes classes of an AsyncAPI document with the AsyncAPI project's Modelina, one file each.
//
//     node modelina.mjs DOCUMENT java|csharp|typescript FOLDER
//
// Modelina is taken from the node_modules of the working directory, so that none is needed beside this file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const modelina = require("@asyncapi/modelina");

// As the guide gives them.
const LANGUAGES = {
  java: {
    suffix: "java",
    generator: () =>
      new modelina.JavaGenerator({ collectionType: "List", presets: [modelina.JAVA_JACKSON_PRESET] }),
    options: { packageName: "ccas" },
  },
  csharp: {
    suffix: "cs",
    generator: () =>
      new modelina.CSharpGenerator({ presets: [modelina.CSHARP_NEWTONSOFT_SERIALIZER_PRESET] }),
    options: { namespace: "Ccas" },
  },
  typescript: {
    suffix: "ts",
    generator: () =>
      new modelina.TypeScriptGenerator({ modelType: "interface", rawPropertyNames: true }),
    options: { moduleSystem: "ESM", exportType: "named" },
  },
};

const [path, language, folder] = process.argv.slice(2);
const { suffix, generator, options } = LANGUAGES[language];
const document = JSON.parse(readFileSync(path, "utf-8"));
if (language === "csharp") withoutConstants(document.components.schemas);
const models = await generator().generateCompleteModels(document, options);
mkdirSync(folder, { recursive: true });
for (const { modelName, result } of models) {
  writeFileSync(join(folder, `${modelName}.${suffix}`), result);
}
console.log(`${models.length} classes`);

// Modelina 5.10.1 writes a constant of C# as a member that its own converter then sets, which no compiler takes.
function withoutConstants(node) {
  if (node === null || typeof node !== "object") return;
  if (node.const !== undefined && node.type === "string") node.enum = [node.const];
  if (node.const !== undefined && typeof node.type === "string") delete node.const;
  Object.values(node).forEach(withoutConstants);
}
