// Typesets formulas with KaTeX: one JSON object a line in, one a line out.  Started by mathematics.py.
//   in   {"tex": "x^2", "display": false}
//   out  {"html": "<span …", "notes": []}    or    {"error": "Undefined control sequence: \\foo"}
const { createInterface } = require("node:readline");
const { createRequire } = require("node:module");
const katex = createRequire(process.argv[2] + "/")("katex");

createInterface({ input: process.stdin }).on("line", (line) => {
  const { tex, display } = JSON.parse(line);
  const notes = [];
  let answer;
  try {
    const html = katex.renderToString(tex, {
      displayMode: display,
      output: "htmlAndMathml", // what is seen, and what a screen reader reads
      throwOnError: true,
      // No links, classes or pictures from inside a formula.
      trust: ({ command }) => { notes.push(`${command} is not for formulas`); return false; },
      strict: (code, message) => { notes.push(`${message} [${code}]`); return "ignore"; },
    });
    answer = { html, notes };
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error;
    answer = { error: error.rawMessage };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
