// Compiles Python files to byte code with Pyodide's own Python: node compile.mjs PYODIDE IN OUT
// Every IN/**/*.py becomes OUT/**/*.pyc, the same bytes wherever and whenever that is done.
const [pyodide, source, target] = process.argv.slice(2);
const { loadPyodide } = await import(`file://${pyodide}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: pyodide });
python.mountNodeFS("/in", source);
python.mountNodeFS("/out", target);
python.runPython(`
import os, py_compile, warnings

warnings.simplefilter("ignore")
for folder, folders, files in os.walk("/in"):
    folders.sort()
    for file in sorted(files):
        name = os.path.relpath(os.path.join(folder, file), "/in")
        os.makedirs(os.path.dirname(os.path.join("/out", name)), exist_ok=True)
        # Without docstrings and assertions; never compared with a source, which is not there.
        py_compile.compile("/in/" + name, "/out/" + name + "c", dfile=name, doraise=True, optimize=2,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
`);
process.exit(0);
