// Browser-side behavior that needs no server: keyboard shortcuts, popovers, tooltips, search fields, poll timers.
// It only clicks or focuses elements of the page, so everything that a key does can also be done with a pointer.
(() => {
  const root = document.documentElement;
  const storage = { get: (name) => localStorage.getItem(`herwa.${name}`), set: (name, value) => localStorage.setItem(`herwa.${name}`, value) };
  const colorMode = localStorage.getItem("theme");
  if (colorMode === "dark" || colorMode === "light") root.classList.add(colorMode);

  const findOpenPopover = () => document.querySelector(".sheet:popover-open");
  const isTextField = (target) => target.closest?.("input, textarea, select, [contenteditable]");

  if (storage.get("known")) root.classList.add("known");

  const applyRailWidth = () => root.classList.toggle("narrow-rail", storage.get("rail") === "narrow");
  applyRailWidth();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = event.target.closest?.(".week td");
    if (cell && event.key.startsWith("Arrow")) {
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
      return;
    }
    if (event.target.matches?.("[data-search]") && event.key === "Escape") {
      event.target.value = "";
      search(event.target);
      event.target.blur();
      return;
    }
    if (isTextField(event.target)) return;
    if (event.key === "Escape" && findOpenPopover()) return;
    const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const target = document.querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (!target || target.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    if (target.matches("input")) target.focus();
    else target.click();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".sheet a, .sheet [data-closes]");
    if (link) link.closest(".sheet").hidePopover();
    if (event.target.closest?.("[data-rail]")) {
      storage.set("rail", root.classList.contains("narrow-rail") ? "wide" : "narrow");
      applyRailWidth();
      window.dispatchEvent(new Event("resize")); // the chart's width has changed; Plotly redraws on resize
    }
    const copyButton = event.target.closest?.("[data-copy]");
    if (copyButton) navigator.clipboard?.writeText(copyButton.dataset.copy).then(() => showTooltip(copyButton, "Copied"));
  });

  // Ignores case and diacritics.
  const normalize = (text) => text.trim().normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const getSearchText = (element) => [...element.querySelectorAll("bdi")].map((name) => name.textContent).join(" ") || element.textContent;
  const search = (input) => {
    const query = normalize(input.value);
    for (const element of document.querySelectorAll(input.dataset.search)) {
      element.hidden = !normalize(getSearchText(element)).includes(query);
    }
  };
  // A popover with a search field focuses it when it opens; otherwise typed letters would trigger keyboard shortcuts.
  // Not on touch screens: there a tap focuses the field, and focusing it earlier would open the on-screen keyboard.
  document.addEventListener("toggle", (event) => {
    const input = event.target.querySelector?.("[data-search]");
    if (!input) return;
    if (event.newState === "open" && matchMedia("(pointer: fine)").matches) input.focus();
    if (event.newState === "closed") {
      input.value = "";
      search(input);
    }
  }, true);
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-search]")) search(event.target);
  });

  let tooltip;
  const hideTooltip = () => tooltip?.matches(":popover-open") && tooltip.hidePopover();
  const showTooltip = (anchor, text) => {
    if (!tooltip?.isConnected) {
      tooltip = document.createElement("div");
      tooltip.id = "tip";
      tooltip.setAttribute("role", "tooltip");
      tooltip.popover = "manual";
      document.body.append(tooltip);
    }
    tooltip.textContent = text;
    tooltip.hidePopover?.();
    tooltip.showPopover();
    const rect = anchor.getBoundingClientRect();
    const left = rect.left + rect.width / 2 - tooltip.offsetWidth / 2;
    const above = rect.top - tooltip.offsetHeight - 8;
    tooltip.style.left = `${Math.max(8, Math.min(left, innerWidth - tooltip.offsetWidth - 8))}px`;
    tooltip.style.top = `${above > 8 ? above : rect.bottom + 8}px`;
  };
  const updateTooltip = (event) => {
    const anchor = event.target.closest?.("[data-tip]");
    if (!anchor) hideTooltip();
    else if (event.type === "pointerover" || anchor.matches(":focus-visible")) showTooltip(anchor, anchor.dataset.tip);
  };
  document.addEventListener("pointerover", updateTooltip);
  document.addEventListener("focusin", updateTooltip);
  document.addEventListener("focusout", hideTooltip);
  document.addEventListener("scroll", hideTooltip, { capture: true, passive: true });

  // Clicks the hidden poll buttons, each every `data-every` seconds, while the page is visible.
  const pollDue = () => {
    if (document.visibilityState !== "visible") return;
    for (const button of document.querySelectorAll("[data-every]")) {
      const due = Number(button.dataset.due || 0);
      if (due && Date.now() >= due) button.click();
      if (!due || Date.now() >= due) button.dataset.due = Date.now() + Number(button.dataset.every) * 1000;
    }
  };
  setInterval(pollDue, 500);
  document.addEventListener("visibilitychange", pollDue);
})();
