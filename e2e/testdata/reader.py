"""Reads a document from standard input with Python's own libraries and prints
its servers, one a line: protocol host port security user-name."""
import json
import plistlib
import sys
import xml.etree.ElementTree as ET

OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"


def autoconfig(raw, address):
    provider = ET.fromstring(raw).find("emailProvider")
    for server in provider.findall("incomingServer") + provider.findall("outgoingServer"):
        if server.get("type") not in ("imap", "pop3", "smtp"):
            continue
        security = {"SSL": "tls", "STARTTLS": "starttls", "plain": "plain"}[server.findtext("socketType")]
        user = server.findtext("username").replace("%EMAILADDRESS%", address)
        yield server.get("type"), server.findtext("hostname"), server.findtext("port"), security, user


def autodiscover(raw, address):
    for p in ET.fromstring(raw).iter(OUTLOOK + "Protocol"):
        get = lambda name: p.findtext(OUTLOOK + name)
        security = {"SSL": "tls", "TLS": "starttls", "None": "plain"}[get("Encryption")]
        assert (get("SSL") == "on") == (security != "plain")
        yield get("Type").lower(), get("Server"), get("Port"), security, get("LoginName")


def profile(raw, address):
    for p in plistlib.loads(raw)["PayloadContent"]:
        assert p["EmailAddress"] == address
        for side, protocol in (("Incoming", p["EmailAccountType"][len("EmailType"):].lower()), ("Outgoing", "smtp")):
            get = lambda name: p[side + "MailServer" + name]
            assert get("UseSSL") is True
            yield protocol, get("HostName"), get("PortNumber"), "encrypted", get("Username")


def pacc(raw, address):
    protocols = json.loads(raw)["protocols"]
    for name, server in protocols.items():
        if name == "smtp" and "submit" in protocols:  # the same server, for readers of revision 02
            assert server == protocols["submit"]
            continue
        yield {"submit": "smtp"}.get(name, name), server["host"], "-", "tls", address


for line in globals()[sys.argv[1]](sys.stdin.buffer.read(), sys.argv[2]):
    print(*line)
