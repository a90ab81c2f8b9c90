package finding

// Linter collects what is wrong with a document: at most Max findings.
type Linter struct {
	Max      int
	Findings []Finding
}

// Add adds the finding id about subject, where got was found.
func (l *Linter) Add(id, subject, got string) {
	if len(l.Findings) < l.Max {
		l.Findings = append(l.Findings, New(id, subject).Saw(got))
	}
}

// When adds a finding if there is a fault.
func (l *Linter) When(fault bool, id, subject, got string) {
	if fault {
		l.Add(id, subject, got)
	}
}
