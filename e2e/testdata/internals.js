// What `make clients` does with Thunderbird's own modules, as release 153 names them.
const { FindConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/FindConfig.sys.mjs");
const { AccountConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/AccountConfig.sys.mjs");
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");

// observe collects every request that got an answer, until stop() is called.
function observe() {
  const seen = [];
  const observer = {
    observe(channel) {
      channel.QueryInterface(Ci.nsIHttpChannel);
      seen.push({ method: channel.requestMethod, url: channel.URI.spec, status: channel.responseStatus });
    },
  };
  Services.obs.addObserver(observer, "http-on-examine-response");
  return { seen, stop: () => Services.obs.removeObserver(observer, "http-on-examine-response") };
}

function server(s) {
  return {
    protocol: s.type, host: s.hostname, port: s.port, username: s.username,
    security: security[s.socketType] ?? String(s.socketType), auth: auth[s.auth] ?? String(s.auth),
  };
}

// detect looks for an address's settings as the Account Hub does, short of
// guessing. A question whether to follow a redirect is answered with yes. The
// password and its user are those a person gives when Exchange asked for them.
async function detect(email, exchange, database, password, user) {
  Services.prefs.setBoolPref("mailnews.auto_config.fetchFromExchange.enabled", exchange);
  Services.prefs.setStringPref("mailnews.auto_config_url", database);
  Services.obs.notifyObservers(null, "net:prune-all-connections"); // those of the search before
  const web = observe();
  const out = { requests: web.seen, asked: "" };
  try {
    const search = FindConfig.parallelAutoDiscovery(email.split("@")[1], email, new AbortController().signal, password, user);
    let { value, done } = await search.next();
    if (!done) {
      out.asked = value.scheme + "://" + value.host;
      ({ value } = await search.next({ acceptRedirect: true }));
    }
    if (value) {
      FindConfig.ewsifyConfig(value);
      AccountConfig.replaceVariables(value, "Jo Doe", email, "");
      out.source = value.subSource ?? value.source;
      out.name = value.displayName;
      out.incoming = [value.incoming, ...value.incomingAlternatives].map(server);
      out.outgoing = [value.outgoing, ...value.outgoingAlternatives].map(server);
    }
  } finally {
    web.stop();
  }
  return out;
}

// sendAndReceive sends a message to the account's own address, and reads it
// from the inbox.
async function sendAndReceive(subject, body) {
  const { MsgHdrToMimeMessage } = ChromeUtils.importESModule("resource:///modules/gloda/MimeMessage.sys.mjs");
  const account = MailServices.accounts.accounts[0];
  const identity = account.defaultIdentity;
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  fields.from = identity.email;
  fields.to = identity.email;
  fields.subject = subject;
  await new Promise((resolve, reject) => {
    window.setTimeout(() => reject(new Error("sending takes over 20 s")), 20000);
    const listener = {
      QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener", "nsIMsgCopyServiceListener"]),
      onStartSending() {}, onSendProgress() {}, onStatus() {}, onGetDraftFolderURI() {}, onSendNotPerformed() {},
      onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() {},
      onTransportSecurityError(id, status, info, location) { reject(new Error("sending: " + location + " " + status.toString(16))); },
      onStopSending(id, status) { if (!Components.isSuccessCode(status)) { reject(new Error("sending: 0x" + status.toString(16))); } },
      onStopCopy(status) { Components.isSuccessCode(status) ? resolve() : reject(new Error("the copy in Sent: 0x" + status.toString(16))); },
    };
    Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend).createAndSendMessage(
      null, identity, account.key, fields, false, false, Ci.nsIMsgSend.nsMsgDeliverNow, null, "text/plain", body,
      window, null, listener, "", "", Ci.nsIMsgCompType.New);
  });
  const server = account.incomingServer;
  const header = await until("the message arrives", async () => {
    const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
    const found = inbox && [...inbox.messages].find(m => m.mime2DecodedSubject == subject);
    if (!found) {
      await new Promise(done => {
        if (!inbox) {
          server.performExpand(window.msgWindow);
          done();
          return;
        }
        inbox.getNewMessages(window.msgWindow, { QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]), OnStartRunningUrl() {}, OnStopRunningUrl: done });
      });
    }
    return found;
  });
  const mime = await new Promise(resolve => MsgHdrToMimeMessage(header, null, (_, message) => resolve(message), true));
  return { subject: header.mime2DecodedSubject, from: header.mime2DecodedAuthor, body: mime.coerceBodyToPlaintext(header.folder) };
}
