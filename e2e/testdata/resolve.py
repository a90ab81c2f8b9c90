"""Asks GLib's resolver, as Claws Mail and GNOME programs do, for the services
named, and prints their targets."""
import sys
from gi.repository import Gio, GLib

domain, services = sys.argv[1], sys.argv[2:]
for service in services:
    try:
        found = Gio.Resolver.get_default().lookup_service(service, "tcp", domain, None)
        hosts = [f"{t.get_hostname()}:{t.get_port()}" for t in found if t.get_hostname()]
        print(service, *(hosts or ["none"]))  # the root is the empty name to GLib
    except GLib.Error as e:
        print(service, "none" if e.matches(Gio.resolver_error_quark(), Gio.ResolverError.NOT_FOUND) else e.message)
