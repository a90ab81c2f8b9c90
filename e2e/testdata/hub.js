// Thunderbird's first window as a person uses it: by what is visible, fields by
// their HTML type, and the button of the form. Nothing here is named as
// Thunderbird names it inside, so that a new release may rename what it likes.

function trust(root) {
  const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
  db.addCertFromBase64(root, "C,,", "");
}

// children are an element's own, as they are laid out: a shadow tree's, with
// what is slotted into it.
function children(e) {
  const slotted = e.localName == "slot" ? e.assignedNodes() : [];
  return slotted.length ? slotted : [...(e.shadowRoot ?? e).childNodes];
}

function isShown(e) {
  const style = window.getComputedStyle(e);
  return style.display != "none" && style.visibility == "visible";
}

function* visible(node) {
  if (node.nodeType == 1 && isShown(node)) {
    yield node;
    for (const child of children(node)) {
      yield* visible(child);
    }
  }
}

function textOf(node) {
  if (node.nodeType != 1) {
    return node.nodeType == 3 ? node.data.trim() : "";
  }
  return isShown(node) ? children(node).map(textOf).filter(Boolean).join(" ") : "";
}

const dialog = () => [...visible(window.document.documentElement)].find(e => e.localName == "dialog" && e.open);

async function until(what, condition) {
  for (const end = Date.now() + 30000; Date.now() < end;) {
    const value = await condition();
    if (value) {
      return value;
    }
    await new Promise(resolve => window.setTimeout(resolve, 50));
  }
  throw new Error("waited in vain: " + what + "; shown: " + (dialog() ? textOf(dialog()) : "no dialog"));
}

// field waits for a visible field of an HTML type.
const field = type => until("a field for " + type, () => dialog() && [...visible(dialog())].find(e => e.localName == "input" && e.type == type));

async function fill(type, text) {
  const input = await field(type);
  input.focus();
  input.value = text;
  for (const name of ["input", "change"]) {
    input.dispatchEvent(new window.Event(name, { bubbles: true, composed: true }));
  }
}

// forward presses the button that submits what is shown.
async function forward() {
  const button = await until("a button to go on", () => [...visible(dialog())].findLast(e => e.localName == "button" && e.type == "submit" && !e.disabled));
  button.click();
}

// introduce enters a person into the dialog that a first start opens, and
// returns its text as soon as that has all the words wanted.
async function introduce(name, email, words) {
  await field("email");
  await fill("text", name);
  await fill("email", email);
  await forward();
  return until(words.join(", "), () => dialog() && words.every(w => textOf(dialog()).includes(w)) && textOf(dialog()));
}

const security = { 0: "plain", 2: "starttls", 3: "tls" };
const auth = { 1: "none", 3: "password", 4: "password-encrypted", 10: "oauth2" };

// setting is an account setting as Thunderbird keeps it in a profile.
function setting(name) {
  const p = Services.prefs;
  switch (p.getPrefType(name)) {
    case p.PREF_STRING: return p.getStringPref(name);
    case p.PREF_INT: return p.getIntPref(name);
  }
  return null;
}

// kept is a server of the account; what is as by default is not kept.
function kept(branch, id, protocol, names) {
  const get = name => setting(branch + id + "." + name) ?? setting(branch + "default." + name);
  return { protocol, host: get(names.host), port: get("port"), username: get(names.user), security: security[get(names.how)], auth: auth[get("authMethod")] };
}

// finish goes on with the password, and returns the account as it is kept.
async function finish(password) {
  await forward();
  await fill("password", password);
  return signIn();
}

// installed waits for an add-on that a policy installs (AddonManager, MDN).
async function installed(id) {
  const { AddonManager } = ChromeUtils.importESModule("resource://gre/modules/AddonManager.sys.mjs");
  await until("the add-on is active", async () => (await AddonManager.getAddonByID(id))?.isActive);
}

// signIn goes on, where need be by way of a browser window that the
// authorization server closes, and returns the account as it is kept.
async function signIn() {
  await forward();
  const smtp = await until("the account is made", () => setting("mail.accountmanager.accounts") && setting("mail.smtpservers"));
  const id = setting("mail.account." + setting("mail.accountmanager.accounts").split(",")[0] + ".server");
  return [
    kept("mail.server.", id, setting("mail.server." + id + ".type"), { host: "hostname", user: "userName", how: "socketType" }),
    kept("mail.smtpserver.", smtp.split(",")[0], "smtp", { host: "hostname", user: "username", how: "try_ssl" }),
  ];
}

// documents are a window's own and those inside of it.
function* documents(win) {
  yield win.document;
  for (const frame of win.document.querySelectorAll("browser, iframe")) {
    if (frame.contentDocument && frame.contentWindow) {
      yield* documents(frame.contentWindow);
    }
  }
}

// named is the visible element of some kinds that a person reads a name on.
function named(win, name, ...kinds) {
  for (const doc of documents(win)) {
    for (const e of visible(doc.documentElement)) {
      if (kinds.includes(e.localName) && [textOf(e), e.getAttribute("label"), e.getAttribute("value")].includes(name)) {
        return e;
      }
    }
  }
  return null;
}

// write writes a message in a window of its own and sends it; the window closes
// once the message is sent.
async function write(to, subject) {
  if (dialog()) { // the one that made the account offers more
    await forward();
    await until("the dialog is closed", () => !dialog());
  }
  const others = () => [...Services.wm.getEnumerator(null)].filter(w => w != window);
  (await until("a button New Message", () => named(window, "New Message", "button", "toolbarbutton"))).click();
  const win = await until("a window to write in", () => others().find(w => named(w, "Subject", "label") && named(w, "Send", "toolbarbutton", "button")));
  const type = (name, text) => {
    const label = named(win, name, "label");
    const input = win.document.getElementById(label.getAttribute("control") ?? label.getAttribute("for"));
    win.focus();
    input.focus();
    input.value = text;
    for (const what of ["input", "change", "blur", "focusout"]) { // a window that is not shown may never have the focus
      input.dispatchEvent(new win.Event(what, { bubbles: true }));
    }
  };
  type("To", to);
  let stays = 0; // the window empties its fields when it is ready
  await until("the subject stays in the title", () => {
    if (!win.document.title.includes(subject)) {
      type("Subject", subject);
      stays = 0;
    }
    return stays++ > 40;
  });
  const send = await until("a button Send that can be pressed", () => {
    const button = named(win, "Send", "toolbarbutton", "button");
    return button && !button.disabled && button;
  });
  send.click();
  try {
    await until("the message is sent", () => !others().length);
  } catch (e) {
    throw new Error(e.message + "; " + others().map(w => w.document.title + ": " + textOf(w.document.documentElement)).join("; "));
  }
}
