package diagnostic

// List holds errors and warnings, each in the order in which they were found.
type List struct {
	Errors, Warnings []Diagnostic
}

// Add adds a diagnostic to the errors or to the warnings, by its severity.
func (l *List) Add(d Diagnostic) {
	if d.Severity == SeverityError {
		l.Errors = append(l.Errors, d)
	} else {
		l.Warnings = append(l.Warnings, d)
	}
}
