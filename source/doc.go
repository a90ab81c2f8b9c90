// Package source finds the provider of an address: in the operator's file
// ([Index]), among the built-ins, by a domain's mail exchanger ([MX]), each
// asked in turn ([Chain]).
package source
