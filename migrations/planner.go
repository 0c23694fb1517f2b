package migrations

// The effect of one migration on the classes, and the steps that are refused because they
// are impossible. Within a migration Wrangler's order is: deleted, renamed, transferred, new,
// new with SQLite.

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// planner applies migrations, or the field exports, to a copy of the record. It collects the
// steps of the plan, and its errors and warnings. An error refuses the whole plan.
type planner struct {
	facts *Facts
	rec   *record.Record
	// ledger is the one to plan for. It knows which folders exist, and the other Workers.
	ledger *Ledger
	// suffixes maps a unique key without its suffix to the last suffix given out. Without it
	// the search for a free key takes time that grows with the square of the classes.
	suffixes map[string]int
	// known are namespaces without a class. A class that is created again under the same name
	// and tag takes its old namespace, so a change of branch loses no data.
	known []record.Namespace
	// noLedger means that nothing has been recorded yet. Existing folders then come from Wrangler's
	// dev command, or from an emu whose ledger was removed.
	noLedger bool
	// diverged means that the list differs from the applied one and is not recorded.
	diverged bool

	steps []Step
	moves []move
	diagnostic.List
}

// move is a class that this Worker takes over: applying the plan removes it from the ledger
// of the other one.
type move struct {
	worker, class, key string
}

// fail refuses the plan.
func (p *planner) fail(place diagnostic.Place, hint, format string, args ...any) {
	p.Add(diagnostic.Errorf(place, hint, format, args...))
}

func (p *planner) warn(place diagnostic.Place, hint, format string, args ...any) {
	p.Add(diagnostic.Warningf(place, hint, format, args...))
}

// migrate applies one migration, and records it as applied.
func (p *planner) migrate(index int, m config.Migration) {
	p.steps = append(p.steps, Step{Kind: Migrate, Tag: m.Tag, Place: m.Place, what: describe(m)})
	for _, c := range m.DeletedClasses {
		p.delete(c.Name, m.Tag, c.Place)
	}
	for _, r := range m.RenamedClasses {
		p.rename(r.From, r.To, r.Place)
	}
	for _, t := range m.TransferredClasses {
		p.transfer(t, m.Tag)
	}
	for _, c := range m.NewClasses {
		p.create("new_classes", c.Name, KV, m.Tag, c.Place)
	}
	for _, c := range m.NewSQLiteClasses {
		p.create("new_sqlite_classes", c.Name, SQLite, m.Tag, c.Place)
	}
	s := record.StepOf(m)
	p.rec.Applied = append(p.rec.Applied, record.Applied{Index: index, Tag: m.Tag, SHA256: s.Sum(), Step: s, AppliedAt: p.facts.Now.UTC()})
	p.rec.LastTag = m.Tag
}

// delete hides a class. Its data stays, under a key that no other class gets.
func (p *planner) delete(class, tag string, place diagnostic.Place) {
	ns, ok := p.rec.Classes[class]
	if !ok {
		p.fail(place, hintFix(p.facts.Config, "remove %q from deleted_classes", class), msgDeleteUnknown, class)
		return
	}
	delete(p.rec.Classes, class)
	p.rec.Tombstones = append(p.rec.Tombstones, record.Tombstone{Class: class, Namespace: ns, DeletedByTag: tag, DeletedAt: p.facts.Now.UTC()})
	p.steps = append(p.steps, p.step(Delete, class, ns, tag, place))
}

// rename gives the namespace of a class to another name.
func (p *planner) rename(from, to string, place diagnostic.Place) {
	ns, ok := p.rec.Classes[from]
	if !ok {
		p.fail(place, hintFix(p.facts.Config, "remove the rename of %q", from), msgRenameUnknown, from)
		return
	}
	if _, taken := p.rec.Classes[to]; taken {
		p.fail(place, fmt.Sprintf("delete %s in a migration before this one, or choose another name", to), msgRenameOnto, to)
		return
	}
	delete(p.rec.Classes, from)
	s := p.step(Rename, to, ns, "", place)
	s.From = from
	// Wrangler's dev command leaves the data of a renamed class where it is, and starts an
	// empty namespace under the new name. If that one exists, it holds the newest data.
	if key := p.ledger.worker + "-" + to; key != ns.UniqueKey && p.reclaim(key) {
		if p.ledger.Exists(ns.UniqueKey) {
			p.warn(place, "", msgAdoptedRename, to, key, ns.UniqueKey)
		}
		ns.UniqueKey, s.Key = key, key
	}
	p.rec.Classes[to] = ns
	p.steps = append(p.steps, s)
}

// transfer applies an element of transferred_classes.
func (p *planner) transfer(t config.Transferred, tag string) {
	if _, taken := p.rec.Classes[t.To]; taken {
		p.fail(t.Place, fmt.Sprintf("delete %s in a migration before this one, or choose another name", t.To), msgTransferOnto, t.To)
		return
	}
	p.takeOver(t.From, t.FromScript, t.To, SQLite, tag, t.Place)
}

