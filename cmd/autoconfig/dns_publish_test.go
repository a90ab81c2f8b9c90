package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"autoconfig/dnssrv/dnstest"
)

// serveDynamicDNS serves zone files on a loopback port, takes updates signed
// with the key autoconfig, and sets $DNS: tsigdns SECRET ZONE…
func serveDynamicDNS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tsigdns SECRET ZONEFILE…")
	}
	var zones []string
	for _, name := range args[1:] {
		zones = append(zones, ts.ReadFile(name))
	}
	t, ok := ts.Value(testingT{}).(testing.TB)
	if !ok {
		ts.Fatalf("no testing.TB in the environment")
	}
	s := dnstest.Start(t, zones...)
	s.Key("autoconfig", args[0])
	ts.Setenv("DNS", s.Addr())
}
