// Progressive enhancement only: every page works without this file.
"use strict";
(() => {
  const words = document.body.dataset;
  const status = document.getElementById("status");

  // copyText works in plain http too, where there is no clipboard API.
  const copyText = async (element) => {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(element.textContent);
      return;
    }
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand("copy");
  };

  const icon = (path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(svg.namespaceURI, "path");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };
  const sheets = "M9 9h11v11H9zM5 15H4V4h11v1";
  const tick = "m5 12.5 5 5 9-10";

  for (const element of document.querySelectorAll("code[data-copy]")) {
    const row = element.closest("tr");
    const what = element.dataset.copy || row?.querySelector("th").textContent;
    const label = what ? words.copy + " " + what : words.copy;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.append(icon(sheets));
    let timer = 0;
    const show = (done) => {
      button.replaceChildren(icon(done ? tick : sheets));
      button.classList.toggle("copied", done);
      status.textContent = done ? words.copied : "";
    };
    button.addEventListener("click", async () => {
      await copyText(element);
      show(true);
      clearTimeout(timer);
      timer = setTimeout(show, 2000, false);
    });
    element.after(button);
  }

  // While one types, the server's own answer to the text takes the place of
  // the one before, so that it is the same as the button's.
  const field = document.getElementById("error");
  const results = document.getElementById("results");
  if (field && results) {
    let timer = 0;
    let request = new AbortController();
    const ask = async () => {
      request.abort();
      request = new AbortController();
      try {
        const body = new URLSearchParams(new FormData(field.form));
        const response = await fetch(field.form.action, { method: "POST", body, signal: request.signal });
        if (!response.ok) return; // too many questions: the button still asks
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        results.replaceChildren(...page.getElementById("results").childNodes);
      } catch {
        // another question came, or there is no network
      }
    };
    field.addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(ask, event.inputType === "insertFromPaste" ? 0 : 300);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      field.form.requestSubmit();
    });
  }

  // A link to a closed section opens it.
  const openTarget = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  // Browsers without ::details-content print closed sections closed.
  addEventListener("beforeprint", () => {
    for (const section of document.querySelectorAll("details")) section.open = true;
  });
})();
