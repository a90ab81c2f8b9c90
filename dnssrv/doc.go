// Package dnssrv is the DNS side of a provider: the records that lead a mail
// client from a domain to its settings.
//
// [Plan] derives them from the model: SRV records for mail (RFC 6186, RFC
// 8314), ManageSieve (RFC 5804), JMAP (RFC 8620) and DAV (RFC 6764), host names
// for autoconfig and Autodiscover, the digest of a PACC document. [Checker]
// compares a domain with its plan, or observes any other domain, through a
// [Client] that tells NXDOMAIN, an empty answer, SERVFAIL, REFUSED and silence
// apart; it asks resolvers or every name server of the zone, and says what it
// saw as findings. [Publisher] brings a zone to its plan by dynamic update
// (RFC 2136) signed with TSIG (RFC 8945): one atomic message per zone, whose
// prerequisites are what was seen, so that a change made meanwhile is refused
// and never overwritten.
package dnssrv
