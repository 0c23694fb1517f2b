package migrations

// The classes beside the bindings and the program: the plan is refused if a binding or an
// export does not fit the classes that the migrations leave.

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// bound are the bindings to classes of this Worker.
func bound(cfg *config.Config) []config.DurableObjectBinding {
	var own []config.DurableObjectBinding
	for _, b := range cfg.Bindings {
		if b.ScriptName == "" || b.ScriptName == cfg.Name && b.Environment == "" {
			own = append(own, b)
		}
	}
	return own
}

// binding returns the first binding to a class.
func binding(cfg *config.Config, class string) (config.DurableObjectBinding, bool) {
	own := bound(cfg)
	i := slices.IndexFunc(own, func(b config.DurableObjectBinding) bool { return b.ClassName == class })
	if i < 0 {
		return config.DurableObjectBinding{}, false
	}
	return own[i], true
}

// checkDeletedBound refuses to delete a class that is still bound.
func (p *planner) checkDeletedBound() {
	for _, s := range p.steps {
		if s.Kind != Delete || p.diverged {
			continue
		}
		b, ok := binding(p.facts.Config, s.Class)
		if _, live := p.rec.Classes[s.Class]; !ok || live { // live: a later step creates it again
			continue
		}
		p.Add(diagnostic.Errorf(s.Place, hintFix(p.facts.Config, "remove the binding %s", b.Name), msgDeleteBound, s.Class).With(
			diagnostic.Note{Text: "the binding is here", Place: b.ClassPlace}))
	}
}

// checkImplicit refuses a bound class that no migration creates if the plan is strict, and
// warns of it otherwise. If there are no migrations at all, package config has warned already.
func (p *planner) checkImplicit() {
	cfg := p.facts.Config
	declared := len(cfg.Migrations) > 0
	for _, b := range bound(cfg) {
		if _, ok := p.rec.Classes[b.ClassName]; ok || p.deletes(b.ClassName) {
			continue
		}
		switch hint := p.hintImplicit(b.ClassName); {
		case p.facts.Strict:
			p.fail(b.ClassPlace, hint, msgNotConfigured, b.ClassName)
		case declared:
			p.warn(b.ClassPlace, hint, msgImplicit, b.ClassName)
		}
	}
}

// hintImplicit is the hint for a bound class that no migration creates. If a class that is
// created and not bound has a similar name, one of the two is mistyped.
func (p *planner) hintImplicit(class string) string {
	var created []string
	for _, name := range slices.Sorted(maps.Keys(p.rec.Classes)) {
		if _, ok := binding(p.facts.Config, name); !ok {
			created = append(created, name)
		}
	}
	exported := func(name string) bool { return slices.Contains(p.facts.Registered, name) }
	otherwise := fmt.Sprintf("add {\"tag\": \"...\", \"new_sqlite_classes\": [%q]} to migrations", class)
	near := diagnostic.Suggest(class, created)
	switch {
	case near != "" && exported(class) && !exported(near):
		return fmt.Sprintf("migrations create %s: did you mean %s there?", near, class)
	case near != "":
		return fmt.Sprintf("did you mean %s, which migrations create?", near)
	case p.facts.Registered != nil && !exported(class):
		otherwise = cmp.Or(diagnostic.DidYouMean(class, p.facts.Registered, "did you mean %s, which the program exports?"), otherwise)
	}
	return otherwise
}

// deletes reports whether the plan deletes a class.
func (p *planner) deletes(class string) bool {
	return !p.diverged && slices.ContainsFunc(p.steps, func(s Step) bool { return s.Kind == Delete && s.Class == class })
}

// checkExported refuses bound classes that the program does not export. Other classes without
// an export are refused by a strict plan.
func (p *planner) checkExported() {
	if p.facts.Registered == nil {
		return
	}
	exported := func(class string) bool { return slices.Contains(p.facts.Registered, class) }
	cfg := p.facts.Config
	var missing []string
	var notes []diagnostic.Note
	for _, b := range bound(cfg) {
		if !exported(b.ClassName) {
			missing = append(missing, b.ClassName)
			notes = append(notes, diagnostic.Note{Text: "bound as " + b.Name, Place: b.ClassPlace})
		}
	}
	if missing != nil {
		hint := p.hintExport(missing[0], fmt.Sprintf("durable.Register(%q, ...)", missing[0]))
		p.Add(diagnostic.Errorf(notes[0].Place, hint, msgNotExported, strings.Join(missing, ", "), entrypoint(cfg)).With(notes[1:]...))
	}
	for _, class := range slices.Sorted(maps.Keys(p.rec.Classes)) {
		if exported(class) || slices.Contains(missing, class) {
			continue
		}
		i := slices.IndexFunc(p.steps, func(s Step) bool {
			return s.Class == class && (s.Kind == Create || s.Kind == Adopt)
		})
		if i >= 0 {
			p.problem(diagnostic.Errorf(p.steps[i].Place, p.hintExport(class, "export the class from the program"), msgNewNotExported, class))
			continue
		}
		hint := p.hintExport(class, fmt.Sprintf("export the class, or add a migration with \"deleted_classes\": [%q]", class))
		p.problem(diagnostic.Errorf(lifecyclePlace(cfg, class), hint, msgClassGone, class))
	}
}

// hintExport suggests an exported class that no migration creates, if its name is similar to
// that of the missing one.
func (p *planner) hintExport(class, otherwise string) string {
	var free []string
	for _, name := range p.facts.Registered {
		if _, created := p.rec.Classes[name]; !created {
			free = append(free, name)
		}
	}
	return diagnostic.DidYouMean(class, free, "did you mean %s, which the program exports? or ") + otherwise
}

// entrypoint is main, relative to the folder of the configuration.
func entrypoint(cfg *config.Config) string {
	if rel, err := filepath.Rel(filepath.Dir(cfg.Path), cfg.Main); err == nil && cfg.Path != "" && cfg.Main != "" {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(cfg.Main)
}

// classes are the classes of the plan: the live ones, and those that are bound without a
// migration.
func (p *planner) classes() map[string]Class {
	all := map[string]Class{}
	for name, ns := range p.rec.Classes {
		all[name] = Class{Name: name, Storage: ns.Storage, UniqueKey: ns.UniqueKey, Tag: ns.CreatedByTag}
	}
	for _, e := range p.facts.Config.Exports {
		if c, ok := all[e.ClassName]; ok && isLive(e) && !p.facts.Strict {
			c.Storage = storageOf(e) // declare has warned that the data cannot move
			all[e.ClassName] = c
		}
	}
	for _, b := range bound(p.facts.Config) {
		if _, ok := all[b.ClassName]; !ok {
			all[b.ClassName] = Class{Name: b.ClassName, Storage: KV, UniqueKey: p.implicitKey(b.ClassName)}
		}
	}
	return all
}

// implicitKey is the key of a class that no migration creates. On a branch from before the
// migration that creates it, the key is that of the migration: the data is the same.
func (p *planner) implicitKey(class string) string {
	if p.diverged {
		for _, ns := range p.known {
			if ns.CreatedAs == class && !p.inUse(ns.UniqueKey) {
				return ns.UniqueKey
			}
		}
	}
	return p.newKey(class)
}

// lifecyclePlace is the place for an error about the life of a class: its export, or the
// list of migrations.
func lifecyclePlace(cfg *config.Config, class string) diagnostic.Place {
	for _, e := range cfg.Exports {
		if e.ClassName == class {
			return e.Place
		}
	}
	if len(cfg.Migrations) > 0 {
		return cfg.MigrationsPlace
	}
	return diagnostic.Place{File: cfg.File}
}
