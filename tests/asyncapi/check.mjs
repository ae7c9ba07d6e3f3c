// Reads AsyncAPI documents with the official parser and prints what it has to say about each, of any
// severity, as one JSON object by file name.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const severities = ["error", "warning", "information", "hint"];
const said = {};
for (const file of process.argv.slice(2)) {
  // One parser each: what it has read of one document must not help with another.
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  const lines = diagnostics.map(
    ({ severity, code, path, message }) =>
      `${severities[severity]} ${code} at /${path.join("/")}: ${message}`,
  );
  if (document === undefined && lines.length === 0) lines.push("error: it could not be read");
  said[file] = {
    diagnostics: lines,
    // What a reader of the document sees of it.
    operations: (document?.operations().all() ?? []).map((operation) => ({
      id: operation.id(),
      action: operation.action(),
      address: operation.channels().all()[0]?.address(),
      messages: operation.messages().all().map((message) => message.name()),
      reply: operation.reply()?.channel()?.address() ?? null,
      answers: (operation.reply()?.messages().all() ?? []).map((message) => message.name()),
    })),
  };
}
console.log(JSON.stringify(said));
