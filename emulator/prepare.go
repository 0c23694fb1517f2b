package emulator

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
	"github.com/seed-36a2c969/emu/migrations"
	"github.com/seed-36a2c969/emu/migrations/folder"
)

// Refusal is the error of a world that cannot be made: the diagnostics of its configuration, its classes
// and its stored state.
type Refusal struct{ Diagnostics []diagnostic.Diagnostic }

func (r *Refusal) Error() string {
	var texts []string
	for _, d := range r.Diagnostics {
		texts = append(texts, d.Text)
	}
	return strings.Join(texts, "\n")
}

// Check checks the configuration, the classes and the migrations as [New] does, and changes nothing.
// steps are the migrations that a start would apply, a line each.
func Check(o Options) (steps []string, errs, warnings []diagnostic.Diagnostic, err error) {
	ledger, err := migrations.Open(o.Persist, o.Config.Name)
	if err != nil {
		return nil, nil, nil, err
	}
	plan := planOf(ledger, &o)
	for _, s := range plan.Steps {
		steps = append(steps, s.String())
	}
	return steps, wrong(&o, plan), plan.Warnings, nil
}

// wrong returns the errors for which a start is refused, each once.
func wrong(o *Options, plan *migrations.Plan) []diagnostic.Diagnostic {
	errs := refused(o)
	for _, d := range plan.Errors {
		if !placed(errs, d) {
			errs = append(errs, d)
		}
	}
	return errs
}

func planOf(ledger *migrations.Ledger, o *Options) *migrations.Plan {
	names := []string{}
	for _, c := range o.Classes {
		names = append(names, c.Name())
	}
	facts := migrations.Facts{
		Config: o.Config, Registered: names, Strict: o.Strict, Purge: o.Purge,
		Now: time.Now(),
	}
	if o.Clock != nil {
		facts.Now = o.Clock.Now()
	}
	return ledger.Plan(facts)
}

// identifier matches the JavaScript identifiers that a class may have as its name.
var identifier = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{Nd}_$]*$`)

// refused returns emu's own errors of a start, without those of migrations.
func refused(o *Options) []diagnostic.Diagnostic {
	list, _ := o.Config.CheckStart()
	places := map[string]driver.Place{}
	for _, c := range o.Classes {
		name, at := c.Name(), c.Place()
		if !identifier.MatchString(name) {
			list = append(list, diagnostic.Diagnostic{
				Text: fmt.Sprintf("class %q registered at %s is not a JavaScript identifier", name, at),
				Hint: "use letters, digits and _ as in class_name",
			})
		}
		if first, twice := places[name]; twice {
			list = append(list, diagnostic.Diagnostic{
				Text: fmt.Sprintf("class %s is registered twice: at %s and at %s", name, first, at),
				Hint: "remove one of the two, or give it another name",
			})
			continue
		}
		places[name] = at
	}
	for _, b := range o.Config.Bindings {
		if b.ScriptName != "" && b.ScriptName != o.Config.Name {
			continue // CheckStart has an error for it
		}
		if o.Exported {
			continue // the migrations have Wrangler's error for it
		}
		if _, ok := places[b.ClassName]; !ok {
			d := diagnostic.Diagnostic{
				Text:  fmt.Sprintf("binding %s is to class %s, which no Go code of this program registers", b.Name, b.ClassName),
				Place: b.ClassPlace, Hint: hintClasses(b.ClassName, o.Classes),
			}
			list = append(list, d)
		}
	}
	return list
}

// hintClasses names the registered classes, and the one that is probably meant.
func hintClasses(name string, classes []driver.Class) string {
	var names []string
	for _, c := range classes {
		names = append(names, c.Name())
	}
	if len(names) == 0 {
		return fmt.Sprintf("register it: durable.Register(%q, …)", name)
	}
	return diagnostic.DidYouMean(name, names, "did you mean %s? ") + "registered: " + strings.Join(names, ", ")
}

// prepare locks the stored state and applies its migrations. After an error the state is not locked.
func (w *World) prepare() (plan *migrations.Plan, err error) {
	o := &w.opts
	if w.lock, err = migrations.Take(o.Persist, o.Config.Name); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.lock.Release()
		}
	}()
	ledger, err := migrations.Open(o.Persist, o.Config.Name)
	if err != nil {
		return nil, err
	}
	plan = planOf(ledger, o)
	if errs := wrong(o, plan); len(errs) > 0 {
		return nil, &Refusal{errs}
	}
	keys := []string{}
	for _, c := range plan.Classes {
		keys = append(keys, c.UniqueKey)
		if err := w.lock.Hold(c.UniqueKey); err != nil {
			return nil, err
		}
	}
	if err := folder.CheckWrangler(o.Persist, keys); err != nil {
		return nil, err
	}
	for _, s := range plan.Steps {
		w.applied = append(w.applied, s.String())
	}
	w.warnings = plan.Warnings
	return plan, ledger.Apply(plan)
}

// placed reports whether errs has an error at d's place. For a class that no code registers both emu and
// Wrangler have one, and emu's says more.
func placed(errs []diagnostic.Diagnostic, d diagnostic.Diagnostic) bool {
	return slices.ContainsFunc(errs, func(e diagnostic.Diagnostic) bool {
		return e.Place == d.Place && d.Place != diagnostic.Place{}
	})
}

// open opens the namespaces of the plan and binds them.
func (w *World) open(plan *migrations.Plan) error {
	w.env = &env{vars: map[string]config.Var{}, namespaces: map[string]*object.Namespace{}}
	for _, v := range w.opts.Config.Vars {
		w.env.vars[v.Name] = v
	}
	for _, class := range w.opts.Classes {
		c, ok := plan.Classes[class.Name()]
		if !ok {
			continue
		}
		g := object.Config{Host: w.host, Watch: w.watch, Net: w.net, Outbound: w.outbound, Env: w.env, Class: class, Key: c.UniqueKey}
		o := storage.Options{Host: w.host, Handles: w.handles, Alarms: w.alarms, SQL: c.Storage == migrations.SQLite}
		if w.opts.Persist != "" {
			o.Dir = filepath.Join(folder.Dir(w.opts.Persist), c.UniqueKey)
		}
		n, err := object.Open(g, o)
		if err != nil {
			return err
		}
		w.classes[class.Name()] = n
		if err := w.lock.Hold(c.UniqueKey); err != nil { // its folder may be new
			return err
		}
	}
	for _, b := range w.opts.Config.Bindings {
		if n := w.classes[b.ClassName]; n != nil {
			w.env.namespaces[b.Name] = n
		}
	}
	return nil
}
