package main

import "testing"

func TestConnectTo(t *testing.T) {
	for _, test := range []struct{ flag, ask, want string }{
		{"mail.example.org:993:127.0.0.1:10993", "MAIL.example.org.:993", "127.0.0.1:10993"},
		{"[2001:db8::1]:993:[::1]:10993", "[2001:db8::1]:993", "[::1]:10993"},
		{"mail.example.org::127.0.0.1:1", "mail.example.org:25", "127.0.0.1:1"},
		{":443:web.example.org:8443", "any.example:443", "web.example.org:8443"},
		{"::127.0.0.1:1", "any.example:25", "127.0.0.1:1"},
		{"mail.example.org:993:127.0.0.1:1", "mail.example.org:465", "mail.example.org:465"},
	} {
		c := connections{}
		if err := c.add(test.flag); err != nil || c.to(test.ask) != test.want {
			t.Errorf("%s: %s leads to %s, want %s; %v", test.flag, test.ask, c.to(test.ask), test.want, err)
		}
	}
	for _, flag := range []string{"", "x", "a:1:b", "a:1:b:", "a:1::2", "a:1:b:2:3", "[::1:1:b:2", "a:1:[::1:2"} {
		if (connections{}).add(flag) == nil {
			t.Errorf("%q is taken", flag)
		}
	}
}
