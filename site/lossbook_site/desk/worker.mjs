// The desk's Python: one Pyodide in a worker of its own, so that the page stays alive and Stop always works.
//   in   { id, prelude, lines, goal }
//   out  { stage } while starting, { ready } or { failed } once, { id, answer } for each question
const here = new URL("./", import.meta.url);

async function fetched(file, kind) {
  let response;
  try {
    response = await fetch(new URL(file, here), kind === "manifest" ? { cache: "no-cache" } : {});
  } catch {
    throw new Error(`${file} could not be fetched. Are you offline?`);
  }
  if (!response.ok) throw new Error(`${file} could not be fetched: the server said ${response.status}.`);
  return kind === "manifest" ? response.json() : response.arrayBuffer();
}

async function start() {
  const manifest = await fetched("manifest.json", "manifest");
  const megabytes = manifest.archives.reduce((sum, { bytes }) => sum + bytes, 6.3e6) / 1e6;
  postMessage({ stage: `Fetching Python and SymPy: ${megabytes.toFixed(0)} MB, once …` });
  const archives = manifest.archives.map(({ file }) => fetched(file));
  archives.forEach((archive) => archive.catch(() => {})); // told below, when it is its turn
  const { loadPyodide } = await import("./pyodide.mjs");
  const python = await loadPyodide({ indexURL: here.href });
  postMessage({ stage: "Starting SymPy …" });
  for (const [place, { file, sha256 }] of manifest.archives.entries()) {
    const content = new Uint8Array(await archives[place]);
    python.FS.writeFile(`/${file}`, content);
    const found = python.runPython(`import hashlib; hashlib.sha256(open("/${file}", "rb").read()).hexdigest()`);
    if (found !== sha256) {
      throw new Error(`${file} is not the file that this book was built with, so it was not run. Reload the page; `
        + "if that does not help, tell whoever publishes this copy.");
    }
    python.runPython(`import sys; sys.path.insert(0, "/${file}")`);
  }
  python.runPython("import json; from lossbook_desk import judge");
  return python;
}

let python;
const ready = start().then((started) => { python = started; postMessage({ ready: true }); });
ready.catch((error) => postMessage({ failed: String(error.message ?? error) }));

onmessage = async ({ data: { id, prelude, lines, goal } }) => {
  await ready;
  python.globals.set("question", python.toPy([prelude, lines, goal]));
  postMessage({ id, answer: JSON.parse(python.runPython("json.dumps(judge.check(*question))")) });
};
