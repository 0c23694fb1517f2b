package migrations

// What a step of migrations does to the classes. The order within a step is
// Wrangler's: deleted, renamed, transferred, new, new with SQLite.

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// fold applies steps to a record and collects what there is to say and do.
type fold struct {
	facts *Facts
	rec   *record.Record
	dir   string
	// suffixes are the last ones given to a unique key.
	suffixes map[string]int
	// known are namespaces that a class of the same origin takes up again.
	known []record.Namespace
	// adopt is set when there was no ledger: the folders that are there are
	// what Wrangler's dev command, or an emu whose ledger is gone, left.
	adopt bool
	// diverged is set for a history that is not recorded as applied.
	diverged bool

	steps []Step
	moves []move
	errs  []diagnostic.Diagnostic
	warns []diagnostic.Diagnostic
}

// move takes a transferred class out of another Worker's ledger.
type move struct {
	worker, class, key string
}

func (f *fold) fail(place diagnostic.Place, hint, format string, args ...any) {
	f.errs = append(f.errs, diagnostic.Diagnostic{Severity: diagnostic.SeverityError, Text: fmt.Sprintf(format, args...), Place: place, Hint: hint})
}

func (f *fold) warn(place diagnostic.Place, hint, format string, args ...any) {
	f.warns = append(f.warns, diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: fmt.Sprintf(format, args...), Place: place, Hint: hint})
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
	// Wrangler's dev command does not move data in a rename: what its users
	// see lies under the new name.
	if key := f.facts.Worker + "-" + to; key != ns.UniqueKey && f.reclaim(key) {
		if f.facts.exists(ns.UniqueKey) {
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

// receive takes a class over from another Worker's ledger, or starts empty.
func (f *fold) receive(from, script, to, storage, tag string, place diagnostic.Place) {
	for _, k := range f.known {
		if k.TransferredFrom == script && k.CreatedAs == from && !f.live(k.UniqueKey) {
			f.put(to, k, Transfer, tag, place)
			return
		}
	}
	if peer := f.facts.peer(script); peer != nil {
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
		// A class that exports created is taken up by the first migration
		// that names it, so that a branch with migrations can be started.
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

// add gives a new class its namespace.
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
		// Nor does it delete data: a class that is there again has its own.
		if key := f.facts.Worker + "-" + class; !f.facts.exists(ns.UniqueKey) && f.reclaim(key) {
			ns.UniqueKey = key
		}
	}
	kind := Create
	if f.adopt && f.facts.exists(ns.UniqueKey) {
		kind = Adopt
	}
	f.put(class, ns, kind, tag, place)
}

// put makes a namespace the class's.
func (f *fold) put(class string, ns record.Namespace, kind Kind, tag string, place diagnostic.Place) {
	f.rec.Classes[class] = ns
	f.rec.Aside = slices.DeleteFunc(f.rec.Aside, func(a record.Namespace) bool { return a.UniqueKey == ns.UniqueKey })
	f.steps = append(f.steps, f.step(kind, class, ns, tag, place))
}

// reclaim reports whether, in the absence of a ledger, there is a folder that
// no live class has, and takes it from a deleted one.
func (f *fold) reclaim(key string) bool {
	if !f.adopt || !f.facts.exists(key) || hasKey(slices.Collect(maps.Values(f.rec.Classes)), key) {
		return false
	}
	f.rec.Tombstones = slices.DeleteFunc(f.rec.Tombstones, func(t record.Tombstone) bool { return t.UniqueKey == key })
	return true
}

// newKey is the first of <worker>-<class>, <worker>-<class>~2, ... that no
// namespace has or had.
func (f *fold) newKey(class string) string {
	base := f.facts.Worker + "-" + class
	key, n := base, f.suffixes[base] // keys are for life: those before it are taken
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

// live reports whether a class or a tombstone of the record has the key.
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
	if f.facts.exists(ns.UniqueKey) {
		s.Folder = filepath.Join(f.dir, ns.UniqueKey)
	}
	return s
}