// takeOver moves the namespace of another Worker's class to a class of this one. If the other
// Worker has stored none, the class starts empty, with a warning.
func (p *planner) takeOver(from, script, to, storage, tag string, place diagnostic.Place) {
	for _, k := range p.known {
		if k.TransferredFrom == script && k.CreatedAs == from && !p.inUse(k.UniqueKey) {
			p.assign(to, k, Transfer, tag, place)
			return
		}
	}
	if peer := p.ledger.peer(script); peer != nil {
		if ns, ok := peer.rec.Classes[from]; ok && !p.taken(ns.UniqueKey) {
			ns.TransferredFrom = script
			p.moves = append(p.moves, move{script, from, ns.UniqueKey})
			p.assign(to, ns, Transfer, tag, place)
			return
		}
	}
	p.warn(place, fmt.Sprintf("start %s once with the same --persist-to before this Worker", script), msgTransferNothing, from, script)
	p.add(to, storage, tag, place)
}

// create applies an element of new_classes or new_sqlite_classes.
func (p *planner) create(field, class, storage, tag string, place diagnostic.Place) {
	if ns, ok := p.rec.Classes[class]; ok {
		// The field exports created the class. The first migration that names it takes it
		// over, so that a branch that still has migrations can be started.
		if ns.CreatedByTag == "" && ns.Storage == storage {
			ns.CreatedByTag = tag
			p.rec.Classes[class] = ns
			return
		}
		p.fail(place, hintFix(p.facts.Config, "remove %q from "+field, class), msgNewExisting, field, class)
		return
	}
	p.add(class, storage, tag, place)
}

// add creates a class, with a namespace of its own.
func (p *planner) add(class, storage, tag string, place diagnostic.Place) {
	ns := record.Namespace{Storage: storage, CreatedAs: class, CreatedByTag: tag}
	for _, k := range p.known {
		if k.CreatedAs == class && k.CreatedByTag == tag && !p.inUse(k.UniqueKey) {
			ns.UniqueKey, ns.TransferredFrom = k.UniqueKey, k.TransferredFrom
			break
		}
	}
	if ns.UniqueKey == "" {
		ns.UniqueKey = p.newKey(class)
		// Under Wrangler's dev command a class that was deleted and is created again has its
		// old data, in the folder without a suffix.
		if key := p.ledger.worker + "-" + class; !p.ledger.Exists(ns.UniqueKey) && p.reclaim(key) {
			ns.UniqueKey = key
		}
	}
	kind := Create
	if p.noLedger && p.ledger.Exists(ns.UniqueKey) {
		kind = Adopt
	}
	p.assign(class, ns, kind, tag, place)
}

// assign gives a namespace to a class, and adds the step to the plan.
func (p *planner) assign(class string, ns record.Namespace, kind Kind, tag string, place diagnostic.Place) {
	p.rec.Classes[class] = ns
	p.rec.Aside = slices.DeleteFunc(p.rec.Aside, func(a record.Namespace) bool { return a.UniqueKey == ns.UniqueKey })
	p.steps = append(p.steps, p.step(kind, class, ns, tag, place))
}

// reclaim reports whether a folder of Wrangler's can be used: there is no ledger, the folder
// of the key exists, and no live class has it. The key then no longer counts as deleted.
func (p *planner) reclaim(key string) bool {
	if !p.noLedger || !p.ledger.Exists(key) || hasKey(slices.Collect(maps.Values(p.rec.Classes)), key) {
		return false
	}
	p.rec.Tombstones = slices.DeleteFunc(p.rec.Tombstones, func(t record.Tombstone) bool { return t.UniqueKey == key })
	return true
}

// newKey is the first of <worker>-<class>, <worker>-<class>~2, … that no namespace has had.
func (p *planner) newKey(class string) string {
	base := p.ledger.worker + "-" + class
	key, n := base, p.suffixes[base] // no key becomes free again, so all before this one are taken
	if n > 0 {
		key = fmt.Sprintf("%s~%d", base, n)
	}
	for ; p.taken(key); key = fmt.Sprintf("%s~%d", base, n) {
		n = max(n+1, 2)
	}
	if p.suffixes == nil {
		p.suffixes = map[string]int{}
	}
	p.suffixes[base] = n
	return key
}

// taken reports whether any namespace has the key, with a class or without.
func (p *planner) taken(key string) bool {
	return p.inUse(key) || hasKey(p.rec.Aside, key) || hasKey(p.known, key)
}

// hasKey reports whether one of some namespaces has the key.
func hasKey(all []record.Namespace, key string) bool {
	return slices.ContainsFunc(all, func(ns record.Namespace) bool { return ns.UniqueKey == key })
}

// inUse reports whether a class has the key, live or deleted.
func (p *planner) inUse(key string) bool {
	for _, ns := range p.rec.Classes {
		if ns.UniqueKey == key {
			return true
		}
	}
	return slices.ContainsFunc(p.rec.Tombstones, func(t record.Tombstone) bool { return t.UniqueKey == key })
}

// step makes a step about a class and its namespace.
func (p *planner) step(kind Kind, class string, ns record.Namespace, tag string, place diagnostic.Place) Step {
	s := Step{Kind: kind, Class: class, Storage: ns.Storage, Key: ns.UniqueKey, Script: ns.TransferredFrom, Tag: tag, Place: place}
	if p.ledger.Exists(ns.UniqueKey) {
		s.Folder = filepath.Join(p.ledger.dir, ns.UniqueKey)
	}
	return s
}
