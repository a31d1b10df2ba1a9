// Bundles the editor into the folder named on the command line. Where a package's own words stand, it puts Chinese.
import { build } from "esbuild";
import { copyFile, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const folder = process.argv[2];
const dictionary = JSON.parse(await readFile(new URL("zh.json", import.meta.url), "utf8"));

// A word is exchanged where it is shown: as the value of a property that holds texts, as one of several children, in
// a choice between two texts, as a default, in a message. The same letters as a key or a value stay what they are.
const SHOWN =
  "children|title|label|placeholder|okText|cancelText|message|description|displayName|shortDescription|left|helper|text|name";
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function inChinese(source, words) {
  const missing = [];
  for (const [word, chinese] of Object.entries(words)) {
    // Not a column's heading by which an Excel file is read again, nor a default that names a state of the component.
    const literal = `${escaped(JSON.stringify(word))}(?!, type: "|\\n\\s*/\\*)`;
    const places = [
      `(?<=\\b(?:${SHOWN}): )${literal}`,
      `(?<="aria-label": )${literal}`,
      `(?<=^ *)${literal}(?=,?$)`,
      `(?<=\\b(?:children|title|label|name|displayName|content|description): [^,\\n]*[?:|] )${literal}`,
      `(?<=\\bdetailsTitle: [^\\n]*=> )${literal}`,
      `(?<=\\b(?:success|error|info|warning)\\()${literal}`,
      `(?<=\\b(?:text|confirmText|noPreviewText|detailsTitle): \\w+ = )${literal}`,
    ];
    const pattern = new RegExp(places.join("|"), "gm");
    const translated = source.replace(pattern, () => JSON.stringify(chinese));
    if (translated === source) missing.push(word);
    source = translated;
  }
  if (missing.length) throw new Error(`zh.json has words that the editor does not show: ${missing.join("; ")}`);
  return source;
}

const chinese = {
  name: "chinese",
  setup(bundle) {
    for (const [file, words] of Object.entries(dictionary)) {
      bundle.onLoad({ filter: new RegExp(`node_modules/${escaped(file)}$`) }, async ({ path }) => ({
        contents: inChinese(await readFile(path, "utf8"), words),
        loader: "js",
      }));
    }
  },
};

await build({
  entryPoints: { jdm: "src/main.jsx" },
  outdir: folder,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  charset: "utf8",
  define: { "process.env.NODE_ENV": '"production"', "import.meta.env": '{"MODE":"production"}' },
  legalComments: "linked",
  logLevel: "warning",
  logOverride: { "empty-import-meta": "silent" },
  plugins: [chinese],
});

// The engine's own reader of expressions, which its script fetches from beside the bundle.
const require = createRequire(import.meta.url);
const engine = join(require.resolve("@gorules/zen-engine-wasm"), "..", "dist", "zen_engine_wasm_bg.wasm");
await copyFile(engine, join(folder, "zen_engine_wasm_bg.wasm"));
