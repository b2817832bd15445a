// The derivation desk: what the reader writes is kept here, and judged by a worker (worker.mjs) that starts when asked.
(() => {
  const base = new URL("./", document.currentScript.src);
  const STORE = "lossbook desk: ";

  // --- What is kept between visits

  const memory = {
    read(name) {
      try { return JSON.parse(localStorage.getItem(STORE + name)) ?? {}; } catch { return {}; }
    },
    write(name, change) {
      try { localStorage.setItem(STORE + name, JSON.stringify({ ...memory.read(name), ...change })); } catch { /* private browsing */ }
      progress();
    },
  };

  function progress() {
    const items = [...document.querySelectorAll("[data-desk-progress]")];
    for (const item of items) {
      const solved = Boolean(memory.read(item.dataset.deskProgress).solved);
      item.classList.toggle("solved", solved);
      item.querySelector(".desk-mark").textContent = solved ? "Solved" : "Open";
    }
    const count = document.querySelector(".desk-count");
    if (count) count.textContent = `${items.filter((item) => item.classList.contains("solved")).length} of ${items.length} solved`;
  }

  // --- The worker: one a page

  let worker = null; // { ready: promise, started, port, tell, stop }
  let asked = 0;
  const waiting = new Map(); // the questions without an answer, by number: { resolve, reject }

  function cannot() {
    if (location.protocol === "file:") return "The desk needs a web server: this page was opened from a folder. With the book's files, `make serve` is one.";
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") return "This browser cannot run Python: it has no WebAssembly.";
    return "";
  }

  function start(tell) {
    if (worker) { worker.tell = tell; return worker.ready; }
    const reason = cannot();
    if (reason) return Promise.reject(new Error(reason));
    const mine = { tell };
    mine.port = new Worker(new URL("worker.mjs", base), { type: "module" });
    mine.ready = new Promise((resolve, reject) => {
      mine.stop = (error) => {
        mine.port.terminate();
        if (worker === mine) worker = null;
        reject(error);
        for (const question of waiting.values()) question.reject(error);
        waiting.clear();
      };
      mine.port.onerror = (event) => {
        event.preventDefault();
        mine.stop(new Error(event.message ? `The desk's script stopped: ${event.message}` : "The desk's script could not be loaded. Are you offline?"));
      };
      mine.port.onmessage = ({ data }) => {
        if (data.stage) mine.tell(data.stage);
        else if (data.ready) { mine.started = true; resolve(); }
        else if (data.failed) mine.stop(new Error(data.failed));
        else { waiting.get(data.id)?.resolve(data.answer); waiting.delete(data.id); }
      };
    });
    mine.ready.catch(() => {});
    worker = mine;
    return mine.ready;
  }

  function ask(question) {
    return new Promise((resolve, reject) => {
      waiting.set((asked += 1), { resolve, reject });
      worker.port.postMessage({ id: asked, ...question });
    });
  }

  // --- KaTeX: the very version that typeset the page, with all its letters

  let katex = null;
  function typesetter() {
    katex ??= new Promise((resolve, reject) => {
      const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("katex.min.css", base).href });
      const script = Object.assign(document.createElement("script"), { src: new URL("katex.min.js", base).href });
      script.onload = () => resolve(window.katex);
      script.onerror = () => { katex = null; reject(new Error("KaTeX could not be loaded. Are you offline?")); };
      document.head.append(sheet, script);
    });
    return katex;
  }

  // What is too wide scrolls in its own box, also by keyboard, as on the rest of the page (theme.js).
  const reach = new ResizeObserver((changes) => {
    for (const { target: box } of changes) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else if (box !== document.activeElement) box.removeAttribute("tabindex");
    }
  });

  // --- One desk

  const SAYS = { solved: "Solved.", follows: "It follows.", refused: "It does not follow.", mistake: "Not yet.", empty: "" };

  function furnish(desk) {
    const name = desk.dataset.desk;
    const { prelude, begin, goal } = JSON.parse(desk.querySelector("script").textContent);
    const find = (selector) => desk.querySelector(selector);
    const [sheet, said, steps] = [find("textarea"), find(".desk-said"), find(".desk-steps")];
    const button = Object.fromEntries([...desk.querySelectorAll("button[data-do]")].map((each) => [each.dataset.do, each]));

    const fit = () => { sheet.rows = Math.max(5, sheet.value.split("\n").length + 1); };
    const say = (state, text) => {
      said.dataset.state = state;
      said.replaceChildren();
      if (SAYS[state]) said.append(Object.assign(document.createElement("strong"), { textContent: SAYS[state] }), " ");
      said.append(text);
    };
    const busy = (yes) => {
      desk.classList.toggle("busy", yes);
      button.check.setAttribute("aria-disabled", String(yes));
      button.stop.hidden = !yes;
    };
    let running = false;

    const kept = memory.read(name);
    sheet.value = kept.text ?? begin;
    fit();
    if (kept.solved) say("empty", "You have solved this one.");
    sheet.addEventListener("input", () => { fit(); memory.write(name, { text: sheet.value }); });
    // Whoever begins to write will want a verdict: Python can start meanwhile.  (Not for who only tabs through.)
    for (const sign of ["click", "input"]) {
      sheet.addEventListener(sign, () => { if (!cannot()) start(() => {}).catch(() => {}); }, { once: true });
    }

    async function show(answer) {
      const { renderToString } = await typesetter();
      steps.innerHTML = answer.steps; // written by our own code, everything of the reader's escaped
      for (const span of steps.querySelectorAll(".tex")) {
        span.innerHTML = renderToString(span.dataset.tex, { throwOnError: false, trust: false, strict: "ignore" });
      }
      await document.fonts.ready; // letters of another font are wider or narrower
      for (const box of steps.querySelectorAll(".formula")) reach.observe(box);
    }

    async function check() {
      if (running) return;
      running = true;
      busy(true);
      say("busy", worker ? "Checking …" : "Starting Python …");
      const lines = sheet.value;
      let late;
      try {
        const started = start((stage) => say("busy", stage));
        if (worker) typesetter().catch(() => {}); // meanwhile
        await started;
        say("busy", "Checking …");
        late = setTimeout(() => say("busy", "Still at it. Stop ends it."), 15000);
        const answer = await ask({ prelude, lines, goal });
        const where = answer.line ? `Line ${answer.line}: ` : "";
        clearTimeout(late);
        await show(answer);
        say(answer.state, where + answer.message);
        if (answer.printed) said.append(Object.assign(document.createElement("pre"), { textContent: answer.printed }));
        if (answer.state === "solved") memory.write(name, { solved: true });
      } catch (error) {
        clearTimeout(late);
        say("mistake", error.message);
      } finally {
        running = false;
        busy(false);
      }
    }

    button.check.addEventListener("click", check);
    sheet.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); check(); }
    });
    button.stop.addEventListener("click", () => {
      const began = worker?.started;
      worker?.stop(new Error("Stopped. Your lines are kept."));
      button.check.focus();
      if (began) start(() => {}).catch(() => {}); // so that the next verdict does not wait
    });
    button.reset.addEventListener("click", () => {
      sheet.value = begin;
      fit();
      steps.replaceChildren();
      memory.write(name, { text: undefined, solved: false });
      say("empty", "The sheet is as it was at first.");
      sheet.focus();
    });
    button.copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(`${prelude}\n${sheet.value}`);
        say("empty", "Copied, with the lines that are given: it runs as it is where lossbook is installed.");
      } catch {
        sheet.focus();
        sheet.select();
        say("empty", "This browser does not let the page copy. Your lines are selected.");
      }
    });
    const open = (folded) => {
      folded.open = true;
      folded.querySelector("summary").focus();
    };
    button.hint?.addEventListener("click", () => {
      const hints = [...desk.querySelectorAll(".desk-hint")];
      open(hints.find((hint) => !hint.open) ?? hints.at(-1));
    });
    button.solution?.addEventListener("click", () => open(find(".desk-solution")));
  }

  for (const desk of document.querySelectorAll(".desk")) furnish(desk);
  progress();
  addEventListener("storage", progress); // solved in another window
})();
