// Behavior of the frame that needs no server: color mode, side bar, keyboard shortcuts, poll timers.
// It only clicks or focuses elements of the page, so everything that a key does can also be done with a pointer.
(() => {
  const root = document.documentElement;
  const storage = { get: (name) => localStorage.getItem(`herwa.${name}`), set: (name, value) => localStorage.setItem(`herwa.${name}`, value) };
  const colorMode = localStorage.getItem("theme");
  if (colorMode === "dark" || colorMode === "light") root.classList.add(colorMode);

  if (storage.get("known")) root.classList.add("known");

  // Operators alone get 200 for a page of the panel. It is built as the page of unknown routes, which is hidden meanwhile.
  const [visit] = performance.getEntriesByType("navigation");
  if (/^\/admin(\/|$)/.test(location.pathname) && visit?.responseStatus === 200) {
    root.classList.add("loading-panel");
    setTimeout(() => root.classList.remove("loading-panel"), 3000);
  }

  const applyRailWidth = () => root.classList.toggle("narrow-rail", storage.get("rail") === "narrow");
  applyRailWidth();

  const areShortcutsOn = () => storage.get("shortcuts") !== "off";
  const applyShortcuts = () => {
    root.classList.toggle("no-shortcuts", !areShortcutsOn());
    for (const element of document.querySelectorAll("[data-shortcuts]")) element.setAttribute("aria-checked", areShortcutsOn());
  };
  applyShortcuts();
  document.addEventListener("beforetoggle", applyShortcuts, true);

  // Text fields, and lists with a search field, take letters as text; scrolling regions and menus use the arrow keys.
  const isHandledByTarget = (event) => {
    const within = (selector) => event.target.closest?.(selector);
    if (within("input, textarea, select, [contenteditable]")) return true;
    if (event.key.startsWith("Arrow")) return within(".sheet, .sheet-table, .strip, .week");
    return event.key.length === 1 && within(".sheet")?.querySelector("[data-search]");
  };

  // Ctrl-K opens the command palette from everywhere, also from text fields.
  document.addEventListener("keydown", (event) => {
    const palette = document.getElementById("palette");
    if (!palette || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    palette.togglePopover();
    // At once: the event `toggle` comes later, and what is typed until then would be taken for shortcuts of the page.
    if (palette.matches(":popover-open")) palette.querySelector("[data-search]").focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (moveInHeatmap(event) || isHandledByTarget(event)) return;
    if (event.key === "Escape" && document.querySelector(".sheet:popover-open")) return;
    if (event.key.length === 1 && !areShortcutsOn()) return;
    const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const target = document.querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (!target || target.closest('[aria-disabled="true"], [inert]')) return;
    event.preventDefault();
    if (target.matches("input")) target.focus();
    else target.click();
  });

  const moveInHeatmap = (event) => {
    const cell = event.key.startsWith("Arrow") && event.target.closest?.(".week td");
    if (!cell) return false;
    event.preventDefault();
    const row = cell.parentElement;
    const column = [...row.cells].indexOf(cell);
    const neighbor = {
      ArrowLeft: row.cells[column - 1],
      ArrowRight: row.cells[column + 1],
      ArrowUp: row.previousElementSibling?.cells[column],
      ArrowDown: row.nextElementSibling?.cells[column],
    }[event.key];
    if (neighbor?.matches("td")) neighbor.focus();
    return true;
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-rail]")) {
      storage.set("rail", root.classList.contains("narrow-rail") ? "wide" : "narrow");
      applyRailWidth();
      window.dispatchEvent(new Event("resize")); // the chart's width has changed; Plotly redraws on resize
    }
    if (event.target.closest?.("[data-shortcuts]")) {
      storage.set("shortcuts", areShortcutsOn() ? "off" : "on");
      applyShortcuts();
    }
  });

  // Clicks the hidden poll buttons, each every `data-every` seconds, while the page is visible and connected.
  const pollDue = () => {
    if (document.visibilityState !== "visible" || root.classList.contains("offline")) return;
    for (const button of document.querySelectorAll("[data-every]")) {
      const due = Number(button.dataset.due || 0);
      if (due && Date.now() >= due) button.click();
      if (!due || Date.now() >= due) button.dataset.due = Date.now() + Number(button.dataset.every) * 1000;
    }
  };
  setInterval(pollDue, 500);

  // Clicks the link `data-go` when its URL changes: unlike a redirect, a link keeps the scroll position.
  new MutationObserver((changes) => {
    for (const { target } of changes) if (target.dataset.go) target.click();
  }).observe(document, { subtree: true, attributeFilter: ["data-go"] });

  // On narrow screens tiles and tabs scroll sideways: the selected one comes into view, and nothing else moves.
  const showSelected = (element) => {
    const list = element.closest?.(".strip, .more-kpis, .segments");
    if (!list || list.scrollWidth <= list.clientWidth || element.getAttribute("aria-current") !== "true") return;
    const [item, view] = [element.getBoundingClientRect(), list.getBoundingClientRect()];
    if (item.left >= view.left && item.right <= view.right) return;
    list.scrollLeft += item.left - view.left - (view.width - item.width) / 2;
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.hasAttribute("aria-current")) showSelected(target);
      for (const node of addedNodes) node.querySelectorAll?.('[aria-current="true"]').forEach(showSelected);
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["aria-current"] });

  document.addEventListener("visibilitychange", pollDue);
})();
