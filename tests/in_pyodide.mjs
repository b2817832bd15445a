// Runs Python in Pyodide, under Node: node in_pyodide.mjs '{"pyodide": …, "archives": […], "mounts": {"/in": …}, "program": …}'
// The archives are those that the derivation desk fetches; what the program prints is printed.
import { readFileSync } from "node:fs";

const { pyodide, archives, mounts, program } = JSON.parse(process.argv[2]);
const { loadPyodide } = await import(`file://${pyodide}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: pyodide });
for (const [place, folder] of Object.entries(mounts)) python.mountNodeFS(place, folder);
python.globals.set("archives", python.toPy(archives.map((_, place) => `/${place}.zip`)));
archives.forEach((archive, place) => python.FS.writeFile(`/${place}.zip`, readFileSync(archive)));
python.runPython("import sys; sys.path[:0] = archives");
python.runPython(program);
process.exit(0);
