/* <herwa-card widget="ID"></herwa-card>: shows a widget of Herwa and keeps it up to date. It reads no cookie. */
(() => {
  "use strict";
  const REFRESH_MILLISECONDS = 300000;
  const WIDGET_ID = /^[\w-]{22}$/;
  const base = new URL(document.currentScript.src).origin;
  const LAYOUT = ":host{display:inline-block;max-width:100%}svg{display:block;max-width:100%;height:auto}";

  class HerwaCard extends HTMLElement {
    static observedAttributes = ["widget"];

    connectedCallback() {
      this.timer = setInterval(() => document.hidden || this.load(), REFRESH_MILLISECONDS);
      this.load();
    }

    disconnectedCallback() {
      clearInterval(this.timer);
    }

    attributeChangedCallback() {
      if (this.isConnected) this.load();
    }

    async load() {
      const id = this.getAttribute("widget") || "";
      if (!WIDGET_ID.test(id)) {
        console.error("herwa-card: the attribute widget must be the id of a widget.");
        return;
      }
      try {
        const options = { credentials: "omit", referrerPolicy: "no-referrer" };
        const response = await fetch(`${base}/w/${id}.svg`, options);
        if (response.ok) this.show(id, await response.text());
        else if (response.status === 404 && this.shadowRoot) this.shadowRoot.replaceChildren();
        else console.error(`herwa-card: the widget is not available (${response.status}).`);
      } catch {
        console.error(
          `herwa-card: the widget cannot be read from ${location.origin}. Herwa is unreachable, or this site is not one of the widget's allowed sites.`,
        );
      }
    }

    show(id, text) {
      const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
      const style = svg.querySelector("style");
      const root = this.shadowRoot || this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(LAYOUT + style.textContent);
      style.remove();
      root.adoptedStyleSheets = [sheet];
      root.replaceChildren(svg.dataset.link ? this.wrap(id, svg) : svg);
    }

    wrap(id, svg) {
      const link = document.createElement("a");
      link.href = `${base}/w/${id}/go`;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      link.append(svg);
      return link;
    }
  }

  if (!customElements.get("herwa-card")) customElements.define("herwa-card", HerwaCard);
})();
