package migrations

// The effect of a migration on the classes. Wrangler's order within one migration is:
// deleted, renamed, transferred, new, new with SQLite.

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// fold applies migrations or exports to a record. It collects the steps of the plan, and
// its errors and warnings.
type fold struct {
	facts *Facts
	rec   *record.Record
	// ledger is the one that the plan is for. It has the folders and the other Workers.
	ledger *Ledger
	// suffixes maps the start of a unique key to its last suffix, so that the search for a
	// free one does not begin anew.
	suffixes map[string]int
	// known are namespaces without a class. A class that is created again under the same
	// name and tag gets its namespace back.
	known []record.Namespace
	// adopt means that there is no ledger. Existing folders then come from Wrangler's dev
	// command, or from an emu whose ledger was removed.
	adopt bool
	// diverged means that the history differs from the applied one and is not recorded.
	diverged bool

	steps []Step
	moves []move
	diagnostic.List
}

// move is a transferred class to remove from another Worker's ledger.
type move struct {
	worker, class, key string
}

func (f *fold) fail(place diagnostic.Place, hint, format string, args ...any) {
	f.Add(diagnostic.Errorf(place, hint, format, args...))
}

func (f *fold) warn(place diagnostic.Place, hint, format string, args ...any) {
	f.Add(diagnostic.Warningf(place, hint, format, args...))
}

// migrate applies a migration and records it.
func (f *fold) migrate(index int, m config.Migration) {
	f.steps = append(f.steps, Step{Kind: Migrate, Tag: m.Tag, Place: m.Place, what: describe(m)})
	for _, c := range m.DeletedClasses {
		f.delete(c.Name, m.Tag, c.Place)
	}
	for _, r := range m.RenamedClasses {
		f.rename(r.From, r.To, r.Place)
	}
	for _, t := range m.TransferredClasses {
		f.transfer(t, m.Tag)
	}
	for _, c := range m.NewClasses {
		f.create("new_classes", c.Name, KV, m.Tag, c.Place)
	}
	for _, c := range m.NewSQLiteClasses {
		f.create("new_sqlite_classes", c.Name, SQLite, m.Tag, c.Place)
	}
	s := record.StepOf(m)
	f.rec.Applied = append(f.rec.Applied, record.Applied{Index: index, Tag: m.Tag, SHA256: s.Sum(), Step: s, AppliedAt: f.facts.Now.UTC()})
	f.rec.LastTag = m.Tag
}

func (f *fold) delete(class, tag string, place diagnostic.Place) {
	ns, ok := f.rec.Classes[class]
	if !ok {
		f.fail(place, hintFix(f.facts.Config, "remove %q from deleted_classes", class), msgDeleteUnknown, class)
		return
	}
	delete(f.rec.Classes, class)
	f.rec.Tombstones = append(f.rec.Tombstones, record.Tombstone{Class: class, Namespace: ns, DeletedByTag: tag, DeletedAt: f.facts.Now.UTC()})
	f.steps = append(f.steps, f.step(Delete, class, ns, tag, place))
}

func (f *fold) rename(from, to string, place diagnostic.Place) {
	ns, ok := f.rec.Classes[from]
	if !ok {
		f.fail(place, hintFix(f.facts.Config, "remove the rename of %q", from), msgRenameUnknown, from)
		return
	}
	if _, taken := f.rec.Classes[to]; taken {
		f.fail(place, fmt.Sprintf("delete %s in a migration before this one, or choose another name", to), msgRenameOnto, to)
		return
	}
	delete(f.rec.Classes, from)
	s := f.step(Rename, to, ns, "", place)
	s.From = from
	// Wrangler's dev command does not move the data of a renamed class: after the rename
	// it starts an empty namespace under the new name. That one holds the newest data.
	if key := f.ledger.worker + "-" + to; key != ns.UniqueKey && f.reclaim(key) {
		if f.ledger.Exists(ns.UniqueKey) {
			f.warn(place, "", msgAdoptedRename, to, key, ns.UniqueKey)
		}
		ns.UniqueKey, s.Key = key, key
	}
	f.rec.Classes[to] = ns
	f.steps = append(f.steps, s)
}

func (f *fold) transfer(t config.Transferred, tag string) {
	if _, taken := f.rec.Classes[t.To]; taken {
		f.fail(t.Place, fmt.Sprintf("delete %s in a migration before this one, or choose another name", t.To), msgTransferOnto, t.To)
		return
	}
	f.receive(t.From, t.FromScript, t.To, SQLite, tag, t.Place)
}

