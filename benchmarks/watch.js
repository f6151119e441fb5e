// Runs in a page before its own scripts: notes when the overview is drawn, and when it is drawn anew after a click.
// It looks whenever something has changed, never by a clock. A moment is that of the frame in which it can be seen.
(() => {
  const LINE = ".js-plotly-plot .scatterlayer path.js-line";
  const VALUE = ".strip .kpi .value";
  const measured = (window.measured = { drawn: null, redrawn: null });
  let clicked = null;

  const shown = () => {
    const line = document.querySelector(LINE)?.getAttribute("d");
    const value = document.querySelector(VALUE)?.textContent;
    return line && /L|C|H|V/.test(line) && value ? { line, value } : null;
  };
  const seen = (note) => requestAnimationFrame(() => setTimeout(() => note(performance.now())));

  const look = () => {
    const now = shown();
    if (!now) return;
    if (measured.drawn === null) {
      measured.drawn = 0;
      seen((at) => (measured.drawn = at));
    }
    if (clicked && now.line !== clicked.line && now.value === clicked.expected) {
      const { at } = clicked;
      clicked = null;
      seen((then) => (measured.redrawn = then - at));
    }
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributeFilter: ["d"],
  });

  const press = (event) => {
    const row = event.target.closest?.("#channels .bar");
    if (!row) return;
    measured.redrawn = null;
    clicked = { at: performance.now(), line: shown().line, expected: row.querySelector(".value").textContent };
  };
  document.addEventListener("click", press, { capture: true });
})();
