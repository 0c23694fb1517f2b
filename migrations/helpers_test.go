package migrations

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// option makes a part of a configuration.
type option func(*config.Config)

// conf is the configuration of Worker w.
func conf(options ...option) *config.Config {
	cfg := &config.Config{Path: "/p/wrangler.jsonc", File: "/p/wrangler.jsonc", Main: "/p/src/worker.go", Name: "w", NameGiven: true, MigrationsPlace: diagnostic.Place{File: "/p/wrangler.jsonc", Line: 8}}
	for _, o := range options {
		o(cfg)
	}
	return cfg
}

func refs(names string, line int) []config.ClassRef {
	var r []config.ClassRef
	for _, n := range strings.Fields(names) {
		r = append(r, config.ClassRef{Name: n, Place: diagnostic.Place{File: "/p/wrangler.jsonc", Line: line, Column: len(r) + 1}})
	}
	return r
}

// with adds a migration. Each change is a letter, a colon and classes:
// n(ew), s(qlite), d(eleted), r(enamed) A>B, t(ransferred) script:A>B.
func with(tag string, changes ...string) option {
	return func(cfg *config.Config) {
		line := 10 * (len(cfg.Migrations) + 1)
		m := config.Migration{Tag: tag, Place: diagnostic.Place{File: cfg.Path, Line: line}}
		for _, c := range changes {
			kind, rest, _ := strings.Cut(c, ":")
			switch kind {
			case "n":
				m.NewClasses = refs(rest, line+1)
			case "s":
				m.NewSQLiteClasses = refs(rest, line+2)
			case "d":
				m.DeletedClasses = refs(rest, line+3)
			case "r":
				for _, pair := range strings.Fields(rest) {
					from, to, _ := strings.Cut(pair, ">")
					m.RenamedClasses = append(m.RenamedClasses, config.Rename{From: from, To: to, Place: diagnostic.Place{File: cfg.Path, Line: line + 4}})
				}
			case "t":
				script, pair, _ := strings.Cut(rest, ":")
				from, to, _ := strings.Cut(pair, ">")
				m.TransferredClasses = append(m.TransferredClasses, config.Transferred{From: from, FromScript: script, To: to, Place: diagnostic.Place{File: cfg.Path, Line: line + 5}})
			default:
				panic(c)
			}
		}
		cfg.Migrations = append(cfg.Migrations, m)
	}
}

// bind binds classes under their names in capitals.
func bind(classes ...string) option {
	return func(cfg *config.Config) {
		for _, c := range classes {
			cfg.Bindings = append(cfg.Bindings, config.DurableObjectBinding{
				Name: strings.ToUpper(c), ClassName: c,
				ClassPlace: diagnostic.Place{File: cfg.Path, Line: 5, Column: len(cfg.Bindings) + 1},
			})
		}
	}
}

// export declares a class: "" or a storage is a live one, ">B" a renamed one,
// "<script" an expected one, "deleted" a deleted one.
func export(class, what string) option {
	return func(cfg *config.Config) {
		e := config.Export{ClassName: class, State: "created", Storage: "sqlite", Place: diagnostic.Place{File: cfg.Path, Line: 70 + len(cfg.Exports)}}
		switch {
		case what == "deleted":
			e.State, e.Storage = what, ""
		case strings.HasPrefix(what, ">"):
			e.State, e.Storage, e.RenamedTo = "renamed", "", what[1:]
		case strings.HasPrefix(what, "<"):
			e.State, e.TransferFrom = "expecting-transfer", what[1:]
		case what != "":
			e.Storage = what
		}
		cfg.Exports = append(cfg.Exports, e)
	}
}

// start plans and applies, as a start of the dev command does.
func start(t *testing.T, l *Ledger, cfg *config.Config, more ...func(*Facts)) *Plan {
	t.Helper()
	f := Facts{Config: cfg, Now: now}
	for _, m := range more {
		m(&f)
	}
	p := l.Plan(f)
	if len(p.Errors) == 0 {
		if err := l.Apply(p); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func memory(t *testing.T, worker string) *Ledger {
	t.Helper()
	l, err := Open("", worker)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// show is the class map as Name=storage:key pairs in order.
func show(classes map[string]Class) string {
	var all []string
	for name, c := range classes {
		if c.Name != name {
			all = append(all, "class "+c.Name+" under "+name)
		}
		all = append(all, fmt.Sprintf("%s=%s:%s", name, c.Storage, c.UniqueKey))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func lines(steps []Step) string {
	var all []string
	for _, s := range steps {
		all = append(all, s.String())
	}
	return strings.Join(all, "\n")
}

func texts(ds []diagnostic.Diagnostic) string {
	var all []string
	for _, d := range ds {
		all = append(all, d.Text)
	}
	return strings.Join(all, "\n")
}
