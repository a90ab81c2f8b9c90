package finding

// MaxLint is the most findings about one document.
const MaxLint = 200

// Linter collects what is wrong with a document: at most [MaxLint] findings.
type Linter struct{ Findings []Finding }

// Add adds the finding id about subject, where got was found.
func (l *Linter) Add(id, subject, got string) {
	if len(l.Findings) < MaxLint {
		l.Findings = append(l.Findings, New(id, subject).Saw(got))
	}
}

// When adds a finding if there is a fault.
func (l *Linter) When(fault bool, id, subject, got string) {
	if fault {
		l.Add(id, subject, got)
	}
}
