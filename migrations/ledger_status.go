package migrations

// The content of a ledger, for a user who looks for data.

import (
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Status is the content of a [Ledger].
type Status struct {
	LastTag string `json:"last_tag,omitempty"`
	// Classes are the live classes by name.
	Classes []Stored `json:"classes"`
	// Deleted are the deleted classes in the order of their deletion.
	Deleted []Stored `json:"deleted"`
	// Aside are classes of another branch, whose list of migrations was never recorded.
	Aside []Stored `json:"aside"`
}

// Stored is a class with the folder of its data.
type Stored struct {
	Class     string `json:"class"`
	Storage   string `json:"storage"` // [SQLite] or [KV]
	UniqueKey string `json:"unique_key"`
	// CreatedByTag and DeletedByTag are tags of migrations, "" for exports.
	CreatedByTag string     `json:"created_by_tag,omitempty"`
	DeletedByTag string     `json:"deleted_by_tag,omitempty"`
	DeletedAt    *time.Time `json:"deleted_at,omitempty"`
	// Folder holds the data, "" if none is stored.
	Folder string `json:"folder,omitempty"`
	// Trash are the folders to which purges have moved data of this class.
	Trash []string `json:"trash,omitempty"`
}

// Status returns the content of the ledger and the folders of the data. It fails if the
// trash folder cannot be read.
func (l *Ledger) Status() (*Status, error) {
	trash, err := folder.Trashed(l.dir)
	if err != nil {
		return nil, err
	}
	stored := func(class string, ns record.Namespace) Stored {
		s := Stored{Class: class, Storage: ns.Storage, UniqueKey: ns.UniqueKey, CreatedByTag: ns.CreatedByTag, Trash: trash[ns.UniqueKey]}
		if l.Exists(ns.UniqueKey) {
			s.Folder = filepath.Join(l.dir, ns.UniqueKey)
		}
		return s
	}
	st := &Status{LastTag: l.rec.LastTag, Classes: []Stored{}, Deleted: []Stored{}, Aside: []Stored{}}
	for _, class := range slices.Sorted(maps.Keys(l.rec.Classes)) {
		st.Classes = append(st.Classes, stored(class, l.rec.Classes[class]))
	}
	for _, t := range l.rec.Tombstones {
		s := stored(t.Class, t.Namespace)
		s.DeletedByTag, s.DeletedAt = t.DeletedByTag, &t.DeletedAt
		st.Deleted = append(st.Deleted, s)
	}
	for _, ns := range l.rec.Aside {
		st.Aside = append(st.Aside, stored(ns.CreatedAs, ns))
	}
	return st, nil
}
