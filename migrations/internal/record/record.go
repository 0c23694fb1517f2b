// Package record is the content of a ledger: the file that lists which migrations have been
// applied to the stored state of a Worker.
package record

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/tailscale/hujson"
)

// The storage backends of a class.
const (
	SQLite = "sqlite"
	KV     = "kv"
)

// Version is the version of the file's format.
const Version = 1

// Record is the content of the file.
type Record struct {
	Version int    `json:"version"`
	Worker  string `json:"worker"`
	LastTag string `json:"last_tag,omitempty"`
	// Applied are the applied migrations in their order.
	Applied []Applied `json:"applied,omitempty"`
	// Classes are the classes that the applied migrations have made.
	Classes map[string]Namespace `json:"classes"`
	// Tombstones are deleted classes. Their keys are never used again.
	Tombstones []Tombstone `json:"tombstones,omitempty"`
	// Aside are the namespaces of another branch, whose migrations are not among the applied.
	Aside []Namespace `json:"aside,omitempty"`
}

// Applied is a migration that has been applied.
type Applied struct {
	Index     int       `json:"index"`
	Tag       string    `json:"tag"`
	SHA256    string    `json:"sha256"`
	Step      Step      `json:"step"`
	AppliedAt time.Time `json:"applied_at"`
}

// Namespace is where a class keeps its data. Whatever the class is called now, its namespace is
// found by the name and the tag with which it was created.
type Namespace struct {
	Storage         string `json:"storage"`
	UniqueKey       string `json:"unique_key"`
	CreatedAs       string `json:"created_as"`
	CreatedByTag    string `json:"created_by_tag,omitempty"`
	TransferredFrom string `json:"transferred_from,omitempty"`
}

// Tombstone is a deleted class.
type Tombstone struct {
	Class string `json:"class"`
	Namespace
	DeletedByTag string    `json:"deleted_by_tag,omitempty"`
	DeletedAt    time.Time `json:"deleted_at"`
}

// Step is a migration in canonical form: without its tag, and with each list sorted whose
// order has no meaning.
type Step config.Migration

// StepOf returns the canonical form of a migration.
func StepOf(m config.Migration) Step {
	m.Tag = ""
	for _, classes := range []*[]config.ClassRef{&m.NewClasses, &m.NewSQLiteClasses, &m.DeletedClasses} {
		*classes = slices.Clone(*classes)
		slices.SortFunc(*classes, func(a, b config.ClassRef) int { return cmp.Compare(a.Name, b.Name) })
	}
	return Step(m)
}

// Names are the names of classes.
func Names(refs []config.ClassRef) []string {
	var names []string
	for _, r := range refs {
		names = append(names, r.Name)
	}
	return names
}

// Text is the step as canonical JSON.
func (s Step) Text() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a struct of strings always encodes
	}
	return strings.TrimSpace(b.String())
}

// Sum is the SHA-256 of the text, by which an edit of an applied step is noticed.
func (s Step) Sum() string {
	sum := sha256.Sum256([]byte(s.Text()))
	return hex.EncodeToString(sum[:])
}

// Clone copies the record, as deep as a plan changes it.
func (r *Record) Clone() *Record {
	c := *r
	c.Applied = slices.Clone(r.Applied)
	c.Tombstones = slices.Clone(r.Tombstones)
	c.Aside = slices.Clone(r.Aside)
	c.Classes = map[string]Namespace{}
	maps.Copy(c.Classes, r.Classes)
	return &c
}

// Empty reports whether the record holds nothing.
func (r *Record) Empty() bool {
	return len(r.Applied) == 0 && len(r.Classes) == 0 && len(r.Tombstones) == 0 && len(r.Aside) == 0
}

// Namespaces are all namespaces: of the classes, of the deleted classes, and those aside.
func (r *Record) Namespaces() []Namespace {
	var all []Namespace
	for _, class := range slices.Sorted(maps.Keys(r.Classes)) {
		all = append(all, r.Classes[class])
	}
	for _, t := range r.Tombstones {
		all = append(all, t.Namespace)
	}
	return append(all, r.Aside...)
}

