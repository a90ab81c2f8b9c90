// Package query asks DNS questions. A [Client] tells NXDOMAIN, an empty answer, SERVFAIL, REFUSED and silence apart,
// and asks resolvers or one name server.
package query
