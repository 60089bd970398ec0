// Walks the public interface and fails where it is not documented: every export has a sentence and an example, every public
// member a sentence, and every example compiles. Exit 1: the list of what is missing.
//
//   node scripts/docs.js

import { fileURLToPath } from "node:url";

import ts from "typescript";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const ENTRIES = [here("../src/index.ts"), here("../src/element.ts")];
const EXAMPLES = here("../src/examples-of-the-documentation.ts");

const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(here("../tsconfig.build.json"), ts.sys.readFile).config, ts.sys, here(".."));
const program = ts.createProgram(ENTRIES, options);
const checker = program.getTypeChecker();

const lacking = [];
const examples = [];
const seen = new Set();

for (const entry of ENTRIES) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  for (const exported of checker.getExportsOfModule(module)) visit(exported);
}
if (examples.length === 0) lacking.push("there is not one example");
lacking.push(...complaints(examples));

for (const line of lacking) console.error(line);
console.log(`${seen.size} exports, ${examples.length} examples, ${lacking.length} complaints`);
process.exit(lacking.length > 0 ? 1 : 0);

function visit(exported) {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  if (seen.has(symbol)) return;
  seen.add(symbol);
  if (!sentence(symbol)) lacking.push(`${symbol.name}: no sentence`);
  const found = examplesOf(symbol);
  if (found.length === 0) lacking.push(`${symbol.name}: no example`);
  for (const code of found) examples.push({ name: symbol.name, code });
  for (const member of membersOf(symbol)) visitMember(symbol, member);
}

function visitMember(owner, member) {
  const name = `${owner.name}.${member.name}`;
  // A name that says everything needs no sentence in a plain record; what can be called or has a unit always does.
  const isCallable = checker.getTypeOfSymbol(member).getCallSignatures().length > 0;
  if (isCallable && !sentence(member)) lacking.push(`${name}: no sentence`);
  for (const code of examplesOf(member)) examples.push({ name, code });
}

function membersOf(symbol) {
  return [...(symbol.members?.values() ?? [])].filter((member) => {
    const declaration = member.declarations?.[0];
    if (!declaration || member.name.startsWith("#") || ts.isPrivateIdentifier(declaration.name ?? declaration)) return false;
    if (member.flags & ts.SymbolFlags.TypeParameter) return false;
    // What only the browser calls is not in the published types.
    if (member.getJsDocTags(checker).some(({ name }) => name === "internal")) return false;
    return !(ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected));
  });
}

function sentence(symbol) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
}

/** The code of every `@example`, without its fence. */
function examplesOf(symbol) {
  return symbol
    .getJsDocTags(checker)
    .filter(({ name }) => name === "example")
    .map(({ text }) => /```(?:ts|html)\n([\s\S]*?)```/.exec(ts.displayPartsToString(text))?.[1] ?? "")
    .filter((code) => code.trim() !== "");
}

/** What the compiler says of the examples, each a function of its own that sees all exports and what every page has. */
function complaints(all) {
  const names = [...seen].map(({ name }) => name).filter((name) => name !== "default" && /^[A-Z]\w*$|^[a-z]\w*$/.test(name));
  const inIndex = new Set(checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(ENTRIES[0]))).map(({ name }) => name));
  const imports = names.map((name) => `${inIndex.has(name) ? "index" : "element"}.${name}`);
  const from = (file) => imports.filter((name) => name.startsWith(`${file}.`)).map((name) => name.split(".")[1]).join(", ");
  const head = [
    `import { ${from("index")} } from "./index.js";`,
    from("element") ? `import { ${from("element")} } from "./element.js";` : "",
    "declare const server: string, token: string, startButton: HTMLButtonElement, stopButton: HTMLButtonElement;",
    "declare const recorder: Recorder;",
  ];
  const code = all.filter(({ code }) => !code.trimStart().startsWith("<"));
  const text = [...head, ...code.map(({ code }, at) => `async function example${at}() {\n${code}}\nvoid example${at};`)].join("\n");
  return compile(text).map((message) => `examples: ${message}`);
}

function compile(text) {
  const lax = { ...options, noEmit: true, verbatimModuleSyntax: false, isolatedModules: false, noUnusedLocals: false };
  const host = ts.createCompilerHost(lax);
  const read = host.readFile.bind(host);
  const exists = host.fileExists.bind(host);
  host.readFile = (path) => (path === EXAMPLES ? text : read(path));
  host.fileExists = (path) => path === EXAMPLES || exists(path);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, language, ...rest) =>
    path === EXAMPLES ? ts.createSourceFile(path, text, language) : getSourceFile(path, language, ...rest);
  const one = ts.createProgram([EXAMPLES], lax, host);
  return ts.getPreEmitDiagnostics(one).map((found) => {
    const line = found.file?.fileName === EXAMPLES && found.start !== undefined ? text.split("\n")[found.file.getLineAndCharacterOfPosition(found.start).line] : "";
    return `${ts.flattenDiagnosticMessageText(found.messageText, "\n")} at ${line}`;
  });
}
