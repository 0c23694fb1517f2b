package diagnostic

// List gathers diagnostics in the order in which they are found.
type List struct {
	Errors, Warnings []Diagnostic
}

// Add puts a diagnostic where its severity belongs.
func (l *List) Add(d Diagnostic) {
	if d.Severity == SeverityError {
		l.Errors = append(l.Errors, d)
	} else {
		l.Warnings = append(l.Warnings, d)
	}
}
