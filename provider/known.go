package provider

// Known says what a host name or a domain in somebody's text is: vendor is
// "microsoft" for a name of Microsoft's and "" for any other; use and why are
// set for a host that has been given up: what replaces it, and since when.
func Known(name string) (vendor, use, why string) {
	if old, ok := RetiredHosts()[name]; ok {
		return "microsoft", old.Use, old.Why
	}
	if VendorOwned(name) != "" {
		return "microsoft", "", ""
	}
	return "", "", ""
}
