package emulator

// https://developers.cloudflare.com/workers/runtime-apis/bindings/

import (
	"maps"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
)

// env holds a world's bindings.
type env struct {
	vars       map[string]config.Var
	namespaces map[string]*object.Namespace // by binding
}

// Var returns a variable or secret.
func (e *env) Var(name string) (text string, isText bool, json []byte, ok bool) {
	v, ok := e.vars[name]
	return v.Text, v.IsText, v.JSON, ok
}

// Names returns the names of the variables and bindings, in order.
func (e *env) Names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(e.vars)), maps.Keys(e.namespaces))
	slices.Sort(names)
	return slices.Compact(names)
}

// Namespace returns the namespace of a binding.
func (e *env) Namespace(binding string) (driver.Namespace, bool) {
	n, ok := e.namespaces[binding]
	if !ok {
		return nil, false
	}
	return n, true
}