// Encode is the text of the file. Decode reads it back unchanged.
func (r *Record) Encode() []byte {
	if r.Classes == nil {
		r = r.Clone() // makes the map, for {} and not null
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic(err) // no value of record fails to encode
	}
	return append(b, '\n')
}

// validate refuses a file whose parts contradict each other.
func (r *Record) validate(root *hujson.Value) error {
	tag, tags := "", map[string]bool{}
	applied := elements(root.Find("/applied"))
	for i, a := range r.Applied {
		if a.Tag == "" {
			return wrong(applied[i].Find("/tag"), "applied[%d] has no tag", i)
		}
		if a.SHA256 != a.Step.Sum() {
			return wrong(applied[i].Find("/sha256"), "the sha256 of applied migration %q is not that of its step", a.Tag)
		}
		tag = a.Tag
		tags[tag] = true
	}
	if r.LastTag != tag {
		return wrong(cmp.Or(root.Find("/last_tag"), root), "last_tag is %q and the last applied migration is %q", r.LastTag, tag)
	}
	classes := root.Find("/classes")
	if live := r.live(); classes == nil && (len(live) > 0 || len(r.Tombstones)+len(r.Aside) == 0) {
		text := "\"classes\" is missing: expected an object with the namespace of each live class, {} if there is none"
		if len(live) > 0 {
			text += "; the applied migrations have made " + strings.Join(live, ", ")
		}
		return wrong(root, "%s", text)
	}
	keys := map[string]bool{}
	check := func(at *hujson.Value, class string, ns Namespace) error {
		key := at.Find("/unique_key")
		switch {
		case class == "" || ns.CreatedAs == "":
			return wrong(at, "a class of key %q has no name", ns.UniqueKey)
		case ns.Storage != SQLite && ns.Storage != KV:
			return wrong(at.Find("/storage"), "class %s has storage %q; expected %q or %q", class, ns.Storage, SQLite, KV)
		case !folder.PlainName(ns.UniqueKey):
			return wrong(key, "class %s has unique key %q, which is not a folder's name", class, ns.UniqueKey)
		case keys[ns.UniqueKey]:
			return wrong(key, "unique key %q is there twice", ns.UniqueKey)
		}
		keys[ns.UniqueKey] = true
		return nil
	}
	for _, m := range members(classes) {
		class := m.Name.Value.(hujson.Literal).String()
		ns := r.Classes[class]
		if err := check(&m.Value, class, ns); err != nil {
			return err
		}
		if by := ns.CreatedByTag; by != "" && ns.TransferredFrom == "" && !tags[by] {
			return wrong(m.Value.Find("/created_by_tag"), "class %s was created by migration %q, which is not among the applied ones", class, by)
		}
	}
	tombstones, aside := elements(root.Find("/tombstones")), elements(root.Find("/aside"))
	for i, t := range r.Tombstones {
		if err := check(&tombstones[i], t.Class, t.Namespace); err != nil {
			return err
		}
	}
	for i, ns := range r.Aside {
		if err := check(&aside[i], ns.CreatedAs, ns); err != nil {
			return err
		}
	}
	return nil
}

// live are the classes that follow from the applied migrations.
func (r *Record) live() []string {
	live := map[string]bool{}
	for _, a := range r.Applied {
		for _, c := range a.Step.DeletedClasses {
			delete(live, c.Name)
		}
		for _, c := range a.Step.RenamedClasses {
			delete(live, c.From)
			live[c.To] = true
		}
		for _, c := range a.Step.TransferredClasses {
			live[c.To] = true
		}
		for _, c := range slices.Concat(a.Step.NewClasses, a.Step.NewSQLiteClasses) {
			live[c.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(live))
}