// receive transfers a class from another Worker's ledger. Without its data the class
// starts empty, with a warning.
func (f *fold) receive(from, script, to, storage, tag string, place diagnostic.Place) {
	for _, k := range f.known {
		if k.TransferredFrom == script && k.CreatedAs == from && !f.live(k.UniqueKey) {
			f.put(to, k, Transfer, tag, place)
			return
		}
	}
	if peer := f.ledger.peer(script); peer != nil {
		if ns, ok := peer.rec.Classes[from]; ok && !f.taken(ns.UniqueKey) {
			ns.TransferredFrom = script
			f.moves = append(f.moves, move{script, from, ns.UniqueKey})
			f.put(to, ns, Transfer, tag, place)
			return
		}
	}
	f.warn(place, fmt.Sprintf("start %s once with the same --persist-to before this Worker", script), msgTransferNothing, from, script)
	f.add(to, storage, tag, place)
}

func (f *fold) create(field, class, storage, tag string, place diagnostic.Place) {
	if ns, ok := f.rec.Classes[class]; ok {
		// The class comes from exports. Its first migration adopts it, so that a branch
		// that still has migrations can be started.
		if ns.CreatedByTag == "" && ns.Storage == storage {
			ns.CreatedByTag = tag
			f.rec.Classes[class] = ns
			return
		}
		f.fail(place, hintFix(f.facts.Config, "remove %q from "+field, class), msgNewExisting, field, class)
		return
	}
	f.add(class, storage, tag, place)
}

// add creates a class with its namespace.
func (f *fold) add(class, storage, tag string, place diagnostic.Place) {
	ns := record.Namespace{Storage: storage, CreatedAs: class, CreatedByTag: tag}
	for _, k := range f.known {
		if k.CreatedAs == class && k.CreatedByTag == tag && !f.live(k.UniqueKey) {
			ns.UniqueKey, ns.TransferredFrom = k.UniqueKey, k.TransferredFrom
			break
		}
	}
	if ns.UniqueKey == "" {
		ns.UniqueKey = f.newKey(class)
		// Wrangler's dev command does not delete data either: a class that was deleted
		// and is created again finds its old data.
		if key := f.ledger.worker + "-" + class; !f.ledger.Exists(ns.UniqueKey) && f.reclaim(key) {
			ns.UniqueKey = key
		}
	}
	kind := Create
	if f.adopt && f.ledger.Exists(ns.UniqueKey) {
		kind = Adopt
	}
	f.put(class, ns, kind, tag, place)
}

// put gives a namespace to a class, and records the step.
func (f *fold) put(class string, ns record.Namespace, kind Kind, tag string, place diagnostic.Place) {
	f.rec.Classes[class] = ns
	f.rec.Aside = slices.DeleteFunc(f.rec.Aside, func(a record.Namespace) bool { return a.UniqueKey == ns.UniqueKey })
	f.steps = append(f.steps, f.step(kind, class, ns, tag, place))
}

// reclaim reports whether the folder of a key exists, without a ledger and without a live
// class that owns it. It removes the key from the deleted classes.
func (f *fold) reclaim(key string) bool {
	if !f.adopt || !f.ledger.Exists(key) || hasKey(slices.Collect(maps.Values(f.rec.Classes)), key) {
		return false
	}
	f.rec.Tombstones = slices.DeleteFunc(f.rec.Tombstones, func(t record.Tombstone) bool { return t.UniqueKey == key })
	return true
}

// newKey is the first of <worker>-<class>, <worker>-<class>~2, ... that no namespace has
// ever had.
func (f *fold) newKey(class string) string {
	base := f.ledger.worker + "-" + class
	key, n := base, f.suffixes[base] // a key is never free again, so all before it are taken
	if n > 0 {
		key = fmt.Sprintf("%s~%d", base, n)
	}
	for ; f.taken(key); key = fmt.Sprintf("%s~%d", base, n) {
		n = max(n+1, 2)
	}
	if f.suffixes == nil {
		f.suffixes = map[string]int{}
	}
	f.suffixes[base] = n
	return key
}

func (f *fold) taken(key string) bool {
	return f.live(key) || hasKey(f.rec.Aside, key) || hasKey(f.known, key)
}

func hasKey(all []record.Namespace, key string) bool {
	return slices.ContainsFunc(all, func(ns record.Namespace) bool { return ns.UniqueKey == key })
}

// live reports whether a class has the key, or a deleted one.
func (f *fold) live(key string) bool {
	for _, ns := range f.rec.Classes {
		if ns.UniqueKey == key {
			return true
		}
	}
	return slices.ContainsFunc(f.rec.Tombstones, func(t record.Tombstone) bool { return t.UniqueKey == key })
}

func (f *fold) step(kind Kind, class string, ns record.Namespace, tag string, place diagnostic.Place) Step {
	s := Step{Kind: kind, Class: class, Storage: ns.Storage, Key: ns.UniqueKey, Script: ns.TransferredFrom, Tag: tag, Place: place}
	if f.ledger.Exists(ns.UniqueKey) {
		s.Folder = filepath.Join(f.ledger.dir, ns.UniqueKey)
	}
	return s
}
