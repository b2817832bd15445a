// What a script adds to the pages: a choice of theme, copying code, the section one is in, keyboard access to wide parts.
(() => {
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Theme: the system's, until the reader chooses.
  const button = document.querySelector("button.theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(dark()));
  button.hidden = false;
  button.addEventListener("click", () => {
    const theme = dark() ? "light" : "dark";
    root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* private browsing: the choice lasts for this page */ }
    show();
  });
  system.addEventListener("change", show);
  show();

  // The contents close when the reader has chosen a page (one may be on it already).
  const contents = document.getElementById("book-contents");
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
  });

  // Code can be copied.
  if (navigator.clipboard) {
    for (const block of all("div.highlight")) {
      const copy = document.createElement("button");
      copy.type = "button";
      copy.className = "copy quiet";
      copy.textContent = "Copy";
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.querySelector("pre").textContent.trimEnd());
        copy.textContent = "Copied";
        setTimeout(() => { copy.textContent = "Copy"; }, 1500);
      });
      if (block.closest(".cell_input")) block.append(copy);
    }
  }

  // What is wider than the page scrolls in its own box, also by keyboard.  A box counts as too wide until it has been laid
  // out, which the observer tells: to measure all boxes at once would lay out the parts of the page that nobody sees yet.
  const boxes = all(".katex-display, .formula, div.highlight pre, .cell_output, .table-box");
  const reach = new ResizeObserver((changes) => {
    for (const { target: box } of changes) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else if (box !== document.activeElement) box.removeAttribute("tabindex");
    }
  });
  const measure = () => { for (const box of boxes) { box.tabIndex = 0; reach.unobserve(box); reach.observe(box); } };
  measure();
  document.fonts.ready.then(measure); // letters of another font are wider or narrower
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; measure(); } });

  // A link into a folded part opens it; so does printing.
  const unfold = () => {
    let part = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const target = part;
    for (; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    // The parts above get their true heights as they come near the screen: look again until the place has settled.
    const settle = (looks) => {
      target.scrollIntoView();
      if (looks) requestAnimationFrame(() => settle(looks - 1));
    };
    if (target) settle(3);
  };
  if (location.hash) unfold();
  addEventListener("hashchange", unfold);
  addEventListener("beforeprint", () => { for (const part of all("details:not([open])")) part.open = true; });

  // The section in view is marked in the page's contents.
  const links = new Map(all(".page-contents a").map((a) => [a.hash.slice(1), a]));
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  if (sections.length) {
    const mark = () => {
      const above = sections.filter((section) =>
        section.checkVisibility({ contentVisibilityAuto: true }) && section.getBoundingClientRect().top < innerHeight / 3);
      const current = above.at(-1);
      for (const [id, link] of links) {
        if (current && id === current.id) link.setAttribute("aria-current", "location");
        else link.removeAttribute("aria-current");
      }
    };
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    requestAnimationFrame(mark);
  }
})();
