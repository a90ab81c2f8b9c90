// Progressive enhancement only: every page works without this file.
"use strict";
(() => {
  const words = document.body.dataset;
  const status = document.getElementById("status");

  // copyText works in plain http too, where there is no clipboard API.
  const copyText = async (text) => {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text());
      return;
    }
    const area = document.createElement("textarea");
    area.value = text();
    area.className = "unseen";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
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

  // A value's button is named after its server and its row: "Copy IMAP server".
  const nameOf = (element) => {
    if (element.dataset.copy) return element.dataset.copy;
    const row = element.closest("tr")?.querySelector("th").textContent ?? "";
    const of = element.closest("table")?.dataset.name;
    return of ? of + " " + (document.documentElement.lang === "de" ? row : row.toLocaleLowerCase()) : row;
  };
  const copies = (button, face, text) => {
    let timer = 0;
    button.type = "button";
    const show = (done) => {
      face(done);
      button.classList.toggle("copied", done);
      status.textContent = done ? words.copied : "";
    };
    button.addEventListener("click", async () => {
      await copyText(text);
      show(true);
      clearTimeout(timer);
      timer = setTimeout(show, 2000, false);
    });
    face(false);
  };

  for (const element of document.querySelectorAll("code[data-copy]")) {
    const button = document.createElement("button");
    button.className = "copy";
    button.title = words.copy.replace("{what}", nameOf(element)).trim();
    button.setAttribute("aria-label", button.title);
    copies(button, (done) => button.replaceChildren(icon(done ? tick : sheets)), () => element.textContent);
    element.after(button);
  }

  // A short name has no breaks of its own: where even it does not fit, it breaks at its dots and before its @.
  for (const code of document.querySelectorAll("td code[data-copy]")) {
    const parts = code.textContent.split(/(?<=\.)|(?=@)/);
    if (code.children.length || parts.length < 2 || parts.some((p) => p.length > 12)) continue;
    code.classList.add("whole");
    code.replaceChildren(...parts.flatMap((p, i) => (i ? [document.createElement("wbr"), p] : [p])));
  }

  // All settings as lines of text, for a mail or a ticket.
  for (const section of document.querySelectorAll(".settings")) {
    const button = document.createElement("button");
    button.className = "copy-all";
    const lines = () => [...section.querySelectorAll("caption, tr")].map((e) => e.matches("tr")
      ? [...e.cells].map((c) => c.textContent.trim()).join(": ") : "\n" + e.textContent.trim()).join("\n").trim();
    copies(button, (done) => { button.textContent = done ? words.copied : words.all; }, lines);
    section.querySelector("h2").after(button);
  }

  // An iPad calls itself a Macintosh, and is touched.
  const [mac, pad] = ["mac", "iphone"].map((id) => document.getElementById(id));
  if (mac?.open && pad && navigator.maxTouchPoints > 1) {
    mac.before(pad);
    [mac.open, pad.open] = [false, true];
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
    for (let e = target; e; e = e.parentElement) if (e instanceof HTMLDetailsElement) e.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();
})();
