// The desk's Python: one Pyodide in a worker of its own, so that the page stays alive and Stop always works.
//   in   { id, prelude, lines, goal }
//   out  { stage } while starting, { ready } or { failed } once, { id, answer } for each question; { failed } once more
//        if Python itself breaks
const here = new URL("./", import.meta.url);
const CORE = 6.4e6; // bytes of Pyodide as servers send it, compressed

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

// Pyodide waits for ever if its own files cannot be had, so this looks over its shoulder.
const trouble = new Promise((_, reject) => {
  const plain = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    try {
      const response = await plain(...request);
      if (!response.ok) throw new Error(`the server said ${response.status}`);
      return response;
    } catch (error) {
      reject(error);
      throw error;
    }
  };
  addEventListener("unhandledrejection", (event) => reject(event.reason));
});
trouble.catch(() => {});

async function core() {
  try {
    const { loadPyodide } = await import("./pyodide.mjs");
    return await Promise.race([loadPyodide({ indexURL: here.href }), trouble]);
  } catch (error) {
    throw new Error(`Python could not be fetched or started. Are you offline? (${error?.message ?? error})`);
  }
}

async function start() {
  const starting = core();
  starting.catch(() => {}); // this and the archives: told below, each when it is its turn
  const manifest = await fetched("manifest.json", "manifest");
  const megabytes = manifest.archives.reduce((sum, { bytes }) => sum + bytes, CORE) / 1e6;
  postMessage({ stage: `Fetching Python and SymPy: ${megabytes.toFixed(0)} MB, once …` });
  const archives = manifest.archives.map(({ file }) => fetched(file));
  archives.forEach((archive) => archive.catch(() => {}));
  const python = await starting;
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
  python.runPython("import json; from lossbook_site.desk import judge");
  return python;
}

let python;
const ready = start().then((started) => { python = started; postMessage({ ready: true }); });
ready.catch((error) => postMessage({ failed: String(error.message ?? error) }));

onmessage = async ({ data: { id, prelude, lines, goal } }) => {
  try {
    await ready;
  } catch {
    return; // told above
  }
  try {
    for (const [name, text] of Object.entries({ prelude, lines, goal })) python.globals.set(name, text);
    postMessage({ id, answer: JSON.parse(python.runPython("json.dumps(judge.check(prelude, lines, goal))")) });
  } catch (error) { // judge.check() tells what is wrong with the lines; this is Python itself, out of memory or stack
    postMessage({ failed: `Python broke down: ${String(error.message ?? error).trim().split("\n").at(-1)}` });
  }
};
