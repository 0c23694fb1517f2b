package migrations

// The steps of a plan, and the line that describes each.

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Kind is what a [Step] does.
type Kind int

const (
	// Migrate applies a migration. The steps that follow it are its parts.
	Migrate Kind = iota
	// Create gives a class an empty namespace.
	Create
	// Adopt gives a class a namespace that is older than the ledger.
	Adopt
	// Rename gives the namespace of one class to another name.
	Rename
	// Delete hides a class's namespace. Its data stays on disk.
	Delete
	// Purge moves a deleted class's data to the trash folder.
	Purge
	// Transfer takes a namespace over from another Worker.
	Transfer
)

// kinds are the names of the kinds, and their verbs in a plan and after it.
var kinds = [...]struct{ name, plan, done string }{
	{"migrate", "Apply", "Applied"},
	{"create", "Create", "Created"},
	{"adopt", "Adopt", "Adopted"},
	{"rename", "Rename", "Renamed"},
	{"delete", "Delete", "Deleted"},
	{"purge", "Move", "Moved"},
	{"transfer", "Take", "Took"},
}

// String is the kind's name in lower case.
func (k Kind) String() string { return kinds[k].name }

// Step is one thing that applying a [Plan] does.
type Step struct {
	Kind Kind
	// Tag is the tag of the migration, "" for exports.
	Tag string
	// Class is the class, by its new name if it is renamed.
	Class string
	// From is the old class name of a rename or transfer.
	From string
	// Script is the Worker that had a transferred class.
	Script string
	// Storage is [SQLite] or [KV].
	Storage string
	// Key is the namespace's unique key.
	Key string
	// Folder holds the data, "" if there is none. A purge moves the data to it.
	Folder string
	Place  diagnostic.Place

	what   string // of a migration: its lists, in one line
	purged bool   // of a deletion: the same plan moves the data to the trash
}

// String describes the step in one line, after it has been done.
func (s Step) String() string { return kinds[s.Kind].done + " " + s.object() }

// Planned describes the step in one line, before it is done.
func (s Step) Planned() string { return kinds[s.Kind].plan + " " + s.object() }

// object is the line after its verb.
func (s Step) object() string {
	switch s.Kind {
	case Migrate:
		return fmt.Sprintf("migration %s: %s", s.Tag, s.what)
	case Create:
		return fmt.Sprintf("Durable Object class %s (%s)", s.Class, s.Storage)
	case Adopt:
		return fmt.Sprintf("the existing data of Durable Object class %s in %s", s.Class, s.Folder)
	case Rename:
		return fmt.Sprintf("Durable Object class %s to %s (data kept)", s.From, s.Class)
	case Delete:
		if s.Folder == "" || s.purged {
			return fmt.Sprintf("Durable Object class %s", s.Class)
		}
		return fmt.Sprintf("Durable Object class %s; its data stays in %s until --purge", s.Class, s.Folder)
	case Purge:
		return fmt.Sprintf("the data of deleted Durable Object class %s to %s", s.Class, s.Folder)
	default:
		return fmt.Sprintf("Durable Object class %s over from Worker %s (data kept)", s.Class, s.Script)
	}
}

// MarshalJSON writes a step with the name of its kind and the text of Planned.
func (s Step) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind      string `json:"kind"`
		Tag       string `json:"tag,omitempty"`
		Class     string `json:"class,omitempty"`
		From      string `json:"from,omitempty"`
		Script    string `json:"from_script,omitempty"`
		Storage   string `json:"storage,omitempty"`
		UniqueKey string `json:"unique_key,omitempty"`
		Folder    string `json:"folder,omitempty"`
		Text      string `json:"text"`
	}{s.Kind.String(), s.Tag, s.Class, s.From, s.Script, s.Storage, s.Key, s.Folder, s.Planned()})
}

// describe lists what a migration does, in the order in which it is done.
func describe(m config.Migration) string {
	var parts []string
	add := func(field string, items []string) {
		if len(items) > 0 {
			parts = append(parts, field+" ["+strings.Join(items, ", ")+"]")
		}
	}
	add("deleted_classes", record.Names(m.DeletedClasses))
	var renames, transfers []string
	for _, r := range m.RenamedClasses {
		renames = append(renames, r.From+" -> "+r.To)
	}
	for _, t := range m.TransferredClasses {
		transfers = append(transfers, t.FromScript+":"+t.From+" -> "+t.To)
	}
	add("renamed_classes", renames)
	add("transferred_classes", transfers)
	add("new_classes", record.Names(m.NewClasses))
	add("new_sqlite_classes", record.Names(m.NewSQLiteClasses))
	if parts == nil {
		return "no classes"
	}
	return strings.Join(parts, ", ")
}
