// Tooltips of elements with `data-tip`: on hover, on keyboard focus, and by a click on a button with `data-info`.
// Escape hides them; the pointer can move onto them.
(() => {
  const HIDE_DELAY_MS = 150;
  let tooltip;
  let anchor;
  let hideTimer;

  const create = () => {
    const element = document.createElement("div");
    element.id = "tip";
    element.setAttribute("role", "tooltip");
    element.popover = "manual";
    document.body.append(element);
    return element;
  };

  const hide = () => {
    clearTimeout(hideTimer);
    if (tooltip?.matches(":popover-open")) tooltip.hidePopover();
    anchor?.removeAttribute("aria-describedby");
    anchor = undefined;
  };

  // A name that is fully visible is not repeated.
  const isVisible = (target, text) => {
    const name = target.querySelector(".name");
    return name?.textContent === text && name.clientWidth > 1 && name.scrollWidth <= name.clientWidth;
  };

  const show = (target, text) => {
    hide();
    if (!text || isVisible(target, text)) return;
    if (!tooltip?.isConnected) tooltip = create();
    anchor = target;
    tooltip.textContent = text;
    tooltip.showPopover();
    if (text !== target.getAttribute("aria-label")) target.setAttribute("aria-describedby", "tip");
    const rect = target.getBoundingClientRect();
    const left = rect.left + rect.width / 2 - tooltip.offsetWidth / 2;
    const above = rect.top - tooltip.offsetHeight - 8;
    tooltip.style.left = `${Math.max(8, Math.min(left, innerWidth - tooltip.offsetWidth - 8))}px`;
    tooltip.style.top = `${above > 8 ? above : rect.bottom + 8}px`;
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    clearTimeout(hideTimer);
    if (event.target.closest?.("#tip")) return;
    const target = event.target.closest?.("[data-tip]");
    if (target && target !== anchor) show(target, target.dataset.tip);
    else if (!target && anchor) hideTimer = setTimeout(hide, HIDE_DELAY_MS);
  });
  document.addEventListener("focusin", (event) => {
    const target = event.target.closest?.("[data-tip]");
    if (target?.matches(":focus-visible")) show(target, target.dataset.tip);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  }, true);

  document.addEventListener("click", (event) => {
    const info = event.target.closest?.("[data-info]");
    if (info) show(info, info.dataset.tip);
    else if (!event.target.closest?.("#tip")) hide();
    const copyButton = event.target.closest?.("[data-copy]");
    if (copyButton) navigator.clipboard?.writeText(copyButton.dataset.copy).then(() => show(copyButton, copyButton.dataset.copied));
  });
})();
