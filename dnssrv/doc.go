// Package dnssrv has the records that lead a mail client from a domain to its settings.
//
// [Plan] derives them from the model: SRV records for mail (RFC 6186, RFC 8314), ManageSieve (RFC 5804), JMAP (RFC
// 8620) and DAV (RFC 6764), host names for autoconfig and Autodiscover, the digest of a PACC document. The folders
// below ask for records (query), compare a domain with its plan (check) and bring a zone to it (publish).
package dnssrv
