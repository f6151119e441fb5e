// Runs in a page before its own scripts. Records when the overview is drawn and when it is redrawn after a click.
// A MutationObserver checks the page after every change; there is no timer. A recorded time is that of the frame in
// which the change is visible.
(() => {
  const LINE = ".js-plotly-plot .scatterlayer path.js-line";
  const VALUE = ".strip .kpi .value";
  const measured = (window.measured = { drawn: null, redrawn: null });
  let clicked = null;

  const readContent = () => {
    const line = document.querySelector(LINE)?.getAttribute("d");
    const value = document.querySelector(VALUE)?.textContent;
    return line && /L|C|H|V/.test(line) && value ? { line, value } : null;
  };
  const afterNextFrame = (record) => requestAnimationFrame(() => setTimeout(() => record(performance.now())));

  const checkContent = () => {
    const content = readContent();
    if (!content) return;
    if (measured.drawn === null) {
      measured.drawn = 0;
      afterNextFrame((drawnAt) => (measured.drawn = drawnAt));
    }
    if (clicked && content.line !== clicked.line && content.value === clicked.expected) {
      const { clickedAt } = clicked;
      clicked = null;
      afterNextFrame((redrawnAt) => (measured.redrawn = redrawnAt - clickedAt));
    }
  };
  new MutationObserver(checkContent).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributeFilter: ["d"],
  });

  const recordClick = (event) => {
    const row = event.target.closest?.("#channels .bar");
    if (!row) return;
    measured.redrawn = null;
    const expected = row.querySelector(".value").textContent;
    clicked = { clickedAt: performance.now(), line: readContent().line, expected };
  };
  document.addEventListener("click", recordClick, { capture: true });
})();
