package emucmd

import (
	"fmt"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
)

// Escapes of the text and the properties of a GitHub Actions workflow command.
var (
	annotationText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotation is a diagnostic as a workflow command, which GitHub shows beside the line.
//
// Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func annotation(d diagnostic.Diagnostic) string {
	kind := "error"
	if d.Severity != diagnostic.SeverityError {
		kind = "warning"
	}
	var at []string
	if d.Place.File != "" {
		at = append(at, "file="+annotationProperty.Replace(terminal.Line(d.Place.File)))
	}
	if d.Place.Line > 0 {
		at = append(at, fmt.Sprintf("line=%d,col=%d", d.Place.Line, d.Place.Column))
	}
	text := d.Text
	if d.Hint != "" {
		text += "\nhint: " + d.Hint
	}
	text = terminal.Text(text)
	if at == nil {
		return "::" + kind + "::" + annotationText.Replace(text)
	}
	return "::" + kind + " " + strings.Join(at, ",") + "::" + annotationText.Replace(text)
}
