package finding

// mozillaEntries: what a mail client rejects or misreads in an autoconfig document.
func mozillaEntries() []Entry {
	return []Entry{}
}
