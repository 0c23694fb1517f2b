package config

// Errors that Wrangler's reader does not find and its dev command does.

import "github.com/seed-36a2c969/emu/config/diagnostic"

// CheckStart returns the errors and warnings of a start that do not depend on the program.
// Those about its classes and the stored state are package emulator's.
func (c *Config) CheckStart() (errs, warnings []diagnostic.Diagnostic) {
	errs, warnings = c.checkCompatibility(today())
	for _, b := range c.Bindings {
		if b.ScriptName != "" && b.ScriptName != c.Name {
			errs = append(errs, diagnostic.Errorf(b.Place, "remove script_name and register the class in this program",
				"binding %s is to class %s of another Worker, %s; emu runs one Worker", b.Name, b.ClassName, b.ScriptName))
		}
	}
	for _, s := range c.Services {
		if s.Service != c.Name {
			errs = append(errs, diagnostic.Errorf(s.Place, "remove the service binding from the configuration or environment that emu runs",
				"binding %s is to another Worker, %s; emu runs one Worker", s.Name, s.Service))
		}
	}
	return errs, warnings
}
